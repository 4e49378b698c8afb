"""A backtest's report as a person sees it in Chromium, opened from a file."""

from functools import partial
from pathlib import Path

import pytest
from selenium import webdriver

from apps.research.report import render
from tests.browser.looks import LOOKS
from tests.browser.person import Person
from tests.unit.research.report_runs import drawn, portfolio_page, result_of

pytestmark = pytest.mark.browser
CHARTS = ("#candles", "#equity", "#drawdown")


@pytest.fixture
def reader(chromium: webdriver.Chrome, tmp_path: Path) -> Person:
    """Somebody who opens pages of this folder."""
    return Person(chromium, f"file://{tmp_path}")


def keep_page(folder: Path, name: str, bars: int, *, every: int) -> None:
    figures, drawing = drawn(bars, every=every)
    result = result_of(figures, warnings=["2 gaps in the bars, 35 min in all"])
    (folder / name).write_text(render(result, drawing), encoding="utf-8")


def is_drawn(reader: Person, chart: str) -> bool:
    """The chart fills its card and more than its ground is painted on it."""
    return bool(
        reader.script(
            """
            const box = document.querySelector(arguments[0]);
            const pane = [...box.querySelectorAll("canvas")].reduce((most, one) =>
                one.width * one.height > most.width * most.height ? one : most);
            if (pane.getBoundingClientRect().width < 0.6 * box.clientWidth) return false;
            const pen = pane.getContext("2d");
            const strip = pen.getImageData(pane.width / 2, 0, 60, pane.height).data;
            return new Set(new Uint32Array(strip.buffer)).size > 4;
            """,
            chart,
        )
    )


def test_the_report_looks_right_on_every_screen_and_asks_nobody(
    reader: Person, tmp_path: Path, album: Path
) -> None:
    keep_page(tmp_path, "report.html", 1_500, every=40)
    grounds = set()
    for look in ("dark", "phone-light"):
        screen = LOOKS[look]
        reader.look(**screen)
        reader.go("/report.html")
        for chart in CHARTS:
            reader.until(partial(is_drawn, reader, chart))
        reader.picture(album / f"report-{look}.png")
        grounds.add(reader.script("return getComputedStyle(document.documentElement).background"))

        wide = reader.script("return document.documentElement.scrollWidth")
        assert wide <= screen["width"], f"the report scrolls sideways on {look}"
    assert len(grounds) == 2
    assert reader.console() == []
    assert reader.hosts() <= {"file", "data"}


def test_a_trade_is_looked_at_closely_and_the_list_is_sorted(
    reader: Person, tmp_path: Path, album: Path
) -> None:
    keep_page(tmp_path, "long.html", 12_000, every=10)
    reader.go("/long.html")
    reader.until(partial(is_drawn, reader, "#candles"))
    assert "candles of 3 min (3 bars each)" in reader.text("#candles-note")
    assert "zoom in to see them" in reader.text("#candles-note")

    # The worst trade first: by what it lost for its cost, best first, then turned round.
    by_ratio = "document.querySelectorAll('#trades th button')[2].click()"
    reader.script(by_ratio)
    reader.script(by_ratio)
    ratio = "return document.querySelector('#trades tbody tr').cells[2].textContent"
    assert reader.script(ratio).startswith("−")  # noqa: RUF001 (a true minus)
    assert reader.text("#page").startswith("1 of ")

    reader.script("document.querySelector('#trades tbody tr').click()")
    reader.until(lambda: reader.text("#candles-note") == "candles of 1 min")
    reader.settle()
    reader.picture(album / "report-trade.png")
    assert reader.count('#trades tr[aria-selected="true"]') == 1

    reader.script("document.querySelector('#whole').click()")
    reader.until(lambda: "3 min" in reader.text("#candles-note"))
    assert reader.count('#trades tr[aria-selected="true"]') == 0

    ground = "return getComputedStyle(document.documentElement).background"
    dark = reader.script(ground)
    reader.script("document.querySelector('#theme').click()")
    assert reader.script(ground) != dark
    assert reader.console() == []


def test_a_report_of_a_run_that_never_traded_draws_without_complaint(
    reader: Person, tmp_path: Path
) -> None:
    keep_page(tmp_path, "quiet.html", 300, every=0)
    reader.go("/quiet.html")

    reader.until(partial(is_drawn, reader, "#candles"))
    assert reader.script("return document.querySelector('#trades-card').hidden")
    assert reader.console() == []


def test_several_bots_stand_in_one_page_and_each_shows_its_own_when_chosen(
    reader: Person, tmp_path: Path, album: Path
) -> None:
    page = portfolio_page({"dips": 900, "trend": 1_500, "grid <b>": 600})
    (tmp_path / "bots.html").write_text(page, encoding="utf-8")
    for look in ("dark", "phone-light"):
        screen = LOOKS[look]
        reader.look(**screen)
        reader.go("/bots.html")
        for chart in ("#all-equity", "#all-drawdown", *CHARTS):
            reader.until(partial(is_drawn, reader, chart))
        assert reader.text("#bot-name") == "dips: ema_cross on BTC/USDT"
        reader.picture(album / f"portfolio-{look}.png")
        wide = reader.script("return document.documentElement.scrollWidth")
        assert wide <= screen["width"], f"the report scrolls sideways on {look}"

        reader.script("document.querySelectorAll('#bots button')[2].click()")
        for chart in CHARTS:
            reader.until(partial(is_drawn, reader, chart))
        assert reader.text("#bot-name") == "grid <b>: ema_cross on BTC/USDT"
        assert reader.count('#bots [aria-pressed="true"]') == 1
        reader.script("document.querySelector('#trades tbody tr').click()")
        reader.until(lambda: reader.count('#trades tr[aria-selected="true"]') == 1)
    assert reader.console() == []
    assert reader.hosts() <= {"file", "data"}
