"""From a run to its sheet of figures."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from apps.trading.bar import Bars
from apps.trading.metrics import outcomes, returns
from apps.trading.metrics.costs import Costs, costs_of
from apps.trading.metrics.curve import Curve, equity_curve
from apps.trading.metrics.outcomes import Outcomes, mean
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
    plan = state.plan
    fee_in_base = bool(plan.fee_in_base)
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
        capital=float(state.bot.capital),
    )
    costs = costs_of(fills, slippage=float(plan.slippage))
    metrics = metrics_of(
        curve=curve,
        trades=Outcomes.of(trips.closed),
        open_profit=[trade.unrealised for trade in trips.open],
        dust=float(state.bot.dust * bars.close[-1]),
        costs=costs,
        market=Market.of(bars, taker_fee=float(plan.taker_fee)),
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
    deals = _trades(trades)
    elapsed_s = (curve.ended_at - curve.started_at) / 1000.0
    lowest, highest = curve.extremes()
    return Metrics(
        started_at=curve.started_at,
        ended_at=curve.ended_at,
        elapsed_s=elapsed_s,
        bars=len(curve.equity),
        capital=curve.capital,
        final_equity=curve.final,
        profit=curve.final - curve.capital,
        total_return=curve.final / curve.capital - 1.0,
        closed_profit=float(trades.pnl.sum()),
        open_profit=float(sum(open_profit)),
        open_trades=len(open_profit),
        dust=dust,
        lowest_equity=lowest,
        highest_equity=highest,
        score=score(
            cagr=risk["cagr"],
            sharpe=risk["sharpe"],
            expectancy=deals["expectancy"],
            expectancy_ratio=deals["expectancy_ratio"],
            max_drawdown=risk["max_drawdown"],
            trades=len(trades),
            days=elapsed_s / DAY_S,
        ),
        trades_per_day=returns.quotient(len(trades) * DAY_S, elapsed_s),
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
    whole = levels[: int(np.argmax(levels <= 0.0))] if (levels <= 0.0).any() else levels
    daily = whole[1:] / whole[:-1] - 1.0
    fall = curve.drawdown()
    growth = returns.cagr(
        start=curve.capital, end=curve.final, seconds=(curve.ended_at - curve.started_at) / 1000.0
    )
    return {
        "cagr": growth,
        "volatility": returns.volatility(daily),
        "sharpe": returns.sharpe(daily),
        "sortino": returns.sortino(daily),
        "calmar": returns.calmar(growth=growth, drawdown=fall.ratio),
        "omega": returns.omega(daily),
        "serenity": returns.serenity(whole, daily),
        "stability": returns.stability(whole),
        "k_ratio": returns.k_ratio(whole),
        "best_day": float(daily.max()) if len(daily) else None,
        "worst_day": float(daily.min()) if len(daily) else None,
        "days_won": int((daily > 0.0).sum()),
        "days_lost": int((daily < 0.0).sum()),
        "days_flat": int((daily == 0.0).sum()),
        "exposure": int(np.count_nonzero(curve.held)) / len(curve.held),
        "max_drawdown": fall.ratio,
        "max_drawdown_quote": fall.amount,
        "max_drawdown_from": fall.peak_at,
        "max_drawdown_to": fall.trough_at,
        "max_drawdown_recovered_at": fall.recovered_at,
        "max_drawdown_s": fall.length_s,
        "longest_underwater_s": fall.longest_underwater_s,
        "ulcer_index": returns.ulcer_index(whole),
    }


def _trades(trades: Outcomes) -> dict[str, Any]:
    won, lost = trades.won, trades.lost
    some = len(trades) > 0
    return {
        "trades": len(trades),
        "wins": int(won.sum()),
        "draws": int((~won & ~lost).sum()),
        "losses": int(lost.sum()),
        "win_rate": outcomes.win_rate(trades),
        "profit_factor": outcomes.profit_factor(trades),
        "payoff_ratio": outcomes.payoff_ratio(trades),
        "expectancy": outcomes.expectancy(trades),
        "expectancy_ratio": outcomes.expectancy_ratio(trades),
        "sqn": outcomes.sqn(trades),
        "kelly": outcomes.kelly(trades),
        "average_trade": mean(trades.ratio),
        "median_trade": float(np.median(trades.ratio)) if some else None,
        "best_trade": float(trades.ratio.max()) if some else None,
        "worst_trade": float(trades.ratio.min()) if some else None,
        "average_win": mean(trades.pnl[won]),
        "average_loss": mean(trades.pnl[lost]),
        "gross_profit": float(trades.pnl[won].sum()),
        "gross_loss": float(trades.pnl[lost].sum()),
        "average_duration_s": mean(trades.held_s),
        "average_win_duration_s": mean(trades.held_s[won]),
        "average_loss_duration_s": mean(trades.held_s[lost]),
        "longest_win_streak": outcomes.longest_streak(won),
        "longest_loss_streak": outcomes.longest_streak(lost),
    }
