"""What the kernel knows of a process, and how far the machine itself keeps time."""

import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """Processor time of a process since it began, all its threads together."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def memory_kb(pid: int) -> int:
    """A process's share of memory (PSS): pages it shares count in part."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    raise LookupError(f"no memory of process {pid}")


def children(pid: int) -> list[int]:
    """Processes that this one has begun and that live."""
    whole = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(each) for each in whole.split()]


def is_gone(pid: int) -> bool:
    """Whether the process ended; one that waits to be collected has."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except FileNotFoundError:
        return True


@dataclass(slots=True)
class Stretch:
    """Processor time of a process over some time."""

    pid: int
    began: float = 0.0
    cpu: float = 0.0

    def begin(self) -> "Stretch":
        self.began, self.cpu = time.monotonic(), cpu_seconds(self.pid)
        return self

    def micros_per_second(self) -> float:
        """Microseconds of processor time per second since `begin`."""
        return (cpu_seconds(self.pid) - self.cpu) / (time.monotonic() - self.began) * 1e6


class BareTimers:
    """How late the machine wakes a thread that does nothing but sleep, while this is open.

    What a fleet's timers are late beyond it is the fleet's own; on a machine whose cores are
    shared or stolen by its host it can be most of it.
    """

    def __init__(self, *, period_s: float = 0.01) -> None:
        self._period_s = period_s
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sleep, name="bare timers", daemon=True)
        self.late_ms: list[float] = []

    def __enter__(self) -> "BareTimers":
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._ended.set()
        self._thread.join()

    def _sleep(self) -> None:
        while not self._ended.is_set():
            due = time.monotonic() + self._period_s
            time.sleep(self._period_s)
            self.late_ms.append(max(0.0, time.monotonic() - due) * 1000)
