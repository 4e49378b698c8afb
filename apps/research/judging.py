"""Asks a strategy, ours or a user's, for its plan and its signals; whatever it does is told."""

import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apps.common.strategy_limit import StrategyCanceled, StrategyTooSlowError, strategy_limit
from apps.research.refusals import Canceled, ResearchRefused
from apps.strategies import StrategyFileError, load_strategies, load_strategy_file
from apps.trading.bar import Bars
from apps.trading.params import Values
from apps.trading.plan import Plan
from apps.trading.signals import Signals, SignalShapeError, to_bits
from apps.trading.strategy import Strategy, plan_of, strategies

LIMIT_S = 60.0
"""What one call of a strategy may take, however many the bars."""
LOAD_LIMIT_S = 10.0
"""What loading one of a user's files may take."""


def never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a strategy's code may take, and who says that nobody waits for it any more."""

    seconds: float = LIMIT_S
    canceled: Callable[[], bool] = never


def find_strategy(name: str, *, folder: Path | None, patience: Patience) -> Strategy:
    """The strategy of that name; ResearchRefused lists the known ones, or what is wrong."""
    with told("the strategy files", patience):
        broken = load_strategies(folder, guard=_loading)
    known = strategies()
    if name in known:
        return known[name]
    raise ResearchRefused(_unknown(name, known, broken))


def load_file(path: Path) -> StrategyFileError | None:
    """Ours, and one file of a user's; what is wrong with it."""
    load_strategies()
    return load_strategy_file(path, guard=_loading)


def _loading() -> AbstractContextManager[None]:
    return strategy_limit(LOAD_LIMIT_S)


def chosen(
    strategy: Strategy,
    *,
    parameters: Mapping[str, Any],
    preset: str,
    plan: Mapping[str, Any],
    patience: Patience,
) -> tuple[Values, Plan]:
    """Checked values and the plan made of them; ResearchRefused names the field."""
    try:
        values = strategy.values(parameters, preset=preset)
    except (ValueError, TypeError) as error:
        raise ResearchRefused(str(error)) from error
    with told(f"strategy {strategy.name}", patience, refusals=(ValueError, TypeError)):
        return values, plan_of(strategy, values, plan)


def signal_bits(
    strategy: Strategy, *, bars: Bars, p: Values, patience: Patience
) -> NDArray[np.uint8]:
    """A verdict per bar; ResearchRefused when the strategy raises, hangs or returns nonsense."""
    with told(f"strategy {strategy.name}", patience):
        return bits_of(strategy, bars, p)


def bits_of(strategy: Strategy, bars: Bars, p: Values) -> NDArray[np.uint8]:
    """The same where somebody else tells what becomes of it."""
    # What it returns is looked at inside too: a foreign object may raise at any touch.
    given: Any = strategy.signals(bars, p)
    if not (isinstance(given, tuple) and len(given) == len(Signals._fields)):
        raise SignalShapeError(
            f"signals() returned {type(given).__name__}, not Signals(enter, exit, add, strength)"
        )
    return to_bits(Signals(*given), bars=len(bars.open_at))


def warm_up_of(strategy: Strategy, p: Values, patience: Patience) -> int:
    """Bars without a verdict at the start."""
    with told(f"strategy {strategy.name}", patience):
        return int(strategy.warm_up(p))


# ---- telling -----------------------------------------------------------------------------------


@contextmanager
def told(
    who: str, patience: Patience, *, refusals: tuple[type[Exception], ...] = ()
) -> Iterator[None]:
    """Turn whatever a strategy's code does into one sentence; `refusals` speak for themselves."""
    try:
        with strategy_limit(patience.seconds, canceled=patience.canceled):
            yield
    except StrategyCanceled:
        raise Canceled from None
    except StrategyTooSlowError as error:
        raise ResearchRefused(
            f"{who} gave no verdict within {patience.seconds:g} s{_where(error)}: "
            "make it faster, or give it fewer bars"
        ) from None
    except SignalShapeError as error:
        raise ResearchRefused(
            f"{who}: {error}; return one element per bar, as apps.trading.signals.Signals says"
        ) from error
    # SystemExit and its like would end the process that asked.
    except (Exception, SystemExit) as error:
        if isinstance(error, refusals):
            raise ResearchRefused(str(error)) from error
        raise ResearchRefused(
            f"{who} raised {type(error).__name__}: {_flat(error)}{_where(error)}; correct it there"
        ) from error


def _where(error: BaseException) -> str:
    """The innermost line of code that is neither ours nor a library's."""
    own = str(Path(__file__).resolve().parents[2])
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = frame.filename
        if "site-packages" in path or path.startswith("<"):
            continue
        if path.startswith(own) and "/strategies/" not in path:
            continue
        return f" ({path}, line {frame.lineno})"
    return ""


def _flat(error: BaseException) -> str:
    return " ".join(str(error).split())[:300] or "nothing more said"


def _unknown(name: str, known: Mapping[str, Strategy], broken: list[StrategyFileError]) -> str:
    for problem in broken:
        if Path(problem.path).stem == name:
            return f"strategy {name!r} could not be loaded: {problem}"
    told = f"strategy {name!r} is unknown; use one of {', '.join(known)}"
    return told + (f" (not loaded: {'; '.join(map(str, broken))})" if broken else "")
