"""Candle rows of an hour of taker orders."""

import numpy as np
from numpy.typing import NDArray

from apps.venues.simexchange.amounts import SCALE
from apps.venues.simexchange.prices.candles import (
    BUY_QUOTE,
    BUY_VOLUME,
    COUNT,
    HIGH,
    LOW,
    OPEN,
    QUOTE,
    VOLUME,
    Rows,
)
from apps.venues.simexchange.prices.moves import MarketRules
from apps.venues.simexchange.prices.tape import HOUR_MS, Hour


def candle_rows(
    *, hour: Hour, rules: MarketRules, step: int, since_ms: int = 0, until_ms: int = HOUR_MS
) -> Rows:
    """One row per `step` ms of [since_ms, until_ms) of the hour; the last may be cut short."""
    orders = hour.orders
    count = -(-(until_ms - since_ms) // step)
    edges = since_ms + np.arange(count + 1, dtype=np.int64) * step
    edges[-1] = until_ms
    bounds = np.searchsorted(orders.at, edges)
    first, last = bounds[:-1], bounds[1:] - 1
    filled = last >= first
    rows = np.zeros((count, 9), dtype=np.int64)
    # Periods without orders repeat the last close; the hour's first slice always has an order.
    rows[:, :VOLUME] = (orders.last[np.maximum(last, 0)] * rules.tick)[:, None]
    if not filled.any():
        return rows
    span = slice(int(bounds[0]), int(bounds[-1]))
    starts = first[filled] - bounds[0]
    near, last_price = orders.near[span], orders.last[span]
    opening = np.where(orders.prints[span] > 1, near, last_price)
    high = np.maximum.reduceat(np.maximum(opening, last_price), starts)
    low = np.minimum.reduceat(np.minimum(opening, last_price), starts)
    rows[filled, OPEN] = opening[starts] * rules.tick
    rows[filled, HIGH] = high * rules.tick
    rows[filled, LOW] = low * rules.tick
    _fill_volumes(rows, filled, starts, hour, rules, span)
    return rows


def _fill_volumes(
    rows: Rows,
    filled: NDArray[np.bool_],
    starts: NDArray[np.int64],
    hour: Hour,
    rules: MarketRules,
    span: slice,
) -> None:
    orders = hour.orders
    near_lots, last_lots = orders.near_lots[span], orders.last_lots[span]
    lots = near_lots + last_lots
    # Tick times lot is a whole number of 1e-8 quote, so these sums are exact.
    unit = rules.tick * rules.lot // SCALE
    value = near_lots * orders.near[span] + last_lots * orders.last[span]
    buys = orders.buys[span]
    rows[filled, VOLUME] = np.add.reduceat(lots, starts) * rules.lot
    rows[filled, QUOTE] = np.add.reduceat(value, starts) * unit
    rows[filled, COUNT] = np.add.reduceat(orders.prints[span], starts)
    rows[filled, BUY_VOLUME] = np.add.reduceat(lots * buys, starts) * rules.lot
    rows[filled, BUY_QUOTE] = np.add.reduceat(value * buys, starts) * unit
