"""A finished backtest as JSON: trades, what is open, equity, metrics, warnings, the engine."""

from typing import Any

from apps.research.engine import engine
from apps.research.running import Outcome
from apps.trading.metrics.measure import Measured, measure
from apps.trading.trades import OpenTrade


def measured(outcome: Outcome) -> Measured:
    """Round trips, the equity at every close and all figures."""
    return measure(
        fills=outcome.run.fills, state=outcome.run.state, bars=outcome.bars, bar_ms=outcome.bar_ms
    )


def result_of(outcome: Outcome, figures: Measured, *, with_trades: bool = True) -> dict[str, Any]:
    """What --json prints and a stored run keeps; times are ms UTC, ratios fractions.

    `seconds` is the time it took, the figures left out.
    """
    metrics = figures.metrics
    return {
        "strategy": outcome.wish.strategy,
        "params": dict(outcome.p),
        "plan": outcome.plan.to_json(),
        "bars": len(outcome.series.bars.open_at),
        "seconds": round(outcome.seconds, 6),
        "trades": figures.trips.closed.to_json() if with_trades else [],
        "open_position": _open_position(figures.trips.open),
        "equity": {
            "start": metrics.capital,
            "end": metrics.final_equity,
            "max_drawdown": metrics.max_drawdown,
        },
        "metrics": metrics.to_json(),
        "warnings": list(outcome.warnings),
        "engine": engine(),
    }


def _open_position(open_trades: tuple[OpenTrade, ...]) -> dict[str, Any] | None:
    """What the last bar left open, all positions together and each by itself."""
    if not open_trades:
        return None
    positions = [trade.to_json() for trade in open_trades]
    quantity = sum(trade.quantity for trade in open_trades)
    bought = sum(trade.entry_price * trade.quantity for trade in open_trades)
    return {
        "opened_at": min(trade.opened_at for trade in open_trades),
        "side": "long",
        "entry_price": bought / quantity if quantity else None,
        "quantity": quantity,
        "fees": sum(trade.fees for trade in open_trades),
        "last_price": open_trades[0].last_price,
        "unrealised": sum(trade.unrealised for trade in open_trades),
        "positions": positions,
    }
