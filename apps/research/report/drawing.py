"""What a report draws, as JSON of bounded size: candles, trades on them, equity, distribution."""

from math import ceil, log10
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apps.research.report.thinning import Candles, candles_of, cut, telling_points
from apps.trading.bar import Bars
from apps.trading.instrument import Instrument
from apps.trading.metrics import Measured
from apps.trading.metrics.curve import Curve
from apps.trading.reasons import NOTHING_LEFT, REASONS
from apps.trading.trades import Trades

MOST_CANDLES = 6_000
MOST_TRADES = 10_000
MOST_FILLS = 10_000
CURVE_BUCKETS = 600
# Trades that are drawn with every bar even where the whole is not: best, worst and newest.
CLOSE_UPS = 12
AROUND_BARS = 60
CLOSE_UP_CANDLES = 400
DIGITS = 8


def draw(
    figures: Measured, *, bars: Bars, bar_ms: int, instrument: Instrument, label: str
) -> dict[str, Any]:
    """Everything charts need, thinned; `label` says where the bars are from.

    A stored run may keep it beside its result: the bars themselves are not needed again.
    """
    whole = candles_of(bars, bar_ms=bar_ms, most=MOST_CANDLES)
    trades = figures.trips.closed
    return {
        "label": label,
        "symbol": instrument.symbol,
        "base": instrument.base,
        "quote": instrument.quote,
        "places": max(0, -int(instrument.tick_size.normalize().as_tuple().exponent)),
        "bar_ms": bar_ms,
        "bars": len(bars.open_at),
        "candles": _columns(whole),
        "close_ups": _close_ups(trades, bars, bar_ms) if whole.span_ms > bar_ms else {},
        "trades": _trades(trades),
        "open": [_without_fills(trade.to_json()) for trade in figures.trips.open],
        "equity": _beside_holding(figures.curve, bars),
        "reasons": _by_reason(trades),
        "ratios": histogram(trades.pnl_ratio),
        "months": months(figures.curve),
    }


def rounded(values: NDArray[np.float64]) -> list[float]:
    """To eight digits of the largest: what a chart can show."""
    largest = float(np.abs(values).max(initial=0.0))
    places = DIGITS - (ceil(log10(largest)) if largest > 0.0 else 0)
    told: list[float] = np.round(values, places).tolist()
    return told


