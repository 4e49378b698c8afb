"""What a bench found: figures with units and targets, and the machine they were found on."""

import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value. `most`: the target it should not exceed, None when there is none."""

    name: str
    value: float
    unit: str
    most: float | None = None
    note: str = ""

    @property
    def met(self) -> bool | None:
        return None if self.most is None else self.value <= self.most


def share(samples: Sequence[float], part: float) -> float:
    """A percentile (0.5, 0.99): the smallest sample that so many do not exceed; NaN without any."""
    if not samples:
        return float("nan")
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def machine() -> dict[str, Any]:
    """What one has to know to judge the figures."""
    return {
        "cores": os.cpu_count(),
        "load": [round(each, 1) for each in os.getloadavg()],
        "memory_mb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20,
        "python": platform.python_version(),
        "cpu": _cpu_model(),
    }


def table(figures: Sequence[Figure]) -> str:
    """The figures for people, one a line, with what was aimed at."""
    lines = []
    for figure in figures:
        aim = "" if figure.most is None else f"<= {figure.most:g} {figure.unit}"
        verdict = {None: "", True: "met", False: "MISSED"}[figure.met]
        value = f"{figure.value:,.1f}"
        line = f"{figure.name:<44}{value:>10} {figure.unit:<14}{aim:<22}{verdict:<7}{figure.note}"
        lines.append(line.rstrip())
    return "\n".join(lines)


def as_json(figures: Sequence[Figure]) -> list[dict[str, Any]]:
    return [
        {**asdict(figure), "met": figure.met, "value": _number(figure.value)} for figure in figures
    ]


def _number(value: float) -> float | None:
    return None if value != value else round(value, 3)


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
