"""From a run to its sheet of figures."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from apps.trading.bar import Bars
from apps.trading.metrics import outcomes, returns
from apps.trading.metrics.costs import Costs, costs_of
from apps.trading.metrics.curve import Curve, equity_curve
from apps.trading.metrics.outcomes import Outcomes, Tally
from apps.trading.metrics.returns import Days, quotient
from apps.trading.metrics.score import score
from apps.trading.metrics.sheet import Metrics
from apps.trading.trades import RoundTrips, open_deals, round_trips

DAY_S = 86_400.0


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """A run's round trips, its equity at every close, what it cost and its sheet."""

    trips: RoundTrips
    curve: Curve
    costs: Costs
    metrics: Metrics


@dataclass(frozen=True, slots=True)
class Market:
    """What the market did meanwhile: the yardstick of doing nothing."""

    change: float
    buy_and_hold: float

    @classmethod
    def of(cls, bars: Bars, *, taker_fee: float) -> "Market":
        last = float(bars.close[-1])
        return cls(
            change=last / float(bars.close[0]) - 1.0,
            buy_and_hold=last / (float(bars.open[0]) * (1.0 + taker_fee)) - 1.0,
        )


def measure(*, fills: Any, state: Any, bars: Bars, bar_ms: int) -> Measured:
    """Of one bot: the fills (layout.FILL) and the last state that the compiled loop left."""
    # By name and not as attributes: those cost more than a small run.
    plan, bot = state["plan"], state["bot"]
    fee_in_base = bool(plan["fee_in_base"])
    trips = round_trips(
        fills,
        fee_in_base=fee_in_base,
        still_open=open_deals(state),
        last_price=float(bars.close[-1]),
    )
    curve = equity_curve(
        bars=bars,
        bar_ms=bar_ms,
        fills=fills,
        steps=trips.steps,
        fee_in_base=fee_in_base,
        capital=float(bot["capital"]),
    )
    costs = costs_of(fills, slippage=float(plan["slippage"]))
    metrics = metrics_of(
        curve=curve,
        trades=Outcomes.of(trips.closed),
        open_profit=[trade.unrealised for trade in trips.open],
        dust=float(bot["dust"] * bars.close[-1]),
        costs=costs,
        market=Market.of(bars, taker_fee=float(plan["taker_fee"])),
    )
    return Measured(trips, curve, costs, metrics)


def metrics_of(
    *,
    curve: Curve,
    trades: Outcomes,
    open_profit: list[float],
    dust: float,
    costs: Costs,
    market: Market,
) -> Metrics:
    """The sheet of one bot or, with a combined curve and outcomes, of several."""
    risk = _risk(curve)
    tally = Tally.of(trades)
    deals = _trades(tally)
    elapsed_s = (curve.ended_at - curve.started_at) / 1000.0
    return Metrics(
        started_at=curve.started_at,
        ended_at=curve.ended_at,
        elapsed_s=elapsed_s,
        bars=len(curve.equity),
        capital=curve.capital,
        final_equity=curve.final,
        profit=curve.final - curve.capital,
        total_return=curve.final / curve.capital - 1.0,
        closed_profit=tally.total,
        open_profit=float(sum(open_profit)),
        open_trades=len(open_profit),
        dust=dust,
        score=score(
            cagr=risk["cagr"],
            sharpe=risk["sharpe"],
            expectancy=deals["expectancy"],
            expectancy_ratio=deals["expectancy_ratio"],
            max_drawdown=risk["max_drawdown"],
            trades=len(trades),
            days=elapsed_s / DAY_S,
        ),
        trades_per_day=quotient(len(trades) * DAY_S, elapsed_s),
        fees=costs.fees,
        slippage=costs.slippage,
        volume=costs.volume,
        market_change=market.change,
        buy_and_hold=market.buy_and_hold,
        **risk,
        **deals,
    )


def _risk(curve: Curve) -> dict[str, Any]:
    _, levels = curve.daily()
    # Equity of spot positions cannot fall below nothing; at nothing there is no return any more.
    gone = levels <= 0.0
    days = Days.of(levels[: int(gone.argmax())] if gone.any() else levels)
    fall = curve.drawdown()
    growth = returns.cagr(
        start=curve.capital, end=curve.final, seconds=(curve.ended_at - curve.started_at) / 1000.0
    )
    return {
        "lowest_equity": fall.lowest,
        "highest_equity": fall.highest,
        "cagr": growth,
        "volatility": returns.volatility(days),
        "sharpe": returns.sharpe(days),
        "sortino": returns.sortino(days),
        "calmar": returns.calmar(growth=growth, drawdown=fall.ratio),
        "omega": returns.omega(days),
        "serenity": returns.serenity(days),
        "stability": returns.stability(days),
        "k_ratio": returns.k_ratio(days),
        "best_day": days.best if days.count else None,
        "worst_day": days.worst if days.count else None,
        "days_won": days.won,
        "days_lost": days.lost,
        "days_flat": days.count - days.won - days.lost,
        "exposure": int(np.count_nonzero(curve.held)) / len(curve.held),
        "max_drawdown": fall.ratio,
        "max_drawdown_quote": fall.amount,
        "max_drawdown_from": fall.peak_at,
        "max_drawdown_to": fall.trough_at,
        "max_drawdown_recovered_at": fall.recovered_at,
        "max_drawdown_s": fall.length_s,
        "longest_underwater_s": fall.longest_underwater_s,
        "ulcer_index": returns.ulcer_index(days),
    }


def _trades(tally: Tally) -> dict[str, Any]:
    return {
        "trades": tally.count,
        "wins": tally.wins,
        "draws": tally.draws,
        "losses": tally.losses,
        "win_rate": outcomes.win_rate(tally),
        "profit_factor": outcomes.profit_factor(tally),
        "payoff_ratio": outcomes.payoff_ratio(tally),
        "expectancy": outcomes.expectancy(tally),
        "expectancy_ratio": outcomes.expectancy_ratio(tally),
        "sqn": outcomes.sqn(tally),
        "kelly": outcomes.kelly(tally),
        "average_trade": quotient(tally.ratios, tally.count),
        "median_trade": tally.median_ratio if tally.count else None,
        "best_trade": tally.best if tally.count else None,
        "worst_trade": tally.worst if tally.count else None,
        "average_win": outcomes.average_win(tally),
        "average_loss": outcomes.average_loss(tally),
        "gross_profit": tally.won,
        "gross_loss": tally.lost,
        "average_duration_s": quotient(tally.held / 1000.0, tally.count),
        "average_win_duration_s": quotient(tally.held_won / 1000.0, tally.wins),
        "average_loss_duration_s": quotient(tally.held_lost / 1000.0, tally.losses),
        "longest_win_streak": tally.win_streak,
        "longest_loss_streak": tally.loss_streak,
    }
