"""`manage.py backtest`: from options to a table, JSON and a report; starts no server."""

import json
import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

from apps.research import options as given
from apps.research.judging import Patience, find_strategy
from apps.research.refusals import ResearchRefused
from apps.research.results import measured, result_of
from apps.research.running import Outcome, run_backtest
from apps.research.series import Series, from_files, generated
from apps.research.tables import table
from apps.research.wishes import DEFAULT_CAPITAL, FINE, Wish, exact, plain_instrument
from apps.trading.instrument import Instrument

OK, FAILED, REFUSED = 0, 1, 2
INVENTED = "BTC/USDT"


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
        return 130
    return OK


def _run(options: Namespace, folder: Path | None) -> None:
    patience = Patience(options.time_limit)
    strategy = find_strategy(options.strategy, folder=folder, patience=patience)
    series = _series(options)
    outcome = run_backtest(wish=_wish(options), series=series, strategy=strategy, patience=patience)
    _tell(options, outcome)


def _wish(options: Namespace) -> Wish:
    return Wish(
        strategy=options.strategy,
        preset=options.preset,
        parameters=given.given_values(options.parameters),
        plan=given.given_values(options.plan),
        limits=given.given_values(options.limits),
        capital=DEFAULT_CAPITAL if options.capital is None else options.capital,
        fee=options.fee,
        maker_fee=options.maker_fee,
        slippage=options.slippage,
    )


def _series(options: Namespace) -> Series:
    if options.candles:
        return from_files(
            options.candles,
            instrument=_instrument(options, "BASE/QUOTE"),
            timeframe=options.timeframe,
            finer=options.detail_candles,
        )
    return generated(
        instrument=_instrument(options, INVENTED),
        timeframe=options.timeframe or given.GENERATED_TIMEFRAME,
        count=options.bars,
        seed=options.seed,
        finer_timeframe=options.detail_timeframe,
    )


def _instrument(options: Namespace, symbol: str) -> Instrument:
    def step(text: str | None, name: str) -> Decimal:
        size = FINE if text is None else exact(text, name=name)
        if not size:
            raise ResearchRefused(f"{name} must be above 0")
        return size

    return plain_instrument(
        symbol,
        tick_size=step(options.tick_size, "--tick-size"),
        lot_size=step(options.lot_size, "--lot-size"),
        min_notional=exact(options.min_notional or "0", name="--min-notional"),
        fee_taken_in=options.fee_taken_in or "quote",
    )


# ---- telling -----------------------------------------------------------------------------------


def _tell(options: Namespace, outcome: Outcome) -> None:
    figures = measured(outcome)
    result = result_of(outcome, figures, with_trades=bool(options.json))
    if options.json:
        _write_json(options.json, result)
    if options.json != "-":
        print(table(outcome, figures))  # noqa: T201


def _write_json(place: str, result: Mapping[str, Any]) -> None:
    # NaN is not JSON: a figure without a value is null.
    text = json.dumps(result, allow_nan=False)
    if place == "-":
        print(text)  # noqa: T201
        return
    write(Path(place), text)


def write(path: Path, text: str) -> None:
    """ResearchRefused when the file cannot be written."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ResearchRefused(f"{path} cannot be written: {error.strerror}") from None
