"""Columns beside the bars: looked up by time, never guessed."""

import numpy as np
import pytest

from apps.strategies import load_strategies
from apps.trading.column import Column, ColumnError
from apps.trading.strategy import find_strategy
from tests.contracts.strategy_contracts import market, part

load_strategies()


def times(*at: int) -> np.ndarray:
    return np.array(at, np.int64)


def test_a_value_belongs_to_its_bar_and_to_no_other():
    column = Column(times(10, 20, 40), np.array([0.1, 0.2, 0.4]))

    found = column.at(times(5, 10, 20, 30, 40, 50))

    assert np.array_equal(found, [np.nan, 0.1, 0.2, np.nan, 0.4, np.nan], equal_nan=True)
    assert np.isnan(Column(times(), np.array([])).at(times(1, 2))).all()


def test_a_column_that_does_not_fit_is_refused_with_its_row():
    with pytest.raises(ColumnError, match=r"\(1,\) values for \(2,\) times"):
        Column(times(1, 2), np.array([0.5]))
    with pytest.raises(ColumnError, match="row 2: its time is not later than the one before"):
        Column(times(1, 5, 5), np.zeros(3))


def test_a_strategy_reads_only_the_columns_it_declares():
    with pytest.raises(ColumnError, match="column 'mood' is unknown to scalper; it reads prob"):
        find_strategy("scalper").reading({"mood": Column(times(1), np.zeros(1))})
    with pytest.raises(ColumnError, match="column 'mood' is unknown to rsi; it reads none"):
        find_strategy("rsi").reading({"mood": Column(times(1), np.zeros(1))})


def test_the_scalper_enters_at_its_threshold_and_nowhere_without_a_probability():
    scalper, bars = find_strategy("scalper"), part(market(), 0, 5)
    given = np.array([0.39999, 0.40, 0.41, 1.0])
    reading = scalper.reading({"probability": Column(bars.open_at[:4], given)})

    signals = reading.signals(bars, reading.values())

    assert list(signals.enter) == [False, True, True, True, False]
    assert list(signals.strength) == [0.0, 0.40, 0.41, 1.0, 0.0]
    assert scalper.missing() == ["a model's probability per bar"]
    assert not scalper.signals(bars, scalper.values()).enter.any()
    words = reading.reason(
        reading.values(), bits=1, inputs={"probability": 0.4314, "confidence_threshold": 0.4}
    )
    assert words == "confidence 0.431 >= 0.4"


def test_the_scalper_follows_the_seeds_defaults():
    scalper = find_strategy("scalper")
    plan = scalper.plan(scalper.values())

    assert scalper.values().confidence_threshold == 0.40
    assert (plan.quote_per_entry, plan.max_positions, plan.max_holding_s) == (200.0, 2, 2000.0)
    assert (plan.take_profit, plan.stop_loss) == (0.00015, 0.009)
    assert (plan.entry, plan.entry_timeout_s) == ("post_only", 60.0)
