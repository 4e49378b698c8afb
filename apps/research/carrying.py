"""Carries out a stored backtest, inside a worker."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings

from apps.research.columns import columns_of, with_read_columns
from apps.research.judging import Patience, find_strategy
from apps.research.models import Backtest
from apps.research.refusals import Canceled
from apps.research.reports import drawing_of
from apps.research.results import measured, result_of
from apps.research.running import Progress, run_backtest
from apps.research.stored import series_of
from apps.research.wishes import Wish


def carry_out_backtest(
    *, id: UUID, progress: Progress, canceled: Callable[[], bool]
) -> dict[str, Any]:
    """The columns of the finished row. ResearchRefused, or Canceled."""
    row = Backtest.objects.get(pk=id)
    patience = Patience(canceled=canceled)
    found = find_strategy(row.strategy, folder=strategy_folder(), patience=patience)
    strategy = with_read_columns(found, columns_of(row.columns))
    progress(0.1, "reading the bars")
    series = series_of(row.source, symbol=row.symbol, timeframe=row.timeframe)
    if canceled():
        raise Canceled
    outcome = run_backtest(
        wish=Wish.from_json(row.wish),
        series=series,
        strategy=strategy,
        patience=patience,
        progress=progress,
    )
    progress(0.8, "figures")
    figures = measured(outcome)
    result = result_of(outcome, figures)
    progress(0.95, "saving")
    return {**fields_of(result), "drawing": drawing_of(outcome, figures)}


def fields_of(result: Mapping[str, Any]) -> dict[str, Any]:
    """A result as the row keeps it: whole, and in columns what lists show."""
    metrics = result["metrics"]
    return {
        "result": dict(result),
        "bars": result["bars"],
        "trades": metrics["trades"],
        "total_return": metrics["total_return"],
        "max_drawdown": metrics["max_drawdown"],
        "win_rate": metrics["win_rate"],
        "profit_factor": metrics["profit_factor"],
        "sharpe": metrics["sharpe"],
        "score": metrics["score"],
        "engine_version": result["engine"]["version"],
        "engine_signature": result["engine"]["signature"],
    }


def strategy_folder() -> Path | None:
    """Where the user's strategies are."""
    return Path(settings.STRATEGY_PATH) if settings.STRATEGY_PATH else None


def _carry_out_search(**given: Any) -> dict[str, Any]:
    # A process that only backtests does not load what searches need.
    from apps.research.search.carrying import carry_out_search

    return carry_out_search(**given)


def _carry_out_share(**given: Any) -> dict[str, Any]:
    from apps.research.search.carrying import carry_out_share

    return carry_out_share(**given)


CARRIERS: Mapping[str, Callable[..., dict[str, Any]]] = {
    "backtest": carry_out_backtest,
    "search": _carry_out_search,
    "search_share": _carry_out_share,
}
