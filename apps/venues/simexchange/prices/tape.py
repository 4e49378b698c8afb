"""One generated market's quotes and trades, an hour at a time."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from apps.venues.simexchange.amounts import SCALE
from apps.venues.simexchange.prices.catalogue import ASSETS, Flow, Pair
from apps.venues.simexchange.prices.depth import thinning, walk
from apps.venues.simexchange.prices.values import (
    Floats,
    ValueDay,
    Values,
    randomness,
)

Ints = NDArray[np.int64]
Singles = NDArray[np.float32]

HOUR_S = 3_600
HOUR_MS = 3_600_000
# Share of orders that repeat the side of an earlier one, and how far back it lies (Pareto).
_COPIES, _COPY_TAIL, _FARTHEST = 0.66, 0.8, 20_000
_MOST_PRINTS = 400


def _copy_lags() -> Ints:
    """How many orders back the copied one lies, at evenly spaced quantiles; 0 copies nothing."""
    quantile = (np.arange(65_536) + 0.5) / 65_536
    share = np.clip((quantile - (1 - _COPIES)) / _COPIES, 0.0, None)
    lags = np.floor((1 - share) ** (-1 / _COPY_TAIL))
    return np.where(share > 0, np.minimum(lags, _FARTHEST), 0).astype(np.int64)


_LAGS = _copy_lags()


@dataclass(frozen=True, slots=True)
class Quotes:
    """Fair value around each second of an hour, in ticks, and what opens the spread.

    Within second k the fair value takes up to three values: before, after one of the two
    assets turned, after both. `base_turn` and `quote_turn` are tenths of the second.
    """

    base: Floats  # base asset's value, one element more than seconds
    quote: Floats
    base_turn: NDArray[np.int8]
    quote_turn: NDArray[np.int8]
    wide: Ints  # spread in ticks in the tenth in which the base asset turns
    tick: float
    usual: float  # spread as a fraction of the price when that exceeds a tick

    def bid_ask(self, *, second: Ints, tenth: Ints) -> tuple[Ints, Ints]:
        """Best prices in ticks at the end of the given tenths. They always hold the fair value
        between them, so no chain of generated markets can be arbitraged."""
        base = self.base[second + (tenth >= self.base_turn[second])]
        quote = self.quote[second + (tenth >= self.quote_turn[second])]
        fair = base / quote / self.tick
        spread = np.maximum((fair * self.usual).astype(np.int64), 1)
        turning = tenth == self.base_turn[second]
        spread = np.where(turning, np.maximum(spread, self.wide[second]), spread)
        bid = np.maximum(np.floor(fair).astype(np.int64) - (spread - 1) // 2, 1)
        return bid, np.maximum(bid + spread, np.ceil(fair).astype(np.int64))


@dataclass(frozen=True, slots=True)
class Orders:
    """Taker orders of an hour, oldest first. Prices in ticks, quantities in lots.

    An order prints `prints` trades: all but the last share `near_lots` at `near`, the best
    price; the last takes `last_lots` at `last`, as deep as the order walked.
    """

    at: Ints  # ms since the hour began
    buys: NDArray[np.bool_]
    prints: Ints
    near: Ints
    last: Ints
    near_lots: Ints
    last_lots: Ints


@dataclass(frozen=True, slots=True)
class Hour:
    """Everything a generated market did in an hour."""

    quotes: Quotes
    orders: Orders
    activity: Floats  # per second


def make_hour(*, values: Values, seed: int, pair: Pair, hour: int) -> Hour:
    """The hour counted from ORIGIN_MS; the same bytes for the same seed, pair and hour."""
    symbol = pair.rules.symbol
    random = randomness(seed=seed, name=f"{symbol}/tape", block=hour)
    day, part = divmod(hour, 24)
    base = _slice(values.day(asset=pair.rules.base, day=day), part)
    quote = None
    if ASSETS[pair.rules.quote].volatility:
        quote = _slice(values.day(asset=pair.rules.quote, day=day), part)
    quotes = _make_quotes(random, pair, base, quote)
    counts = _order_counts(random, pair.flow, base)
    orders = _make_orders(random, pair, base, quotes, counts)
    return Hour(quotes=quotes, orders=orders, activity=base.activity)


def _slice(day: ValueDay, part: int) -> ValueDay:
    first = part * HOUR_S
    last = first + HOUR_S
    return ValueDay(
        value=day.value[first : last + 1],
        turn=day.turn[first:last],
        activity=day.activity[first:last],
        surprise=day.surprise[first:last],
    )


def _make_quotes(
    random: np.random.Generator, pair: Pair, base: ValueDay, quote: ValueDay | None
) -> Quotes:
    flow = pair.flow
    opened = random.random(HOUR_S) < flow.wide_share * np.clip(base.activity, 0.3, 3.0)
    opened &= base.surprise != 0
    extra = random.lognormal(np.log(flow.wide_ticks), 1.2, HOUR_S) * np.sqrt(base.activity)
    wide = np.where(opened, 1 + np.minimum(extra, flow.wide_ticks * 40), 1).astype(np.int64)
    return Quotes(
        base=base.value,
        quote=quote.value if quote is not None else np.ones(HOUR_S + 1),
        base_turn=base.turn,
        quote_turn=quote.turn if quote is not None else np.zeros(HOUR_S, dtype=np.int8),
        wide=wide,
        tick=pair.rules.tick / SCALE,
        usual=flow.spread * 1e-4,
    )


def _order_counts(random: np.random.Generator, flow: Flow, base: ValueDay) -> Ints:
    """Orders per second: bursts that last a few seconds and follow the moves."""
    noise = random.standard_normal(HOUR_S + 1)
    burst = 0.70 * (noise[1:] + 0.35 * noise[:-1])
    excitement = 0.40 * np.minimum(np.abs(base.surprise), 5.0)
    rate = flow.orders_per_second * 0.55 * base.activity**0.8 * np.exp(burst + excitement)
    counts = random.poisson(np.minimum(rate, 400.0))
    # An opening print in each hour's first slice: nobody has to look back for a last price.
    counts[0] = max(counts[0], 1)
    return np.asarray(counts, dtype=np.int64)


def _make_orders(
    random: np.random.Generator, pair: Pair, base: ValueDay, quotes: Quotes, counts: Ints
) -> Orders:
    total = int(counts.sum())
    second = np.repeat(np.arange(HOUR_S), counts)
    start = np.cumsum(counts) - counts
    place = np.arange(total) - start[second]
    share = (place + random.random(total)) / counts[second]
    # Takers come early in their second: they answer what moved it.
    offset = (share * np.sqrt(share) * 1000).astype(np.int64)
    offset[0] = 0
    tenth = offset // 100
    buys = _sides(random, base.surprise, second)

    bid, ask = quotes.bid_ask(second=second, tenth=tenth)
    near = np.where(buys, ask, bid)
    flow, rules = pair.flow, pair.rules
    # The notional is median * exp(spread * size); single precision is ample for a draw.
    size = random.standard_normal(total, dtype=np.float32) * np.float32(flow.spread_of_sizes)
    notional = np.minimum(np.exp(size) * np.float32(flow.median), np.float32(flow.largest))
    unit = rules.lot / SCALE * quotes.tick * ASSETS[rules.quote].value
    lots = np.maximum(notional / (near * unit), 1.0).astype(np.int64)
    steps = _walked_ticks(flow, notional, base.activity, second, near)
    steps[lots == 1] = 0
    prints = _print_counts(random, size, lots)
    prints[steps > 0] = np.maximum(prints[steps > 0], 2)
    last_lots = np.maximum(lots // prints, 1)
    return Orders(
        at=second * 1000 + offset,
        buys=buys,
        prints=prints,
        near=near,
        last=np.maximum(np.where(buys, near + steps, near - steps), 1),
        near_lots=lots - last_lots,
        last_lots=last_lots,
    )


def _walked_ticks(
    flow: Flow, notional: Singles, activity: Floats, second: Ints, near: Ints
) -> Ints:
    """How many ticks beyond the best price each order's last print lies; mostly none."""
    steps = np.zeros(len(near), dtype=np.int64)
    # Even the thinnest hour's touch is more than what lies below this.
    large = np.flatnonzero(notional * thinning(activity.max()) > flow.touch)
    far = walk(flow=flow, notional=notional[large], activity=activity[second[large]])
    steps[large] = (far * near[large]).astype(np.int64)
    return steps


def _sides(random: np.random.Generator, surprise: Floats, second: Ints) -> NDArray[np.bool_]:
    """Buys lean with the second's move; many orders repeat the side of a recent one."""
    total = len(second)
    lean = (0.5 + 0.34 * np.tanh(surprise)).astype(np.float32)[second]
    fresh = random.random(total, dtype=np.float32) < lean
    back = _LAGS[random.integers(0, len(_LAGS), total, dtype=np.uint16)]
    source = np.maximum(np.arange(total) - back, 0)
    # Follow the copies to their origin: each pass doubles the number of steps taken.
    while True:
        further = source[source]
        if np.array_equal(further, source):
            return np.asarray(fresh[source])
        source = further


def _print_counts(random: np.random.Generator, size: Singles, lots: Ints) -> Ints:
    """How many resting orders a taker meets: mostly one, for large ones dozens."""
    appetite = np.exp(size * np.float32(0.65)) * np.float32(0.55)
    met = 1 + appetite * random.standard_exponential(len(size), dtype=np.float32)
    return np.asarray(np.minimum(np.minimum(met, _MOST_PRINTS).astype(np.int64), lots))
