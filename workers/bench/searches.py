"""`manage.py bench search`: many sets over the same bars, ours beside vectorbt's engines."""

from argparse import ArgumentParser
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from apps.markets.generated import generated_bars
from apps.research.search.methods import METHODS
from apps.trading.bar import timeframe_ms
from workers.bench.backtests import RULES, SEED, environment
from workers.bench.figures import machine
from workers.bench.rivals import OURS, Measured, ask_in_turn, contest, write_columns

# Twenty-five fast averages by forty slow ones.
FAST, SLOW = range(5, 30), range(30, 110, 2)
BARS = 10_000
MOST_MIB = 300.0
SPREAD_SETS = 20_000
TARGETS: Mapping[str, float] = {"vectorbt rust": 5.0}

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Row:
    """One engine's search beside ours. `likeness`: correlation of the sets' returns with ours."""

    engine: str
    cpu_ms: float
    bar_sets_per_s: float
    times_ours: float
    target: float | None
    likeness: float
    peak_mib: float

    @property
    def met(self) -> bool | None:
        if self.engine == OURS.name:
            return self.peak_mib <= MOST_MIB
        return None if self.target is None else self.times_ours >= self.target

    def as_json(self) -> dict[str, Any]:
        told = {name: getattr(self, name) for name in self.__slots__}
        return {**told, "met": self.met}


def declare(benches: Any) -> None:
    """The command's arguments."""
    parser: ArgumentParser = benches.add_parser(
        "search", help="our search beside other engines', in environments you name"
    )
    parser.add_argument(
        "--peer", action="append", type=environment, default=[], metavar="NAME=PYTHON",
        help="an environment with vectorbt, by its interpreter",
    )  # fmt: skip
    parser.add_argument("--bars", type=int, default=BARS, help="length of the generated 1m bars")
    parser.add_argument("--rounds", type=int, default=5, help="counted turns of every engine")
    parser.add_argument(
        "--spread", type=int, nargs="?", const=2, default=0, metavar="N",
        help="instead: one search by one research process of a fleet and by N (default 2)",
    )  # fmt: skip
    parser.add_argument(
        "--sets", type=int, default=SPREAD_SETS, help=f"of --spread (default {SPREAD_SETS:,})"
    )
    parser.add_argument(
        "--method", choices=METHODS, default="random", help="of --spread (default random)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")


def run(options: Mapping[str, Any], *, say: Say) -> list[Row]:
    """Every engine in turn; rows as they were measured."""
    bars = generated_bars(symbol="BTC/USDT", timeframe="1m", count=options["bars"], seed=SEED)
    pairs = list(product(FAST, SLOW))
    with contest(dict(options["peer"])) as (contestants, folder):
        path = folder / "generated.npz"
        write_columns(path, bars)
        request = {
            "task": "search",
            "file": str(path),
            "bars": options["bars"],
            "bar_ms": timeframe_ms("1m"),
            "fast": [fast for fast, _ in pairs],
            "slow": [slow for _, slow in pairs],
            **RULES,
        }
        say(f"{len(pairs):,} sets of ema_cross over {options['bars']:,} bars")
        measured, refused = ask_in_turn(contestants, request, rounds=options["rounds"])
    for name, why in refused.items():
        say(f"  {name} {why}")
    ours = next(each for each in measured if each.engine == OURS.name)
    return [_row(each, ours, options["bars"] * len(pairs)) for each in measured]


def _row(each: Measured, ours: Measured, bar_sets: int) -> Row:
    # A search answers with the number of each set and its return.
    return Row(
        engine=each.engine,
        cpu_ms=each.typical_s * 1000,
        bar_sets_per_s=bar_sets / each.typical_s,
        times_ours=each.typical_s / ours.typical_s,
        target=TARGETS.get(each.engine),
        likeness=float(np.corrcoef(each.closed_at, ours.closed_at)[0, 1]),
        peak_mib=each.peak_mib,
    )


def held(rows: Sequence[Row]) -> bool:
    return all(row.met is not False for row in rows)


def table(rows: Sequence[Row]) -> str:
    seen = machine()
    lines = [
        f"{seen['cpu']}, {seen['cores']} cores, load {seen['load'][0]}; CPU medians, in turn",
        f"{'engine':<16}{'CPU ms':>11}{'bar-sets/s':>15}{'ours is':>11}{'aim':>8}"
        f"{'likeness':>10}{'MiB':>7}",
    ]
    for row in rows:
        aim = "" if row.target is None else f"{row.target:g}x{'' if row.met else ' !'}"
        lines.append(
            f"{row.engine:<16}{row.cpu_ms:>11,.1f}{row.bar_sets_per_s:>15,.0f}"
            f"{row.times_ours:>10,.1f}x{aim:>8}{row.likeness:>10.4f}{row.peak_mib:>7,.0f}"
        )
    return "\n".join(lines)
