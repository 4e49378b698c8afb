"""Engines of other projects, each in an environment of its own, asked the same in turn."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

from apps.trading.bar import Bars

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Engine:
    """A program of `workers.bench.engines`. `most_bars`: more would take it minutes."""

    name: str
    module: str
    most_bars: int = 10_000_000
    values: tuple[tuple[str, str], ...] = ()


OURS = Engine("flotilla", "in_flotilla")
# By the name an environment is given for.
ENGINES: Mapping[str, tuple[Engine, ...]] = {
    "vectorbt": (
        Engine("vectorbt rust", "in_vectorbt", values=(("engine", "rust"),)),
        Engine("vectorbt numba", "in_vectorbt", values=(("engine", "numba"),)),
    ),
    "backtesting": (Engine("backtesting.py", "in_backtesting", most_bars=100_000),),
    "freqtrade": (Engine("freqtrade", "in_freqtrade", most_bars=100_000),),
}


class EngineError(RuntimeError):
    """An engine could not be started, or ended; the message holds its last words."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One engine's answer to one question, of several rounds."""

    engine: str
    cpu_s: tuple[float, ...]
    peak_mib: float
    trades: int
    opened_at: NDArray[Any]
    closed_at: NDArray[Any]

    @property
    def typical_s(self) -> float:
        """The median of the rounds after the first, which compiles and loads."""
        return median(self.cpu_s[1:])


class Contestant:
    """One running engine."""

    def __init__(self, engine: Engine, python: str, folder: Path) -> None:
        self.engine = engine
        self._trades = folder / f"{engine.name.replace(' ', '-')}.npz"
        self._errors = (folder / f"{engine.name.replace(' ', '-')}.log").open("w+")
        process = subprocess.Popen(
            [python, "-m", f"workers.bench.engines.{engine.module}"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        self._process = process
        self._questions = cast(IO[str], process.stdin)
        self._answers = cast(IO[str], process.stdout)

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """One answer; EngineError when there is none."""
        whole = {**request, **dict(self.engine.values), "trades": str(self._trades)}
        try:
            self._questions.write(json.dumps(whole) + "\n")
            self._questions.flush()
            line = self._answers.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise EngineError(f"{self.engine.name} ended: {self._last_words()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def trades(self) -> tuple[NDArray[Any], NDArray[Any]]:
        with np.load(self._trades) as file:
            return file["opened_at"], file["closed_at"]

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._questions, self._answers, self._errors):
            # What was written for an engine that is gone cannot be flushed any more.
            with suppress(BrokenPipeError):
                pipe.close()

    def _last_words(self) -> str:
        self._process.wait()
        self._errors.seek(0)
        lines = [line for line in self._errors.read().splitlines() if line.strip()]
        return lines[-1] if lines else f"exit code {self._process.returncode}"


@contextmanager
def contest(environments: Mapping[str, str]) -> Iterator[tuple[list[Contestant], Path]]:
    """Our engine and those of the environments (name -> interpreter), running; and their folder."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        running = [Contestant(OURS, sys.executable, folder)]
        for environment, python in environments.items():
            running.extend(Contestant(each, python, folder) for each in ENGINES[environment])
        try:
            yield running, folder
        finally:
            for each in running:
                each.end()


def write_columns(path: Path, bars: Bars) -> None:
    """As `speech.read_columns` reads them."""
    np.savez(
        path,
        time=bars.open_at,
        open=bars.open,
        high=bars.high,
        low=bars.low,
        close=bars.close,
        volume=bars.volume,
    )


def ask_in_turn(
    contestants: Sequence[Contestant], request: Mapping[str, Any], *, rounds: int
) -> tuple[list[Measured], dict[str, str]]:
    """Every engine once a round, so that all live through the same weather; and who refused."""
    taken: dict[str, list[dict[str, Any]]] = {}
    refused: dict[str, str] = {}
    asked = [each for each in contestants if request["bars"] <= each.engine.most_bars]
    for _ in range(rounds + 1):
        for each in asked:
            if each.engine.name in refused:
                continue
            answer = each.ask(request)
            if "refused" in answer:
                refused[each.engine.name] = answer["refused"]
            else:
                taken.setdefault(each.engine.name, []).append(answer)
    found = [each for each in asked if each.engine.name in taken]
    return [_measured(each, taken[each.engine.name]) for each in found], refused


def _measured(contestant: Contestant, answers: Sequence[Mapping[str, Any]]) -> Measured:
    opened_at, closed_at = contestant.trades()
    return Measured(
        engine=contestant.engine.name,
        cpu_s=tuple(answer["cpu_s"] for answer in answers),
        peak_mib=max(answer["peak_mib"] for answer in answers),
        trades=answers[-1]["trades"],
        opened_at=opened_at,
        closed_at=closed_at,
    )


def agreement(ours: NDArray[Any], theirs: NDArray[Any]) -> float:
    """Share of the moments of the longer list that are in both."""
    if not len(ours) and not len(theirs):
        return 1.0
    return len(np.intersect1d(ours, theirs)) / max(len(ours), len(theirs))
