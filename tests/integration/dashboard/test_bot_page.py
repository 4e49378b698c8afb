"""The page of one bot: what it shows, to whom, and what its script reads again."""

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.operations.services import emergency_stop, resume_system
from tests.browser.scene import BARS, STEP_S, Scene, make_scene

pytestmark = [pytest.mark.django_db, pytest.mark.servers]


@pytest.fixture
def scene(db: None) -> Scene:
    return make_scene()


def as_(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_the_page_shows_bars_fills_lines_and_equity(scene: Scene) -> None:
    bot = scene.bots[0]

    now = as_(scene.user).get(f"/bots/{bot.number}/now").json()

    assert len(now["bars"]) == BARS
    assert now["bars"] == sorted(now["bars"])
    assert {mark["side"] for mark in now["marks"]} == {"buy", "sell"}
    assert {line["kind"] for line in now["lines"]} == {"entry", "target", "stop"}
    assert len(now["equity"]) > 10
    assert now["row"]["cells"]["position"][0].endswith(" BTC")
    assert "take profit" in now["parts"]["positions"]
    assert f"1tkp{bot.number:014d}" in now["parts"]["orders"]


def test_only_bars_that_may_have_changed_are_sent_again(scene: Scene) -> None:
    client, path = as_(scene.user), f"/bots/{scene.bots[0].number}/now"
    last = client.get(path).json()["bars"][-1][0]

    again = client.get(f"{path}?since={last - 2 * STEP_S}").json()["bars"]

    assert [bar[0] for bar in again] == [last - 2 * STEP_S, last - STEP_S, last]
    assert len(client.get(f"{path}?since=nonsense").json()["bars"]) == BARS


def test_the_log_is_filtered_by_level_and_is_text(scene: Scene) -> None:
    client, path = as_(scene.user), f"/bots/{scene.bots[0].number}/log"

    everything = client.get(path).content.decode()
    errors = client.get(f"{path}?level=ERROR").content.decode()
    warnings = client.get(f"{path}?level=WARNING").content.decode()

    assert "&lt;b&gt;filter failure&lt;/b&gt;" in everything
    assert (everything.count("<li"), warnings.count("<li"), errors.count("<li")) == (6, 2, 1)


def test_a_bot_of_somebody_else_is_nowhere(scene: Scene) -> None:
    stranger = as_(User.objects.create_user("eve", password="eve-passes"))
    number = scene.bots[0].number

    for part in ("", "now", "log"):
        assert stranger.get(f"/bots/{number}/{part}").status_code == 404


def test_the_configuration_is_shown_in_words(scene: Scene) -> None:
    page = as_(scene.user).get(f"/bots/{scene.bots[0].number}/").content.decode()

    assert "version 1" in page
    assert "<dt>Oversold</dt>" in page


def test_an_emergency_stop_stands_on_every_page(scene: Scene) -> None:
    client = as_(scene.user)
    emergency_stop(actor=scene.user, reason="the exchange behaves oddly", positions="guard")

    for path in ("/", f"/bots/{scene.bots[0].number}/"):
        page = client.get(path).content.decode()
        assert "Emergency stop" in page
        assert "the exchange behaves oddly" in page
    assert client.get("/now").json()["system"]["state"] == "EMERGENCY_STOP"

    resume_system(actor=scene.user, reason="all is well")
    assert client.get("/now").json()["system"]["sentence"] == ""