def _columns(candles: Candles) -> dict[str, Any]:
    prices = (candles.open, candles.high, candles.low, candles.close)
    return {
        "span_ms": candles.span_ms,
        "time": (candles.open_at // 1000).tolist(),
        **dict(zip(("open", "high", "low", "close"), map(rounded, prices), strict=True)),
    }


def _trades(trades: Trades) -> dict[str, Any]:
    """The newest trades as columns; `first` is the number of trades left out before them."""
    first = max(0, len(trades) - MOST_TRADES)
    reasons = [REASONS.get(code, NOTHING_LEFT) for code in trades.reason[first:].tolist()]
    words = sorted(set(reasons))
    return {
        "first": first,
        "opened_at": (trades.opened_at[first:] // 1000).tolist(),
        "closed_at": (trades.closed_at[first:] // 1000).tolist(),
        "entry": rounded(trades.entry_price[first:]),
        "exit": _known(trades.exit_price[first:]),
        "quantity": rounded(trades.quantity[first:]),
        "fees": rounded(trades.fees[first:]),
        "pnl": rounded(trades.pnl[first:]),
        "ratio": np.round(trades.pnl_ratio[first:], 6).tolist(),
        "words": words,
        "reason": [words.index(reason) for reason in reasons],
        "fills": _fills(trades, first),
    }


def _fills(trades: Trades, first: int) -> dict[str, list[list[int]]]:
    """[time, side] of every fill of trades with adds or partial exits, the newest such trades."""
    deal = trades.fills["deal"]
    counts = np.bincount(deal, minlength=1)[trades.deal[first:]]
    several = np.flatnonzero(counts > 2)
    few_enough = np.cumsum(counts[several][::-1])[::-1] <= MOST_FILLS
    place_of = {int(trades.deal[first + place]): int(place) for place in several[few_enough]}
    told: dict[str, list[list[int]]] = {}
    rows = trades.fills[np.isin(deal, np.array(list(place_of), np.int64))]
    for number, time, side in zip(
        rows["deal"].tolist(), (rows["time"] // 1000).tolist(), rows["side"].tolist(), strict=True
    ):
        told.setdefault(str(place_of[number]), []).append([time, side])
    return told


def _known(prices: NDArray[np.float64]) -> list[float | None]:
    known = rounded(np.nan_to_num(prices))
    return [None if gone else price for price, gone in zip(known, np.isnan(prices), strict=True)]


def _close_ups(trades: Trades, bars: Bars, bar_ms: int) -> dict[str, Any]:
    """Candles around some trades, by the trade's place among those told."""
    first = max(0, len(trades) - MOST_TRADES)
    ranked = np.argsort(trades.pnl_ratio[first:], kind="stable")
    newest = range(max(0, len(ranked) - CLOSE_UPS), len(ranked))
    chosen = {*ranked[:CLOSE_UPS].tolist(), *ranked[-CLOSE_UPS:].tolist(), *newest}
    told = {}
    for place in sorted(chosen):
        span = (trades.opened_at[first + place], trades.closed_at[first + place])
        start, end = np.searchsorted(bars.open_at, span, side="right").tolist()
        part = cut(bars, max(0, start - AROUND_BARS), end + AROUND_BARS)
        told[str(place)] = _columns(candles_of(part, bar_ms=bar_ms, most=CLOSE_UP_CANDLES))
    return told


def draw_whole(curve: Curve) -> dict[str, Any]:
    """What a page of several bots draws of all of them together."""
    return {"equity": _equity(curve)[0], "months": months(curve)}


def _beside_holding(curve: Curve, bars: Bars) -> dict[str, Any]:
    """The curves, and what holding the coins would have been worth."""
    told, place = _equity(curve)
    return {**told, "hold": rounded(bars.close[place] / bars.open[0] * curve.capital)}


def _equity(curve: Curve) -> tuple[dict[str, Any], NDArray[np.int64]]:
    """Equity and drawdown at telling closes, and the places of these."""
    peaks = np.maximum(np.maximum.accumulate(curve.equity), curve.capital)
    drawdown = 1.0 - curve.equity / peaks
    place = telling_points(curve.equity, drawdown, buckets=CURVE_BUCKETS)
    told = {
        "time": ((curve.open_at[place] + curve.bar_ms) // 1000).tolist(),
        "value": rounded(curve.equity[place]),
        "drawdown": np.round(-drawdown[place], 6).tolist(),
    }
    return told, place


def _without_fills(trade: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in trade.items() if name != "fills"}


def _by_reason(trades: Trades) -> list[dict[str, Any]]:
    """How the trades of each exit reason went, the most frequent first."""
    told = []
    for code in np.unique(trades.reason).tolist():
        own = trades.reason == code
        pnl = trades.pnl[own]
        told.append(
            {
                "reason": REASONS.get(code, NOTHING_LEFT),
                "trades": int(own.sum()),
                "wins": int((pnl > 0).sum()),
                "pnl": float(pnl.sum()),
                "average": float(trades.pnl_ratio[own].mean()),
            }
        )
    return sorted(told, key=lambda each: -each["trades"])


def histogram(ratios: NDArray[np.float64], *, bins: int = 28) -> dict[str, Any]:
    """How many trades earned how much; steps are round and meet at zero.

    The outermost hundredths join the last bars, so that one outlier does not flatten the rest.
    """
    if not len(ratios):
        return {"step": 0.0, "first": 0, "counts": []}
    low, high = np.quantile(ratios, [0.01, 0.99]).tolist()
    step = round_step((max(high, 0.0) - min(low, 0.0)) / bins)
    if step == 0.0:
        return {"step": 0.0, "first": 0, "counts": [len(ratios)]}
    place = np.floor(np.clip(ratios, low, high) / step).astype(np.int64)
    first = int(place.min())
    return {"step": step, "first": first, "counts": np.bincount(place - first).tolist()}


def round_step(least: float) -> float:
    """1, 2 or 5 times a power of ten, at or above `least`."""
    if least <= 0.0:
        return 0.0
    power = 10.0 ** np.floor(log10(least))
    return float(next(m * power for m in (1.0, 2.0, 5.0, 10.0) if m * power >= least * (1 - 1e-9)))


def months(curve: Curve) -> list[list[float | int]]:
    """[year, month, return] of each calendar month (UTC): its last equity over the former's."""
    days, levels = curve.daily()
    month = days[1:].astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    last = np.append(np.flatnonzero(np.diff(month)), len(month) - 1)
    ends = np.append(levels[0], levels[1:][last])
    told: list[list[float | int]] = []
    for number, before, after in zip(month[last].tolist(), ends[:-1], ends[1:], strict=True):
        change = float(after / before - 1.0) if before > 0.0 else 0.0
        told.append([1970 + number // 12, number % 12 + 1, change])
    return told
