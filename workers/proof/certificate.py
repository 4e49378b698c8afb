"""What a drill found, for people and for programs."""

import os
import platform
import subprocess
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from django.db import connection

from workers.launch.bootstrap import ROOT
from workers.proof.agreement import Agreement
from workers.proof.recovery import Recovery

_PACKAGES = ("celery", "kombu", "redis", "django", "psycopg2-binary", "ccxt", "numba")


@dataclass(frozen=True, slots=True)
class Blow:
    """One fault and what came of it. `wrong` names everything that was not as promised."""

    name: str
    what: str
    at: datetime
    recovery: Recovery
    agreement: Agreement
    wrong: list[str]
    noted: dict[str, Any] = field(default_factory=dict)
    load: float = field(default_factory=lambda: os.getloadavg()[0])

    def __str__(self) -> str:
        more = "".join(f"; {name} {value}" for name, value in self.noted.items())
        return f"{self.what}: {self.recovery}; {self.agreement}{more}"

    def as_json(self) -> dict[str, Any]:
        return {
            "fault": self.name,
            "what": self.what,
            "at": self.at.isoformat(),
            "bots_back": len(self.recovery.seconds),
            "program_s": self.recovery.program_s,
            "p50_s": round(self.recovery.share(0.5), 2),
            "p99_s": round(self.recovery.share(0.99), 2),
            "max_s": round(self.recovery.longest_s, 2),
            "agreement": asdict(self.agreement),
            "wrong": self.wrong,
            "slowest": self.recovery.slowest,
            "load": round(self.load, 1),
            **self.noted,
        }


@dataclass(slots=True)
class Certificate:
    """A whole drill."""

    bots: int
    rounds: int
    limit_s: float
    seed: int
    began_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    ended_at: datetime | None = None
    blows: list[Blow] = field(default_factory=list)
    plants: dict[str, list[str]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return not self.wrong and not any(blow.wrong for blow in self.blows)

    def as_json(self) -> dict[str, Any]:
        return {
            "passed": self.passed,
            "bots": self.bots,
            "rounds": self.rounds,
            "limit_s": self.limit_s,
            "seed": self.seed,
            "began_at": self.began_at.isoformat(),
            "ended_at": self.ended_at.isoformat() if self.ended_at else None,
            "blows": [blow.as_json() for blow in self.blows],
            "plants": self.plants,
            "wrong": self.wrong,
            "machine": machine(),
            "versions": versions(),
        }

    def lines(self) -> list[str]:
        """The certificate as a page of text."""
        head = f"{len(self.blows)} faults on {self.bots} bots, limit {self.limit_s:.0f} s each"
        lines = ["", f"CERTIFICATE  {head}  (seed {self.seed})", ""]
        names = ("at", "p50", "p99", "max", "settled", "load", "fault")
        lines.append("  {:8}  {:>6}  {:>6}  {:>6}  {:>7}  {:>5}  {}".format(*names))
        for blow in self.blows:
            lines.append(
                f"  {blow.at:%H:%M:%S}  {blow.recovery.share(0.5):5.1f}s"
                f"  {blow.recovery.share(0.99):5.1f}s  {blow.recovery.longest_s:5.1f}s"
                f"  {blow.agreement.settled_s:6.1f}s  {blow.load:5.1f}  {blow.what}"
            )
            lines += [f"            {name}: {value}" for name, value in blow.noted.items()]
            lines += [f"            WRONG: {line}" for line in blow.wrong]
        if self.blows:
            last = self.blows[-1].agreement
            differing = sum(len(blow.agreement.differences) for blow in self.blows)
            lines += ["", f"  Compared at the end: {last}"]
            lines.append(f"  Differences over all {len(self.blows)} comparisons: {differing}")
        for kind, found in self.plants.items():
            lines.append(f"  Planted {kind}: found ({found[0]})")
        lines += [f"  WRONG: {line}" for line in self.wrong]
        lines += [f"  {name}: {value}" for name, value in {**machine(), **versions()}.items()]
        lines += ["", f"  {'PASSED' if self.passed else 'FAILED'}"]
        return lines


def machine() -> dict[str, str]:
    """What it ran on."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "machine": f"{platform.system()} {platform.release()} {platform.machine()}, "
        f"{os.cpu_count()} cores, {pages / 2**30:.0f} GiB",
        "load": ", ".join(f"{load:.1f}" for load in os.getloadavg()),
    }


def versions() -> dict[str, str]:
    """What ran."""
    found = {"python": platform.python_version(), "flotilla": _commit()}
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        found["postgresql"] = cursor.fetchone()[0]
    return found | {name: version(name) for name in _PACKAGES}


def _commit() -> str:
    """The commit of the checkout, when it is one."""
    asked = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return asked.stdout.strip() or "unknown"
