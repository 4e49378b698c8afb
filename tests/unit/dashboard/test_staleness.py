"""What turns amber or red on the pages, and what does not."""

from dataclasses import replace

import pytest

from apps.dashboard.staleness import (
    AMBER,
    GOOD,
    NOTE,
    QUIET,
    RED,
    Seen,
    age_tone,
    signal_amber_s,
    status_tone,
    trouble_of,
    waiting_of,
)

HEALTHY = Seen(desired="RUNNING", observed="RUNNING", heartbeat_age_s=1.0)


def test_a_running_bot_that_is_heard_of_is_in_no_trouble() -> None:
    assert trouble_of(HEALTHY) == ""
    assert status_tone(HEALTHY) == GOOD


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"observed": "ERROR", "reason": "KeyError: 'x'"}, "KeyError"),
        ({"heartbeat_age_s": 15.0}, "for 15 s"),
        ({"heartbeat_age_s": None}, "ever"),
        ({"desired": "PAUSED", "observed": "PAUSED", "heartbeat_age_s": 99.0}, "for 99 s"),
        ({"desired": "STOPPED", "observed": "STOPPING", "heartbeat_age_s": 99.0}, "for 99 s"),
        ({"workers_alive": False}, "no worker process"),
        ({"desired": "STOPPED", "observed": "STOPPED", "unprotected": "left alone"}, "left alone"),
        ({"account_status": "degraded"}, "degraded"),
    ],
)
def test_trouble_is_red_and_says_what_it_is(changes: dict[str, object], word: str) -> None:
    seen = replace(HEALTHY, **changes)

    assert word in trouble_of(seen)
    assert status_tone(seen) == RED


@pytest.mark.parametrize(
    ("changes", "tone"),
    [
        ({"heartbeat_age_s": 14.9}, GOOD),
        ({"observed": "STOPPED", "heartbeat_age_s": None}, AMBER),
        ({"desired": "STOPPED", "observed": "STOPPED"}, QUIET),
        ({"desired": "STOPPED", "observed": "STOPPED",
          "account_status": "degraded", "workers_alive": False}, QUIET),
        ({"desired": "PAUSED", "observed": "PAUSED"}, NOTE),
        ({"desired": "STOPPED", "observed": "STOPPING"}, AMBER),
    ],
)  # fmt: skip
def test_what_a_person_need_not_look_at_is_not_red(changes: dict[str, object], tone: str) -> None:
    seen = replace(HEALTHY, **changes)

    assert trouble_of(seen) == ""
    assert status_tone(seen) == tone


@pytest.mark.parametrize("desired", ["RUNNING", "PAUSED"])
def test_a_bot_that_nobody_takes_says_what_it_waits_for(desired: str) -> None:
    started = replace(HEALTHY, desired=desired, observed="STOPPED", heartbeat_age_s=None)
    told = replace(started, reason="waits for room: stop other bots")

    assert waiting_of(started) == "Waits for a worker process to take it."
    assert waiting_of(told) == "Waits for room: stop other bots."
    assert status_tone(told) == AMBER


@pytest.mark.parametrize("changes", [{}, {"desired": "STOPPED"}, {"observed": "STARTING"}])
def test_other_bots_wait_for_nothing(changes: dict[str, str]) -> None:
    assert waiting_of(replace(HEALTHY, **changes)) == ""


def test_ages_turn_amber_then_red_at_their_limits() -> None:
    assert age_tone(5.9, amber_s=6, red_s=15) == QUIET
    assert age_tone(6.0, amber_s=6, red_s=15) == AMBER
    assert age_tone(15.0, amber_s=6, red_s=15) == RED
    assert age_tone(1e6, amber_s=6) == AMBER
    assert age_tone(None, amber_s=6, red_s=15) == QUIET


def test_a_signal_is_late_after_two_bars_and_a_little() -> None:
    assert signal_amber_s(timeframe="5s") == 25
    assert signal_amber_s(timeframe="1h") == 7215
