"""`manage.py bench backtest`: our backtest beside other engines', agreement beside speed.

Engines run in environments that the caller names, take turns at the same bars, and are compared by
the processor time of the call itself: ours with its whole report, theirs without (`--report`
asks them for theirs too).
"""

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apps.markets.files import read_bars
from apps.markets.generated import generated_bars
from apps.trading.bar import Bars, timeframe_ms
from workers.bench.figures import machine
from workers.bench.rivals import (
    ENGINES,
    OURS,
    Contestant,
    Measured,
    agreement,
    ask_in_turn,
    contest,
    write_columns,
)

SEED = 20_261_121
STRATEGIES: Mapping[str, Mapping[str, float]] = {
    "ema_cross": {"fast": 12, "slow": 26},
    "rsi": {"period": 14, "oversold": 30.0, "overbought": 70.0},
}
RULES = {"fee": 0.001, "take_profit": 0.01, "stop_loss": 0.009}
# How many times faster ours is to be, by engine and number of bars, on ema_cross.
TARGETS: Mapping[tuple[str, int], float] = {
    ("freqtrade", 100_000): 1000.0,
    ("backtesting.py", 100_000): 100.0,
    ("vectorbt numba", 1_000_000): 6.0,
    ("vectorbt rust", 1_000_000): 3.0,
    ("vectorbt rust", 100_000): 10.0,
}
# Agreement with this engine is promised: its fill rules are ours.
AGREES = ("freqtrade", 0.995)

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Course:
    """The bars that all engines run over."""

    name: str
    path: Path
    bars: int
    bar_ms: int


@dataclass(frozen=True, slots=True)
class Row:
    """One engine at one course and strategy, beside ours."""

    course: str
    bars: int
    strategy: str
    engine: str
    cpu_ms: float
    bars_per_s: float
    times_ours: float
    target: float | None
    trades: int
    entries: float
    exits: float
    peak_mib: float

    @property
    def met(self) -> bool | None:
        return None if self.target is None else self.times_ours >= self.target

    def as_json(self) -> dict[str, Any]:
        told = {name: getattr(self, name) for name in self.__slots__}
        return {**told, "met": self.met}


def declare(benches: Any) -> None:
    """The command's arguments."""
    parser: ArgumentParser = benches.add_parser(
        "backtest", help="our backtest beside other engines', in environments you name"
    )
    parser.add_argument(
        "--peer",
        action="append",
        type=environment,
        default=[],
        metavar="NAME=PYTHON",
        help=f"an environment with one of {', '.join(ENGINES)}, by its interpreter",
    )
    parser.add_argument(
        "--bars", type=counts, default=(10_000, 100_000, 1_000_000), metavar="N,N",
        help="lengths of the generated 1m bars",
    )  # fmt: skip
    parser.add_argument(
        "--candles", action="append", type=Path, default=[], metavar="FILE",
        help="a CSV or Parquet file to run over as well",
    )  # fmt: skip
    parser.add_argument("--rounds", type=int, default=5, help="counted turns of every engine")
    parser.add_argument("--report", action="store_true", help="their full statistics too")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")


def environment(text: str) -> tuple[str, str]:
    name, _, python = text.partition("=")
    if name not in ENGINES:
        raise ArgumentTypeError(f"{name!r} is none of {', '.join(ENGINES)}")
    if not Path(python).is_file():
        raise ArgumentTypeError(f"{python!r} is not an interpreter: give NAME=/path/to/python")
    return name, python


def counts(text: str) -> tuple[int, ...]:
    parts = [part.replace("_", "") for part in text.split(",") if part]
    if not all(part.isdigit() and int(part) >= 1000 for part in parts):
        raise ArgumentTypeError(f"{text!r}: give lengths from 1000 up, as 10000,100000")
    return tuple(int(part) for part in parts)


def run(options: Mapping[str, Any], *, say: Say) -> list[Row]:
    """All courses, both strategies, every engine; rows as they were measured."""
    rows: list[Row] = []
    with contest(dict(options["peer"])) as (contestants, folder):
        for course in _courses(options, folder):
            for strategy in STRATEGIES:
                say(f"{course.name}, {strategy}")
                rows += _compare(contestants, course, strategy, options, say)
    return rows


def _courses(options: Mapping[str, Any], folder: Path) -> list[Course]:
    courses = []
    if options["bars"]:
        longest = generated_bars(
            symbol="BTC/USDT", timeframe="1m", count=max(options["bars"]), seed=SEED
        )
        path = folder / "generated.npz"
        write_columns(path, longest)
        courses += [
            Course(f"generated {count:,}", path, count, timeframe_ms("1m"))
            for count in sorted(options["bars"])
        ]
    for k, file in enumerate(options["candles"]):
        read = read_bars(file)
        path = folder / f"file{k}.npz"
        write_columns(path, Bars(*read.bars))
        courses.append(Course(file.name, path, len(read.bars.open_at), read.timeframe_ms))
    return courses


def _compare(
    contestants: Sequence[Contestant],
    course: Course,
    strategy: str,
    options: Mapping[str, Any],
    say: Say,
) -> list[Row]:
    request = {
        "task": "backtest",
        "file": str(course.path),
        "bars": course.bars,
        "bar_ms": course.bar_ms,
        "strategy": strategy,
        "params": STRATEGIES[strategy],
        "report": options["report"],
        **RULES,
    }
    measured, refused = ask_in_turn(contestants, request, rounds=options["rounds"])
    for name, why in refused.items():
        say(f"  {name} {why}")
    ours = next(each for each in measured if each.engine == OURS.name)
    return [_row(each, ours, course, strategy) for each in measured]


def _row(each: Measured, ours: Measured, course: Course, strategy: str) -> Row:
    target = TARGETS.get((each.engine, course.bars)) if strategy == "ema_cross" else None
    return Row(
        course=course.name,
        bars=course.bars,
        strategy=strategy,
        engine=each.engine,
        cpu_ms=each.typical_s * 1000,
        bars_per_s=course.bars / each.typical_s,
        times_ours=each.typical_s / ours.typical_s,
        target=target,
        trades=each.trades,
        entries=agreement(ours.opened_at, each.opened_at),
        exits=agreement(ours.closed_at, each.closed_at),
        peak_mib=each.peak_mib,
    )


def held(rows: Sequence[Row]) -> bool:
    """Whether the engine whose rules are ours agrees, and every ratio that is aimed at is met."""
    name, least = AGREES
    agree = all(min(row.entries, row.exits) >= least for row in rows if row.engine == name)
    return agree and all(row.met is not False for row in rows)


def table(rows: Sequence[Row]) -> str:
    seen = machine()
    lines = [
        f"{seen['cpu']}, {seen['cores']} cores, load {seen['load'][0]}; CPU medians, in turn",
        f"{'engine':<16}{'CPU ms':>11}{'bars/s':>13}{'ours is':>11}{'aim':>8}"
        f"{'trades':>9}{'entries':>9}{'exits':>9}{'MiB':>7}",
    ]
    shown = ("", "")
    for row in rows:
        if (row.course, row.strategy) != shown:
            shown = row.course, row.strategy
            lines.append(f"-- {row.course}, {row.strategy}")
        aim = "" if row.target is None else f"{row.target:g}x{'' if row.met else ' !'}"
        lines.append(
            f"{row.engine:<16}{row.cpu_ms:>11,.2f}{row.bars_per_s:>13,.0f}"
            f"{row.times_ours:>10,.1f}x{aim:>8}{row.trades:>9,}"
            f"{row.entries:>9.2%}{row.exits:>9.2%}{row.peak_mib:>7,.0f}"
        )
    return "\n".join(lines)
