"""Candle rows of an hour of taker orders."""

import numpy as np
from numpy.typing import NDArray

from apps.venues.simexchange.amounts import SCALE
from apps.venues.simexchange.prices.candles import (
    BUY_QUOTE,
    BUY_VOLUME,
    CLOSE,
    COUNT,
    HIGH,
    LOW,
    OPEN,
    QUOTE,
    VOLUME,
    Rows,
)
from apps.venues.simexchange.prices.moves import MarketRules
from apps.venues.simexchange.prices.tape import Hour


def minute_rows(*, hour: Hour, rules: MarketRules, until_ms: int) -> Rows:
    """One row per minute begun before `until_ms` of the hour, of the orders before it."""
    return _rows(hour, rules, until_ms, 60_000)


def second_rows(*, hour: Hour, rules: MarketRules, until_ms: int) -> Rows:
    """One row per second begun before `until_ms` of the hour, of the orders before it."""
    return _rows(hour, rules, until_ms, 1_000)


def _rows(hour: Hour, rules: MarketRules, until_ms: int, step: int) -> Rows:
    orders = hour.orders
    count = -(-until_ms // step)
    edges = np.arange(count + 1, dtype=np.int64) * step
    edges[-1] = until_ms
    bounds = np.searchsorted(orders.at, edges)
    first, last = bounds[:-1], bounds[1:] - 1
    filled = last >= first
    # Periods without orders repeat the last close; the hour's first slice always has one.
    latest = np.maximum(last, 0)
    rows = np.zeros((count, 9), dtype=np.int64)
    rows[:, :VOLUME] = (orders.last[latest] * rules.tick)[:, None]
    starts = first[filled]
    if not len(starts):
        return rows
    stop = bounds[-1]
    near, last_price = orders.near[:stop], orders.last[:stop]
    opening = np.where(orders.prints[:stop] > 1, near, last_price)
    rows[filled, OPEN] = opening[starts] * rules.tick
    high = np.maximum.reduceat(np.maximum(opening, last_price), starts)
    rows[filled, HIGH] = high * rules.tick
    low = np.minimum.reduceat(np.minimum(opening, last_price), starts)
    rows[filled, LOW] = low * rules.tick
    rows[filled, CLOSE] = last_price[last[filled]] * rules.tick
    _fill_volumes(rows, filled, starts, hour, rules, stop)
    return rows


def _fill_volumes(
    rows: Rows,
    filled: NDArray[np.bool_],
    starts: NDArray[np.int64],
    hour: Hour,
    rules: MarketRules,
    stop: int,
) -> None:
    orders = hour.orders
    near_lots, last_lots = orders.near_lots[:stop], orders.last_lots[:stop]
    lots = near_lots + last_lots
    # Tick times lot is a whole number of 1e-8 quote, so these sums are exact.
    unit = rules.tick * rules.lot // SCALE
    value = near_lots * orders.near[:stop] + last_lots * orders.last[:stop]
    buys = orders.buys[:stop]
    rows[filled, VOLUME] = np.add.reduceat(lots, starts) * rules.lot
    rows[filled, QUOTE] = np.add.reduceat(value, starts) * unit
    rows[filled, COUNT] = np.add.reduceat(orders.prints[:stop], starts)
    rows[filled, BUY_VOLUME] = np.add.reduceat(lots * buys, starts) * rules.lot
    rows[filled, BUY_QUOTE] = np.add.reduceat(value * buys, starts) * unit
