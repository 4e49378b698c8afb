"""A backtest's result as people read it in a terminal of 80 columns."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from textwrap import wrap
from typing import Any

import numpy as np

from apps.research.running import Outcome
from apps.trading.metrics.measure import Measured
from apps.trading.plan import Plan
from apps.trading.reasons import NOTHING_LEFT, REASONS

WIDTH = 80
LABEL = 14
COLUMN = 38
Rows = Sequence[tuple[str, str]]
_UNITS = ((172_800.0, 86_400.0, "d"), (7_200.0, 3_600.0, "h"), (120.0, 60.0, "min"))


def table(outcome: Outcome, figures: Measured) -> str:
    """The whole answer of the command."""
    m = figures.metrics.to_json()
    quote = outcome.instrument.quote
    blocks = [
        lines(_asked(outcome)),
        beside(result_rows(m, quote), risk_rows(m)),
        beside(trade_rows(m, quote), cost_rows(m, quote)),
        lines(_endings(figures)),
        lines(_open(figures, outcome)),
        warning_lines(outcome.warnings),
    ]
    return "\n\n".join(block for block in blocks if block)


def _asked(outcome: Outcome) -> Iterator[tuple[str, str]]:
    bars = outcome.series.bars.open_at
    plan = changed_fields(outcome.plan)
    yield "strategy", f"{outcome.wish.strategy}: {named(outcome.p)}"
    yield "plan", named(plan)
    yield "bars", f"{len(bars):,} of {outcome.series.label}"
    yield "", f"{utc(int(bars[0]))} to {utc(int(bars[-1]))} UTC"
    market = outcome.instrument
    yield (
        "costs",
        (
            f"fee {market.taker_fee.normalize():f} taker, {market.maker_fee.normalize():f} maker; "
            f"slippage {outcome.wish.slippage:g}"
        ),
    )


def result_rows(m: Mapping[str, Any], quote: str) -> Rows:
    """What was made, beside doing nothing."""
    return (
        ("capital", f"{m['capital']:,.2f} {quote}"),
        ("final equity", f"{m['final_equity']:,.2f} {quote}"),
        ("total return", percent(m["total_return"])),
        ("a year", percent(m["cagr"])),
        ("buy and hold", percent(m["buy_and_hold"])),
        ("exposure", percent(m["exposure"], sign=False)),
        ("score", number(m["score"], 1)),
    )


def risk_rows(m: Mapping[str, Any]) -> Rows:
    """How rough the way was."""
    return (
        ("max drawdown", percent(m["max_drawdown"], sign=False)),
        ("under water", duration(m["longest_underwater_s"])),
        ("volatility", percent(m["volatility"], sign=False)),
        ("Sharpe", number(m["sharpe"])),
        ("Sortino", number(m["sortino"])),
        ("Calmar", number(m["calmar"])),
        ("SQN", number(m["sqn"])),
    )


def trade_rows(m: Mapping[str, Any], quote: str) -> Rows:
    """How the trades went."""
    return (
        ("trades", f"{m['trades']:,} ({number(m['trades_per_day'])} a day)"),
        ("win/draw/loss", f"{m['wins']:,} / {m['draws']:,} / {m['losses']:,}"),
        ("win rate", percent(m["win_rate"], sign=False)),
        ("average trade", percent(m["average_trade"], 3)),
        ("best, worst", f"{percent(m['best_trade'])}, {percent(m['worst_trade'])}"),
        ("held", duration(m["average_duration_s"])),
    )


def cost_rows(m: Mapping[str, Any], quote: str) -> Rows:
    """Whether they were worth their costs."""
    return (
        ("profit factor", number(m["profit_factor"])),
        ("expectancy", f"{number(m['expectancy'], 4)} {quote}"),
        ("streaks", f"{m['longest_win_streak']} won, {m['longest_loss_streak']} lost"),
        ("fees", f"{m['fees']:,.2f} {quote}"),
        ("slippage", f"{m['slippage']:,.2f} {quote}"),
        ("volume", f"{m['volume']:,.0f} {quote}"),
    )


def _endings(figures: Measured) -> Rows:
    reasons, counts = np.unique(figures.trips.closed.reason, return_counts=True)
    told = ", ".join(
        f"{REASONS.get(reason, NOTHING_LEFT)} {count:,}"
        for reason, count in zip(reasons.tolist(), counts.tolist(), strict=True)
    )
    return [("ended by", told)] if told else []


def _open(figures: Measured, outcome: Outcome) -> Iterator[tuple[str, str]]:
    for trade in figures.trips.open:
        yield (
            "still open",
            (
                f"{trade.quantity:.8g} {outcome.instrument.base} since {utc(trade.opened_at)} UTC, "
                f"bought at {trade.entry_price:.8g}, {percent(trade.unrealised_ratio)}"
            ),
        )


# ---- shapes ------------------------------------------------------------------------------------


def lines(rows: Any) -> str:
    """Label and value a row, long values wrapped beside their label."""
    return "\n".join(
        line
        for label, value in rows
        for line in wrap(
            value,
            WIDTH,
            initial_indent=f"{label:<{LABEL}}",
            subsequent_indent=" " * LABEL,
            break_on_hyphens=False,
        )
    )


def beside(left: Rows, right: Rows) -> str:
    """Two columns of figures."""
    texts = [[f"{label:<{LABEL}}{value:>{COLUMN - LABEL}}" for label, value in rows]
             for rows in (left, right)]  # fmt: skip
    longest = max(map(len, texts))
    padded = [[*column, *[""] * (longest - len(column))] for column in texts]
    return "\n".join(
        f"{one:<{COLUMN}}    {other}".rstrip() for one, other in zip(*padded, strict=True)
    )


def warning_lines(warnings: Sequence[str]) -> str:
    return "\n".join(
        line
        for warning in warnings
        for line in wrap(f"warning: {warning}", WIDTH, subsequent_indent="         ")
    )


def changed_fields(plan: Plan) -> dict[str, Any]:
    """The plan's fields that are not as they are when left out."""
    usual = {name: item.default for name, item in type(plan).__dataclass_fields__.items()}
    empty: tuple[Any, ...] = (None, (), [])
    return {
        name: value
        for name, value in plan.to_json().items()
        if value != usual[name] and not (value in empty and usual[name] in empty)
    }


def named(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_value(value)}" for name, value in values.items()) or "as it is"


def _value(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def percent(value: float | None, decimals: int = 2, *, sign: bool = True) -> str:
    if value is None:
        return "-"
    return f"{value * 100:+,.{decimals}f} %" if sign else f"{value * 100:,.{decimals}f} %"


def number(value: float | None, decimals: int = 2) -> str:
    return "-" if value is None else f"{value:,.{decimals}f}"


def duration(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    for from_s, unit_s, name in _UNITS:
        if seconds >= from_s:
            return f"{seconds / unit_s:,.1f} {name}"
    return f"{seconds:,.0f} s"


def utc(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d %H:%M}"
