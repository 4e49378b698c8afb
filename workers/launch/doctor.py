"""`manage.py doctor`: what is wrong on this machine or installation, and what to do about it."""

import argparse
import os
import shutil
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import psycopg2
import redis

from workers.launch import report
from workers.launch.errors import LaunchError
from workers.launch.given import check_database, check_redis
from workers.launch.installation import Installation, locate
from workers.launch.probes import answers, port_is_free
from workers.launch.state import StateFolder, SupervisorLock

_LOW_DISK_BYTES = 2_000_000_000
_NO_DISK_BYTES = 200_000_000
_LARGEST_SKEW_S = 1.0
_MOST_REQUESTS = 0.8
_START = "start it with: python3 manage.py up"


class Verdict(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report; `remedy` is empty when there is nothing to do."""

    subject: str
    verdict: Verdict
    text: str
    remedy: str = ""

    def __str__(self) -> str:
        tail = f": {self.remedy}" if self.remedy else ""
        return f"  {self.verdict:<5} {self.subject:<12} {self.text}{tail}"


def run(options: argparse.Namespace) -> int:
    """Print every finding; 0 unless one failed."""
    installation = locate(state_dir=options.state_dir)
    installation.apply()
    findings = []
    for finding in examine(installation):
        print(finding, flush=True)
        findings.append(finding)
    return int(any(finding.verdict is Verdict.FAIL for finding in findings))


def examine(installation: Installation) -> Iterator[Finding]:
    """Look at everything, cheapest first."""
    state = installation.state
    running = SupervisorLock(state).holder() is not None
    yield check_python()
    yield check_disk(state.path)
    yield check_secrets(state)
    database = installation.database_url or state.database_url()
    expected = running or bool(installation.database_url)
    yield _check_server("PostgreSQL", lambda: check_database(database), expected)
    broker = installation.redis_url or state.redis_url()
    expected = running or bool(installation.redis_url)
    yield _check_server("Redis", lambda: check_redis(broker), expected)
    yield check_clock(database, broker)
    yield from check_budgets(broker)
    yield _check_migrations()
    yield from _check_ports(installation, running=running)


def check_python() -> Finding:
    """The bootstrap refused what is too old; name what runs."""
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("Python", Verdict.OK, f"{version} at {sys.executable}")


def check_disk(
    path: Path,
    *,
    free_bytes: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free,
) -> Finding:
    """Warn early: a full disk stops PostgreSQL, and with it all trading."""
    existing = next(folder for folder in (path, *path.parents) if folder.exists())
    free = free_bytes(existing)
    text = f"{free / 1e9:.1f} GB free at {existing}"
    if free < _NO_DISK_BYTES:
        return Finding("disk", Verdict.FAIL, text, "free some; PostgreSQL stops on a full disk")
    if free < _LOW_DISK_BYTES:
        return Finding("disk", Verdict.WARN, text, "free some soon")
    return Finding("disk", Verdict.OK, text)


def check_secrets(state: StateFolder) -> Finding:
    """Nobody but the owner may read secrets and keys."""
    if not state.secrets.exists():
        return Finding("secrets", Verdict.WARN, f"none in {state.path} yet", _START)
    files = [path for path in state.secrets.rglob("*") if path.is_file()]
    for path in (state.secrets, *files):
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            return Finding("secrets", Verdict.FAIL, f"others may read {path}", f"chmod go= {path}")
        if path.stat().st_uid != os.geteuid():
            return Finding(
                "secrets", Verdict.FAIL, f"{path} is not yours", "run this as the user who owns it"
            )
    if not state.private_key.exists():
        return Finding(
            "secrets",
            Verdict.FAIL,
            f"{state.private_key} is missing, so stored exchange keys cannot be opened",
            "restore it from a backup",
        )
    return Finding("secrets", Verdict.OK, f"{len(files)} files, readable by their owner only")


def _check_server(name: str, check: Callable[[], None], expected: bool) -> Finding:
    try:
        check()
    except LaunchError as error:
        text = str(error).removeprefix("DATABASE_URL ").removeprefix("REDIS_URL ")
        if not expected:
            return Finding(name, Verdict.FAIL, "is not running", _START)
        return Finding(name, Verdict.FAIL, text)
    return Finding(name, Verdict.OK, "answers")


def check_clock(database_url: str, redis_url: str) -> Finding:
    """Compare our clock with the servers': orders carry times, leases are counted in seconds."""
    skews = {}
    try:
        with (
            closing(psycopg2.connect(database_url, connect_timeout=5)) as session,
            session.cursor() as cursor,
        ):
            cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
            skews["PostgreSQL"] = abs(float(cursor.fetchone()[0]) - time.time())
        with closing(redis.Redis.from_url(redis_url, socket_timeout=5)) as client:
            seconds, micros = client.time()
            skews["Redis"] = abs(seconds + micros / 1e6 - time.time())
    except (psycopg2.Error, redis.RedisError, ValueError):
        return Finding("clock", Verdict.WARN, "not compared", "the servers do not answer")
    worst = max(skews, key=lambda name: skews[name])
    text = f"{skews[worst]:.2f} s from {worst}'s"
    if skews[worst] > _LARGEST_SKEW_S:
        return Finding("clock", Verdict.WARN, text, "let both machines follow a time server (NTP)")
    return Finding("clock", Verdict.OK, text)


def check_budgets(redis_url: str) -> Iterator[Finding]:
    """How near the exchanges' request limits the fleet is, one line per exchange."""
    from apps.venues.budget_readings import budget_readings

    try:
        with closing(redis.Redis.from_url(redis_url, socket_timeout=5)) as client:
            readings = budget_readings(client)
    except (redis.RedisError, ValueError):
        yield Finding("requests", Verdict.WARN, "not looked at", "Redis does not answer")
        return
    if not readings:
        yield Finding("requests", Verdict.OK, "nobody asked an exchange today")
    for reading in readings:
        if reading.banned_s > 0 or reading.silent_s > 0:
            remedy = "everything behind this address waits; fewer bots per address avoid it"
            yield Finding("requests", Verdict.FAIL, str(reading), remedy)
        elif reading.peak_share > _MOST_REQUESTS:
            remedy = "run fewer bots behind this address, or slower ones"
            yield Finding("requests", Verdict.WARN, str(reading), remedy)
        else:
            yield Finding("requests", Verdict.OK, str(reading))


def _check_migrations() -> Finding:
    # Nothing is traded here: do not wait for the kernel to be compiled.
    os.environ["NUMBA_DISABLE_JIT"] = "1"
    import django
    from django.db import Error

    django.setup()
    from workers.launch.database import pending_migrations

    try:
        pending = pending_migrations()
    except Error:
        return Finding("migrations", Verdict.WARN, "not compared", "PostgreSQL does not answer")
    if pending:
        return Finding("migrations", Verdict.FAIL, f"{len(pending)} not applied", _START)
    return Finding("migrations", Verdict.OK, "all applied")


def _check_ports(installation: Installation, *, running: bool) -> Iterator[Finding]:
    state = installation.state
    if running:
        for seen in report.noted(state):
            if seen.url:
                yield _check_answer(seen.name, seen.url, state.log(seen.name))
        return
    ports = {"web": installation.port, "flower": installation.flower_port}
    if not installation.simexchange_url:
        ports["simexchange"] = installation.simexchange_port
    for name, port in ports.items():
        if port_is_free(port):
            yield Finding(name, Verdict.OK, f"port {port} is free")
        else:
            remedy = "end the program that has it, or choose others with --port"
            yield Finding(name, Verdict.WARN, f"port {port} is taken", remedy)


def _check_answer(name: str, url: str, log: Path) -> Finding:
    if answers(url)():
        return Finding(name, Verdict.OK, f"answers at {url}")
    return Finding(name, Verdict.FAIL, f"is silent at {url}", f"see {log}")
