"""The page with charts of a backtest: of a run just made, of several bots, or of a stored one."""

from typing import TYPE_CHECKING, Any

from apps.research.refusals import ResearchRefused
from apps.research.report import draw, draw_whole, render, render_portfolio
from apps.research.results import result_of
from apps.research.running import Outcome
from apps.trading.metrics.measure import Measured

if TYPE_CHECKING:
    from apps.research.portfolios import Together


def page_of(outcome: Outcome, figures: Measured) -> str:
    """One HTML page that needs nothing else."""
    return render(result_of(outcome, figures, with_trades=False), drawing_of(outcome, figures))


def drawing_of(outcome: Outcome, figures: Measured) -> dict[str, Any]:
    """What the page draws, small enough to be kept beside a stored result."""
    return draw(
        figures,
        bars=outcome.bars,
        bar_ms=outcome.bar_ms,
        instrument=outcome.instrument,
        label=outcome.series.label,
    )


def portfolio_page(together: "Together", *, title: str) -> str:
    """One HTML page of all bots together and of each."""
    from apps.research.portfolios import portfolio_result

    return render_portfolio(
        portfolio_result(together, with_trades=False),
        draw_whole(together.curve),
        {
            name: drawing_of(outcome, together.figures[name])
            for name, outcome in together.outcomes.items()
        },
        title=title,
    )


def stored_page(row: Any) -> str:
    """Of a finished backtest; ResearchRefused says why there is none."""
    if row.result is None or row.drawing is None:
        raise ResearchRefused(f"{row} is {row.status}: a report needs a finished backtest")
    return render(row.result, row.drawing)
