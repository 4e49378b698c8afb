"""A portfolio's result as people read it in a terminal of 80 columns."""

from apps.research.portfolios import Together
from apps.research.tables import (
    beside,
    cost_rows,
    lines,
    percent,
    result_rows,
    risk_rows,
    trade_rows,
    utc,
    warning_lines,
)

NAME = 24


def portfolio_table(together: Together) -> str:
    """All bots as one, then a line for each."""
    m = together.metrics.to_json()
    outcomes = list(together.outcomes.values())
    quote = outcomes[0].instrument.quote
    head = [
        ("portfolio", f"{len(outcomes)} bots on one clock"),
        ("time", f"{utc(m['started_at'])} to {utc(m['ended_at'])} UTC"),
    ]
    blocks = [
        lines(head),
        beside(result_rows(m, quote), risk_rows(m)),
        beside(trade_rows(m, quote), cost_rows(m, quote)),
        _bots(together),
        warning_lines(
            [
                f"{name}: {warning}"
                for name, outcome in together.outcomes.items()
                for warning in outcome.warnings
            ]
        ),
    ]
    return "\n\n".join(block for block in blocks if block)


def _bots(together: Together) -> str:
    rows = [f"{'bot':<{NAME}}{'capital':>12}{'equity':>14}{'return':>12}{'trades':>9}{'wins':>9}"]
    for name, figures in together.figures.items():
        m = figures.metrics
        shown = name if len(name) < NAME else f"{name[: NAME - 2]}…"
        rows.append(
            f"{shown:<{NAME}}{m.capital:>12,.2f}{m.final_equity:>14,.2f}"
            f"{percent(m.total_return):>12}{m.trades:>9,}{percent(m.win_rate, 0, sign=False):>9}"
        )
    return "\n".join(rows)
