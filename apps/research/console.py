"""`manage.py backtest`: from options to a table, JSON and a report; starts no server."""

import json
import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from apps.research import options as given
from apps.research.asking import asked
from apps.research.columns import with_columns
from apps.research.judging import Patience, find_strategy
from apps.research.refusals import ResearchRefused
from apps.research.results import measured, result_of
from apps.research.running import Outcome, run_backtest
from apps.research.tables import table

OK, REFUSED, INTERRUPTED = 0, 2, 130


def main(argv: Sequence[str], *, strategy_folder: Path | None) -> int:
    """Run one backtest; the exit code: 2 when what was asked cannot be."""
    # Told as JSON too when that was asked for, whatever else is wrong with the options.
    as_json = "--json=-" in argv or ("--json", "-") in pairwise(argv)
    try:
        _run(given.wanted(argv), strategy_folder)
    except ResearchRefused as refused:
        print(refused, file=sys.stderr)  # noqa: T201
        if as_json:
            print(json.dumps({"error": str(refused)}))  # noqa: T201
        return REFUSED
    except KeyboardInterrupt:
        return INTERRUPTED
    return OK


def _run(options: Namespace, folder: Path | None) -> None:
    patience = Patience(options.time_limit)
    if options.portfolio:
        _run_portfolio(options, folder, patience)
        return
    wish, series = asked(options)
    strategy = find_strategy(wish.strategy, folder=folder, patience=patience)
    if options.columns:
        strategy = with_columns(strategy, given.given_values(options.columns))
    outcome = run_backtest(wish=wish, series=series, strategy=strategy, patience=patience)
    _tell(options, outcome)


def _tell(options: Namespace, outcome: Outcome) -> None:
    figures = measured(outcome)
    if options.json:
        _write_json(options.json, result_of(outcome, figures))
    if options.report:
        from apps.research.reports import page_of

        _write(options.report, page_of(outcome, figures))
    if options.json != "-":
        print(table(outcome, figures))  # noqa: T201


def _run_portfolio(options: Namespace, folder: Path | None, patience: Patience) -> None:
    # Here, because a single strategy needs none of it.
    from apps.research.portfolio_tables import portfolio_table
    from apps.research.portfolios import portfolio_result, run_file

    together = run_file(options.portfolio, strategy_folder=folder, patience=patience)
    if options.json:
        _write_json(options.json, portfolio_result(together))
    if options.report:
        from apps.research.reports import portfolio_page

        _write(options.report, portfolio_page(together, title=options.portfolio.stem))
    if options.json != "-":
        print(portfolio_table(together))  # noqa: T201


def _write_json(place: str, result: Mapping[str, Any]) -> None:
    # NaN is not JSON: a figure without a value is null.
    text = json.dumps(result, allow_nan=False)
    if place == "-":
        print(text)  # noqa: T201
    else:
        _write(Path(place), text)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ResearchRefused(f"{path} cannot be written: {error.strerror}") from None
