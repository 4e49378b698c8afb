"""The two live pages as a person sees them in Chromium."""

from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from apps.bots.models import Bot
from tests.browser.conftest import Publish
from tests.browser.looks import LOOKS
from tests.browser.person import Person
from tests.browser.scene import BOTS, Scene

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.servers,
    pytest.mark.browser,
]


def test_both_pages_look_right_on_every_screen_and_ask_nobody_else(
    person: Person, scene: Scene, album: Path
) -> None:
    grounds = set()
    for page, path in (("fleet", "/"), ("bot", f"/bots/{scene.bots[0].number}/")):
        for look, screen in LOOKS.items():
            person.look(**screen)
            person.go(path)
            person.until(person.is_live)
            person.picture(album / f"{page}-{look}.png")
            grounds.add(
                person.script("return getComputedStyle(document.body.parentNode).backgroundColor")
            )

            wide = person.script("return document.documentElement.scrollWidth")
            assert wide <= screen["width"], f"{page} scrolls sideways on {look}"
            if page == "bot":
                person.until(partial(_fills_its_card, person, "#candles"))
                person.until(partial(_fills_its_card, person, "#equity"))
    assert len(grounds) == 2
    assert person.console() == []
    assert person.hosts() == {urlsplit(person.site).netloc}


def _fills_its_card(person: Person, chart: str) -> bool:
    """Drawn, and not squeezed to nothing."""
    canvas = person.script(
        "return [...document.querySelectorAll(`${arguments[0]} canvas`)]"
        ".reduce((most, one) => Math.max(most, one.getBoundingClientRect().height), 0)",
        chart,
    )
    return float(canvas) > 100


def test_the_fleet_moves_with_prices_and_heartbeats(
    person: Person, scene: Scene, publish: Publish
) -> None:
    first = f'tr[data-bot="{scene.bots[0].number}"]'
    person.go("/")
    person.until(person.is_live)
    assert person.count("table.fleet tbody tr") == len(BOTS)
    before = person.text(f'{first} [data-cell="total"]')

    publish(scene.heartbeat(prices={"BTC/USDT": 64_321.98}))

    person.until(lambda: person.text(f'{first} [data-cell="price"]') == "64,321.98")
    assert person.text(f'{first} [data-cell="total"]') != before
    assert person.text('[data-cell="trouble"][data-tone="red"]')

    publish(scene.heartbeat(status="PAUSED", reason="opens nothing"))

    person.until(lambda: "paused" in person.text(f'{first} [data-cell="status"]'))
    assert person.console() == []


def test_a_fill_and_its_line_appear_without_a_reload(
    person: Person, scene: Scene, publish: Publish
) -> None:
    person.go(f"/bots/{scene.bots[0].number}/")
    person.until(person.is_live)
    person.script("window.sameDocument = true")
    assert person.count('[data-part="fills"] tbody tr') > 0
    assert "<b>filter failure</b>" in person.text("#log")

    scene.fill(trade_id="fresh", price="61999.99")
    lines = [(scene.heartbeat().at, "INFO", "RSI 27.9 < 30: <i>bought</i>")]
    publish(scene.heartbeat(books=True, lines=lines))

    person.until(lambda: "61,999.99" in person.text('[data-part="fills"]'))
    person.until(lambda: "<i>bought</i>" in person.text("#log li"))
    assert person.script("return window.sameDocument")
    assert person.console() == []


def test_everything_can_be_done_with_keys(person: Person, scene: Scene) -> None:
    person.go("/")
    person.until(person.is_live)

    person.press("/")
    person.press("night")
    person.until(lambda: person.count("table.fleet tbody tr") == 1)
    person.script("document.activeElement.blur()")
    person.press("j", "s")
    night = scene.bots[5]
    person.until(lambda: Bot.objects.get(pk=night.pk).desired_status == "RUNNING")
    person.until(lambda: person.count("#toasts p") == 1)
    person.until(
        lambda: not person.script("return document.querySelector('[data-deed=stop]').disabled")
    )

    person.press("x")
    person.until(lambda: person.count("dialog[open]") == 1)
    person.script("document.querySelector('dialog [value=sell]').click()")
    person.script("document.querySelector('dialog button[value=stop]').click()")
    person.until(lambda: Bot.objects.get(pk=night.pk).desired_status == "STOPPED")
    assert Bot.objects.get(pk=night.pk).stop_kind == "sell"

    person.script("document.activeElement.blur()")
    person.press("j")
    person.enter()
    person.until(lambda: f"/bots/{night.number}/" in person.browser.current_url)
    assert person.console() == []


def test_a_page_cut_off_says_so_and_finds_back(person: Person, scene: Scene) -> None:
    person.go(f"/bots/{scene.bots[0].number}/")
    person.until(person.is_live)

    person.cut_off(True)
    person.until(lambda: person.text("#link-state span") == "Live updates paused")
    fill = scene.fill(trade_id="unseen", price="60777.77")
    person.cut_off(False)

    person.until(person.is_live)
    person.until(lambda: person.count(f'[data-fill="{fill.order_id}"]') == 1)
