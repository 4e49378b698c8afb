"""Signals explained in words, and the reason's way into the journal."""

import pytest

from apps.strategies import load_strategies
from apps.trading.events import SignalActed, SignalGiven
from apps.trading.explanation import Because, in_words
from apps.trading.strategy import find_strategy
from tests.unit.trading.bot import Bot

load_strategies()


@pytest.mark.parametrize(
    ("strategy", "bits", "inputs", "words"),
    [
        ("rsi", 1, {"rsi": 28.43, "oversold": 30.0}, "RSI 28.4 < 30"),
        ("rsi", 2, {"rsi": 71.06, "overbought": 70.5}, "RSI 71.1 > 70.5"),
        ("rsi", 1, {"rsi": 28.43}, "RSI"),
        ("simple_dca", 1, {"close": 2600.5}, "regular buy"),
        ("rsi", 4, {}, ""),
        (
            "ema_cross",
            1,
            {"fast_ema": 51234.5, "slow_ema": 51198.25},
            "crossed up, fast EMA 51,234 > slow EMA 51,198",
        ),
        (
            "ema_cross",
            2,
            {"fast_ema": 0.0512345678, "slow_ema": 0.0512345699},
            "crossed down, fast EMA 0.051234568 < slow EMA 0.051234570",
        ),
    ],
)
def test_a_signal_is_explained_by_what_was_compared(strategy, bits, inputs, words):
    found = find_strategy(strategy)

    assert found.reason(found.values(), bits=bits, inputs=inputs) == words


def test_large_numbers_are_parted_and_what_was_said_is_not_said_again():
    cross = Because("price", "close", ">=", "band", decimals=2)
    explains = {"enter": [cross, "quiet hour"], "add": ["quiet hour"]}

    words = in_words(explains, bits=1 | 4, found={"close": 51234.5, "band": 51000.0})

    assert words == "price 51,234.50 >= 51,000, quiet hour"


def test_equal_prices_and_zeros_are_shown_as_such():
    level = Because("price", "close", ">=", "band", None, "the band")

    assert level.words({"close": 100.0, "band": 100.0}) == "price 100.00 >= the band 100.00"
    assert level.words({"close": 0.0, "band": 0.0}) == "price 0.0000 >= the band 0.0000"


def test_an_unknown_relation_is_refused():
    with pytest.raises(ValueError, match="relation '~' must be one of <, <=, >, >="):
        Because("RSI", "rsi", "~", "oversold")


def test_the_reason_travels_to_the_journal_and_through_replay():
    bot = Bot()
    bot.price(100)

    step = bot.take(SignalGiven("k", 1, 1, 0.5, {"rsi": 28.4}, reason="RSI 28.4 < 30"))

    acted, planned = step.events[:2]
    assert isinstance(acted, SignalActed)
    assert acted.reason == "RSI 28.4 < 30"
    assert planned.trigger["reason"] == "RSI 28.4 < 30"
    assert bot.replayed().snapshot() == bot.engine.snapshot()


def test_a_signal_without_a_reason_is_told_as_before():
    bot = Bot()
    bot.price(100)

    step = bot.signal()

    assert "reason" not in step.events[1].trigger
    assert bot.replayed().snapshot() == bot.engine.snapshot()
