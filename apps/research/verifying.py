"""`manage.py verify-strategy`: is a strategy honest? A table of checks, and an exit code."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from textwrap import wrap
from typing import Any

import numpy as np

from apps.research import judging
from apps.research.judging import Patience
from apps.research.options import (
    GENERATED_TIMEFRAME,
    OneSentence,
    add_strategy_values,
    given_values,
)
from apps.research.refusals import ResearchRefused
from apps.research.series import Series, from_files, generated
from apps.research.wishes import plain_instrument
from apps.trading import honesty
from apps.trading.bar import TIMEFRAMES_MS
from apps.trading.column import Column
from apps.trading.honesty import Check
from apps.trading.params import Values
from apps.trading.strategy import Strategy, strategies

HONEST, FAILED, REFUSED = 0, 1, 2
LEAST_BARS = 3_000
_WIDTH, _LABEL = 80, 21


def main(argv: Sequence[str], *, strategy_folder: Path | None) -> int:
    """Verify one strategy; the exit code: 1 when a check fails, 2 when what was asked cannot be."""
    as_json = "--json" in argv
    try:
        options = _parser().parse_args(list(argv))
        patience = Patience(options.time_limit)
        strategy = _strategy(options.strategy, strategy_folder, patience)
        answer = _verified(strategy, options, patience)
    except ResearchRefused as refused:
        print(refused, file=sys.stderr)  # noqa: T201
        if as_json:
            print(json.dumps({"error": str(refused)}))  # noqa: T201
        return REFUSED
    except KeyboardInterrupt:
        return 130
    print(json.dumps(answer) if as_json else _table(answer))  # noqa: T201
    return HONEST if answer["passed"] else FAILED


def _parser() -> argparse.ArgumentParser:
    made = OneSentence(
        prog="manage.py verify-strategy",
        description="Check that a strategy is honest: it does not look ahead, remembers enough, "
        "gives the same answer twice and the same live as in a backtest. Exit code 1 when it is "
        "not.",
    )
    made.add_argument("strategy", help="its name, or the file of one of your own")
    add_strategy_values(made)
    made.add_argument("--candles", type=Path, metavar="FILE", help="bars (default: invented ones)")
    made.add_argument(
        "--timeframe", choices=list(TIMEFRAMES_MS), default="", metavar="T",
        help=f"length of an invented bar (default {GENERATED_TIMEFRAME})",
    )  # fmt: skip
    made.add_argument("--seed", type=int, default=1, help="of the invented market (default 1)")
    made.add_argument("--json", action="store_true", help="the answer as JSON")
    made.add_argument(
        "--time-limit", type=float, default=judging.LIMIT_S, metavar="S",
        help=f"seconds that all checks may take (default {judging.LIMIT_S:g})",
    )  # fmt: skip
    return made


def _strategy(name: str, folder: Path | None, patience: Patience) -> Strategy:
    """By its name, or that of a file, which need not lie in the folder of strategies."""
    if not name.endswith(".py"):
        return judging.find_strategy(name, folder=folder, patience=patience)
    path = Path(name).resolve()
    if not path.is_file():
        raise ResearchRefused(f"there is no file {name}: give a strategy's name, or its file")
    before = set(strategies())
    problem = judging.load_file(path)
    if problem is not None:
        raise ResearchRefused(f"{problem}; correct it there")
    found = [item for key, item in strategies().items() if key not in before]
    if len(found) != 1:
        names = ", ".join(item.name for item in found) or "none"
        raise ResearchRefused(
            f"{name} must register one strategy of a name not yet taken; it registers {names}"
        )
    return found[0]


def _verified(
    strategy: Strategy, options: argparse.Namespace, patience: Patience
) -> dict[str, Any]:
    p, _plan = judging.chosen(
        strategy,
        parameters=given_values(options.parameters),
        preset=options.preset,
        plan={},
        patience=patience,
    )
    with judging.told(f"strategy {strategy.name}", patience):
        needed = honesty.least_bars(strategy, p)
    series = _series(options, needed)
    ready = strategy.reading(_invented_columns(strategy, series))
    if len(series.bars.open_at) < needed:
        raise ResearchRefused(
            f"{len(series.bars.open_at):,} bars are too few to verify {strategy.name}: "
            f"give at least {needed:,}"
        )
    with judging.told(f"strategy {strategy.name}", patience):
        checks = list(honesty.verify(ready, series.bars, p))
    return _answer(strategy, p, series, checks)


def _series(options: argparse.Namespace, needed: int) -> Series:
    if options.candles:
        instrument = plain_instrument()
        return from_files(options.candles, instrument=instrument, timeframe=options.timeframe)
    return generated(
        instrument=plain_instrument("BTC/USDT"),
        timeframe=options.timeframe or GENERATED_TIMEFRAME,
        count=max(LEAST_BARS, needed + LEAST_BARS // 3),
        seed=options.seed,
    )


def _invented_columns(strategy: Strategy, series: Series) -> dict[str, Column]:
    """Random numbers from 0 to 1: what a column says does not matter to these checks."""
    rng = np.random.default_rng(1)
    times = series.bars.open_at
    return {name: Column(times, rng.random(len(times))) for name in strategy.needs}


def _answer(
    strategy: Strategy, p: Values, series: Series, checks: Sequence[Check]
) -> dict[str, Any]:
    return {
        "strategy": strategy.name,
        "params": dict(p),
        "bars": len(series.bars.open_at),
        "market": series.label,
        "columns": [f"{words}: random numbers" for words in strategy.needs.values()],
        "checks": [{"name": c.name, "passed": c.passed, "said": c.said} for c in checks],
        "passed": all(check.passed for check in checks),
    }


def _table(answer: dict[str, Any]) -> str:
    changed = ", ".join(f"{name} {value}" for name, value in answer["params"].items())
    rows = [
        ("strategy", f"{answer['strategy']} ({changed})"),
        ("bars", f"{answer['market']}: {answer['bars']:,}"),
        *(("column", column) for column in answer["columns"]),
    ]
    rows += [
        (f"{'passed' if check['passed'] else 'FAILED'}  {check['name']}", check["said"])
        for check in answer["checks"]
    ]
    verdict = "honest" if answer["passed"] else "NOT honest: do not trust its backtests"
    lines = [_lines(label, text) for label, text in rows]
    return "\n".join([*lines, "", f"{answer['strategy']} is {verdict}."])


def _lines(label: str, text: str) -> str:
    indent = " " * _LABEL
    return "\n".join(wrap(f"{label:<{_LABEL}}{text}", _WIDTH, subsequent_indent=indent))
