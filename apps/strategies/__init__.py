"""One file per strategy; sees only apps.trading. This module finds them."""

import importlib
import importlib.util
import pkgutil
import sys
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class StrategyFileError:
    """A strategy file that could not be loaded: where, and what to look at."""

    path: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}, line {self.line}: {self.message}"


Guard = Callable[[], AbstractContextManager[None]]


def load_strategies(
    folder: Path | None = None, *, guard: Guard = nullcontext
) -> list[StrategyFileError]:
    """Load ours, then every *.py of the user's folder; what fails is reported, not raised.

    `guard` is held around each of the user's files, such as a limit of time.
    """
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    if folder is None:
        return []
    if not folder.is_dir():
        return [StrategyFileError(str(folder), 0, "is not a folder: correct STRATEGY_PATH")]
    problems = (load_strategy_file(path, guard=guard) for path in sorted(folder.glob("*.py")))
    return [problem for problem in problems if problem is not None]


def load_strategy_file(path: Path, *, guard: Guard = nullcontext) -> StrategyFileError | None:
    """Load one file of a user's; what is wrong with it."""
    name = f"user_strategies.{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        return StrategyFileError(str(path), 0, "cannot be read as Python")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        with guard():
            spec.loader.exec_module(module)
    except Exception as error:
        # A user's file may raise anything; the other strategies must not suffer.
        del sys.modules[name]
        return StrategyFileError(str(path), _line(error, path), f"{type(error).__name__}: {error}")
    return None


def _line(error: Exception, path: Path) -> int:
    """The last line of the user's file on the way to the error."""
    if isinstance(error, SyntaxError):
        return error.lineno or 0
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno or 0 for frame in frames if frame.filename == str(path)]
    return lines[-1] if lines else 0
