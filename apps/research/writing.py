"""`manage.py newstrategy`: writes a strategy of the user's own that keeps every promise."""

import argparse
import keyword
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from string import Template

from apps.research.options import OneSentence
from apps.research.refusals import ResearchRefused
from apps.strategies import load_strategies
from apps.trading.strategy import strategies

OK, REFUSED = 0, 2
USUAL_FOLDER = Path("strategies")
LONGEST_NAME = 40
_NAME = re.compile(r"[a-z][a-z0-9_]*")

TEMPLATE = Template('''\
"""$title: buy when the price breaks out of its channel, sell when it falls back.

The rules are an example, Donchian's channel: put your own in their place. What a strategy may use
is in apps/trading; `manage.py verify-strategy $path` checks that it is honest.
"""

import numpy as np
from numpy.typing import NDArray

from apps.trading import indicators
from apps.trading.bar import Bars
from apps.trading.explanation import Because
from apps.trading.params import Values, whole
from apps.trading.plan import Plan
from apps.trading.signals import Signals, full_strength, no_signals
from apps.trading.strategy import Preset, Strategy, register
from apps.trading.usual_parameters import quote_per_entry, stop_loss


@register
class $kind(Strategy):
    """Enters above the highest price of the bars before, leaves below the lowest."""

    name = "$name"
    title = "$title"
    help = "Buys when the price rises above its channel and sells when it falls below it."
    parameters = (
        whole(
            "period",
            20,
            "Bars of the channel.",
            low=2,
            high=500,
            unit="bars",
            search=(10, 100),
        ),
        quote_per_entry(),
        stop_loss(),
    )
    presets = {
        "classic": Preset({}, "20 bars."),
        "guarded": Preset({"stop_loss": 0.05}, "20 bars, and gives up at 5 % loss."),
    }

    # What holds whenever the signal is given; people read it beside every order.
    explains = {
        "enter": [Because("price", "close", ">", "top", None, "the channel's top")],
        "exit": [Because("price", "close", "<", "bottom", None, "its bottom")],
    }

    def indicators(self, bars: Bars, p: Values) -> dict[str, NDArray[np.float64]]:
        """One column per name and one value per bar; nothing after the bar may count."""
        return {
            "close": bars.close,
            # Of the bars before: the bar itself would never be above its own highest price.
            "top": _before(indicators.highest(bars.high, period=p.period)),
            "bottom": _before(indicators.lowest(bars.low, period=p.period)),
        }

    def signals(self, bars: Bars, p: Values) -> Signals:
        """One verdict per bar, known at its close; NaN compares false."""
        found = self.indicators(bars, p)
        count = len(bars.close)
        return Signals(
            enter=found["close"] > found["top"],
            exit=found["close"] < found["bottom"],
            add=no_signals(count),
            strength=full_strength(count),
        )

    def plan(self, p: Values) -> Plan:
        """What a position does; ValueError when the parameters do not fit together."""
        return Plan(quote_per_entry=p.quote_per_entry, stop_loss=p.stop_loss)

    def warm_up(self, p: Values) -> int:
        """Bars at the start for which there is no verdict yet."""
        return int(p.period)

    def memory(self, p: Values) -> int:
        """Bars of history after which older ones change nothing: what live gives it."""
        return int(p.period) + 1


def _before(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """At each bar, the value of the bar before."""
    return np.concatenate(([np.nan], values))[: len(values)]
''')


def main(argv: Sequence[str], *, strategy_folder: Path | None) -> int:
    """Write the file and say what to do next; the exit code: 2 when it was refused."""
    made = OneSentence(prog="manage.py newstrategy", description=__doc__)
    made.add_argument("name", help="such as breakout: small letters, digits, underscores")
    try:
        options: argparse.Namespace = made.parse_args(list(argv))
        path = write_strategy(name=options.name, folder=strategy_folder or USUAL_FOLDER)
    except ResearchRefused as refused:
        print(refused, file=sys.stderr)  # noqa: T201
        return REFUSED
    print(_next_steps(options.name, path, known_folder=strategy_folder is not None))  # noqa: T201
    return OK


def write_strategy(*, name: str, folder: Path) -> Path:
    """A new file in the folder, made if need be; ResearchRefused says what is in the way."""
    _check(name)
    path = folder / f"{name}.py"
    words = name.split("_")
    text = TEMPLATE.substitute(
        name=name,
        path=path,
        title=" ".join(words).capitalize(),
        kind="".join(word.capitalize() for word in words),
    )
    if path.exists():
        raise ResearchRefused(f"{path} is there already: give another name, or edit that file")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise ResearchRefused(f"{path} cannot be written: {error.strerror}") from None
    return path


def _check(name: str) -> None:
    if not _NAME.fullmatch(name) or keyword.iskeyword(name) or len(name) > LONGEST_NAME:
        raise ResearchRefused(
            f"{name[:60]!r} cannot be a strategy's name: give small letters, digits and "
            f"underscores, a letter first, at most {LONGEST_NAME}, such as breakout"
        )
    load_strategies()
    if name in strategies():
        raise ResearchRefused(f"there is a strategy {name} already: give another name")


def _next_steps(name: str, path: Path, *, known_folder: bool) -> str:
    steps = [
        f"Wrote {path}: edit its rules, then",
        f"  python3 manage.py verify-strategy {path}",
    ]
    if known_folder:
        steps.append(f"  python3 manage.py backtest {name}")
    else:
        steps += [
            f"  STRATEGY_PATH={path.parent.resolve()} python3 manage.py backtest {name}",
            "and set STRATEGY_PATH for good (in .env), so that bots find it too.",
        ]
    return "\n".join(steps)
