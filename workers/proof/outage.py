"""Redis gone for minutes while positions are open: exits must go on, nothing may be doubled."""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from apps.ledger import evidence
from workers.launch.child import wait_until
from workers.launch.valkey import EmbeddedValkey
from workers.proof import rollcall
from workers.proof.copies import doubled_runners
from workers.proof.faults import Aftermath, Fault, Struck
from workers.proof.site import Site, SiteError, free_ports

_FRESH_S = 10.0
_RESTART_LIMIT_S = 30.0


def redis_gone(*, seconds: float, say: Callable[[str], None]) -> Fault:
    """Connections to Redis are refused for so long."""
    return _outage("Redis gone", refusing, seconds, say)


def redis_silent(*, seconds: float, say: Callable[[str], None]) -> Fault:
    """Redis takes connections and answers nothing for so long, as a machine that hangs."""
    return _outage("Redis silent", silent, seconds, say)


def _outage(
    words: str,
    absent: Callable[[Site], AbstractContextManager[None]],
    seconds: float,
    say: Callable[[str], None],
) -> Fault:
    def strike(site: Site) -> Struck:
        held = evidence.open_positions()
        began = datetime.now(UTC)
        with absent(site):
            say(f"{words} with {held} positions open; waiting {seconds:.0f} s")
            time.sleep(seconds)
            stale = [str(one) for one in _stale()]
            ended = datetime.now(UTC)
        return Struck(
            f"{words} for {seconds:.0f} s",
            datetime.now(UTC),
            after=lambda: _exits(site, held=held, began=began, ended=ended, stale=stale),
        )

    return strike


def _stale() -> list[rollcall.Present]:
    """Bots that see no prices any more though only Redis is gone."""
    since = datetime.now(UTC) - timedelta(seconds=_FRESH_S)
    return rollcall.missing(rollcall.call(), since=since, fences={})


def _exits(
    site: Site, *, held: int, began: datetime, ended: datetime, stale: list[str]
) -> Aftermath:
    since, until = (int(moment.timestamp() * 1000) for moment in (began, ended))
    exits = evidence.exits_filled(since=since, until=until)
    roles = Counter(one.role.name.lower() for one in exits)
    found = Aftermath(
        {
            "positions open before": held,
            "exits filled meanwhile": len(exits),
            "of them": ", ".join(f"{count} {role}" for role, count in sorted(roles.items())),
        }
    )
    found.wrong = [f"no prices while Redis was away: {one}" for one in stale]
    if held and not exits:
        found.wrong.append("no exit was filled while Redis was away")
    found.wrong += doubled_runners(site)
    return found


@contextmanager
def refusing(site: Site) -> Iterator[None]:
    """Redis is restarted at a port nobody knows, so that its own one refuses connections."""
    valkey = EmbeddedValkey(
        site.state.path / "valkey", password=site.state.secret("redis-password")
    )
    noted = valkey.home / "port"
    known = noted.read_text()
    _restart_at(site, noted, str(free_ports()))
    try:
        yield
    finally:
        _restart_at(site, noted, known)


@contextmanager
def silent(site: Site) -> Iterator[None]:
    """Redis does not get the processor."""
    pid = site.hurt("valkey", signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def _restart_at(site: Site, noted: Path, port: str) -> None:
    noted.write_text(port)
    pid = site.hurt("valkey", signal.SIGKILL)
    if not wait_until(lambda: site.returned("valkey", instead_of=pid), timeout_s=_RESTART_LIMIT_S):
        raise SiteError("Redis did not start again")
