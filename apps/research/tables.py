"""A backtest's result as people read it in a terminal of 80 columns."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from textwrap import wrap
from typing import Any

from apps.research.running import Outcome

WIDTH = 80
LABEL = 18


def table(result: Mapping[str, Any], outcome: Outcome) -> str:
    """The whole answer of the command."""
    blocks = [_head(result, outcome), _money(result, outcome), _warnings(result["warnings"])]
    return "\n\n".join(block for block in blocks if block)


def _head(result: Mapping[str, Any], outcome: Outcome) -> str:
    times = outcome.series.bars.open_at
    changed = ", ".join(f"{name} {value}" for name, value in result["params"].items())
    rows = [
        ("strategy", f"{outcome.wish.strategy} ({changed})"),
        ("bars", f"{outcome.series.label}: {len(times):,}"),
        ("time", f"{utc(int(times[0]))} to {utc(int(times[-1]))} UTC"),
    ]
    return lines(rows)


def _money(result: Mapping[str, Any], outcome: Outcome) -> str:
    equity = result["equity"]
    rows = [("equity", f"{equity['start']:,.2f} -> {equity['end']:,.2f}")]
    return lines(rows)


def _warnings(warnings: Sequence[str]) -> str:
    return "\n".join(
        line
        for warning in warnings
        for line in wrap(f"warning: {warning}", WIDTH, subsequent_indent="         ")
    )


def lines(rows: Sequence[tuple[str, str]]) -> str:
    """Label and value a row, long values wrapped beside their label."""
    return "\n".join(
        line
        for label, value in rows
        for line in wrap(
            f"{label:<{LABEL}}{value}", WIDTH, subsequent_indent=" " * LABEL, drop_whitespace=True
        )
    )


def utc(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d %H:%M}"
