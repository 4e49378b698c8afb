"""What a bench and an engine say to each other: a request a line, an answer a line."""

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np


class Columns(NamedTuple):
    """The bars of one request: `time` in ms UTC, the others float64."""

    time: Any
    open: Any
    high: Any
    low: Any
    close: Any
    volume: Any


class Trades(NamedTuple):
    """When positions were opened and left, in ms UTC of the bars that filled them."""

    opened_at: Any
    closed_at: Any


class Refused(Exception):
    """The engine cannot do this; the message says why."""


Run = Callable[[Columns, dict[str, Any]], Trades]


def read_columns(path: str, bars: int) -> Columns:
    with np.load(path) as file:
        return Columns(*(np.ascontiguousarray(file[name][:bars]) for name in Columns._fields))


def serve(tasks: dict[str, Run]) -> None:
    """Answer requests until there are none left.

    A request: task, file, bars, and the task's own values. The answer: cpu_s and wall_s of the
    task itself (reading the file is not counted), peak_mib of the process so far, trades and
    the file they were written to; or `refused`.
    """
    out = sys.stdout
    # Whatever a library prints must not be taken for an answer.
    sys.stdout = sys.stderr
    for line in sys.stdin:
        out.write(json.dumps(_answer(tasks, json.loads(line))) + "\n")
        out.flush()


def _answer(tasks: dict[str, Run], request: dict[str, Any]) -> dict[str, Any]:
    task = tasks.get(request["task"])
    if task is None:
        return {"refused": f"has no {request['task']}"}
    columns = read_columns(request["file"], request["bars"])
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        trades = task(columns, request)
    except Refused as trouble:
        return {"refused": str(trouble)}
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    np.savez(Path(request["trades"]), opened_at=trades.opened_at, closed_at=trades.closed_at)
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"cpu_s": cpu, "wall_s": wall, "peak_mib": peak_mib, "trades": len(trades.opened_at)}
