"""Bars made of something finer: of trades, or of shorter bars."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from apps.trading.bar import Bars

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class FlowBars:
    """Bars with what takers bought and sold in each of them, in base; the two are the volume."""

    bars: Bars
    bought: Floats
    sold: Floats

    @property
    def net(self) -> Floats:
        """Bought minus sold: the net flow."""
        return self.bought - self.sold


def bars_of_trades(
    *, time_ms: Ints, price: Floats, quantity: Floats, bought: Flags, timeframe_ms: int = 1_000
) -> FlowBars:
    """Bars of trades in order of time; `bought` is true where the taker bought.

    Only spans with trades have bars, as exchanges' own bars do: whoever needs one bar for every
    second says so with `carried`. The last bar may not be over yet; ValueError when the trades
    are not in order of time.
    """
    _check_trades(time_ms, price, quantity, bought)
    first = _firsts(time_ms, timeframe_ms)
    if not len(first):
        none = np.empty(0)
        return FlowBars(Bars(time_ms[:0], none, none, none, none, none), none, none)
    volume = np.add.reduceat(quantity, first)
    taken = np.add.reduceat(np.where(bought, quantity, 0.0), first)
    given = np.add.reduceat(np.where(bought, 0.0, quantity), first)
    bars = Bars(
        _opens(time_ms[first], timeframe_ms),
        price[first],
        np.maximum.reduceat(price, first),
        np.minimum.reduceat(price, first),
        price[_lasts(first, len(price))],
        volume,
    )
    return FlowBars(bars, taken, given)


def carried(flow: FlowBars, *, timeframe_ms: int = 1_000) -> FlowBars:
    """A bar for every span from the first to the last: one without trades stands at the close
    before it and has no volume."""
    bars = flow.bars
    if not len(bars.open_at):
        return flow
    count = int(bars.open_at[-1] - bars.open_at[0]) // timeframe_ms + 1
    place = (bars.open_at - bars.open_at[0]) // timeframe_ms
    times = bars.open_at[0] + np.arange(count, dtype=np.int64) * timeframe_ms
    traded = np.zeros(count, dtype=np.bool_)
    traded[place] = True
    last = np.cumsum(traded) - 1
    close = bars.close[last]
    opened, high, low = (np.where(traded, column[last], close) for column in bars[1:4])
    volume, bought, sold = (
        np.where(traded, column[last], 0.0) for column in (bars.volume, flow.bought, flow.sold)
    )
    return FlowBars(Bars(times, opened, high, low, close, volume), bought, sold)


def coarser(bars: Bars, *, timeframe_ms: int, step_ms: int) -> Bars:
    """Bars of `timeframe_ms` from shorter ones of `step_ms`; ValueError when they do not divide it.

    A bar is made of what is there, so a gap leaves it with what its other parts traded; the
    first and the last are left out when the shorter bars begin or end inside them.
    """
    if step_ms <= 0 or timeframe_ms % step_ms:
        raise ValueError(f"bars of {timeframe_ms} ms cannot be made of bars of {step_ms} ms")
    if timeframe_ms == step_ms or not len(bars.open_at):
        return bars
    begins_at, ends_at = int(bars.open_at[0]), int(bars.open_at[-1]) + step_ms
    edges = [begins_at + -begins_at % timeframe_ms, ends_at - ends_at % timeframe_ms]
    begin, end = np.searchsorted(bars.open_at, edges)
    bars = Bars._make(column[begin:end] for column in bars)
    if begin >= end:
        return bars
    first = _firsts(bars.open_at, timeframe_ms)
    return Bars(
        _opens(bars.open_at[first], timeframe_ms),
        bars.open[first],
        np.maximum.reduceat(bars.high, first),
        np.minimum.reduceat(bars.low, first),
        bars.close[_lasts(first, len(bars.open_at))],
        np.add.reduceat(bars.volume, first),
    )


# ---- spans -------------------------------------------------------------------------------------


def _check_trades(time_ms: Ints, price: Floats, quantity: Floats, bought: Flags) -> None:
    if len({len(time_ms), len(price), len(quantity), len(bought)}) > 1:
        raise ValueError("trades need a time, a price, a quantity and a side each")
    early = np.flatnonzero(np.diff(time_ms) < 0)
    if len(early):
        row = int(early[0]) + 1
        raise ValueError(f"trade {row} is earlier than trade {row - 1}; sort them by time")
    for name, values in (("price", price), ("quantity", quantity)):
        wrong = np.flatnonzero(~(np.isfinite(values) & (values > 0)))
        if len(wrong):
            row = int(wrong[0])
            raise ValueError(f"{name} of trade {row} is {values[row]}; a number above 0 is needed")


def _firsts(times: Ints, length: int) -> Ints:
    """Where each span of this length begins among ordered times."""
    spans = times // length
    return np.flatnonzero(np.diff(spans, prepend=spans[:1] - 1))


def _lasts(first: Ints, count: int) -> Ints:
    return np.append(first[1:], count) - 1


def _opens(times: Ints, length: int) -> Ints:
    return times - times % length
