"""A finished backtest as JSON: trades, what is open, equity, metrics, warnings, the engine."""

from typing import Any

from apps.research.engine import engine
from apps.research.running import Outcome
from apps.trading.trades import OpenTrade, RoundTrips, open_deals, round_trips


def result_of(outcome: Outcome, *, with_trades: bool = True) -> dict[str, Any]:
    """What --json prints and a stored run keeps; times are ms UTC, ratios fractions."""
    trips = trips_of(outcome)
    end = outcome.run.equity(price=float(outcome.bars.close[-1]))
    return {
        "strategy": outcome.wish.strategy,
        "params": dict(outcome.p),
        "plan": outcome.plan.to_json(),
        "bars": len(outcome.series.bars.open_at),
        "seconds": round(outcome.seconds, 6),
        "trades": trips.closed.to_json() if with_trades else [],
        "open_position": _open_position(trips.open),
        "equity": {"start": outcome.wish.capital, "end": end},
        "warnings": list(outcome.warnings),
        "engine": engine(),
    }


def trips_of(outcome: Outcome) -> RoundTrips:
    """The run's deals, closed and open."""
    return round_trips(
        outcome.run.fills,
        fee_in_base=outcome.instrument.fee_taken_in == "received",
        still_open=open_deals(outcome.run.state),
        last_price=float(outcome.bars.close[-1]),
    )


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
