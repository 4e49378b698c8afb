"""Redis gone for minutes while positions are open: exits must go on, nothing may be doubled."""

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from apps.ledger import evidence
from workers.launch.child import wait_until
from workers.launch.valkey import EmbeddedValkey
from workers.proof import rollcall
from workers.proof.copies import doubled_runners, held_up
from workers.proof.exits import WITHIN_MS, Exposed, Fired, judge
from workers.proof.exposure import Market, expose, still_held
from workers.proof.faults import Aftermath, Fault, Struck
from workers.proof.site import Site, SiteError, free_ports
from workers.queues import BOTS

EXITS_NEED_REDIS = "exits-need-redis"
"""A plant: the fleet stands still while Redis is away, as one would whose exits need it."""

_FRESH_S = 10.0
_RESTART_LIMIT_S = 30.0
_PLANTED_S = 60.0

Absent = Callable[[Site], AbstractContextManager[None]]


def redis_gone(*, seconds: float, say: Callable[[str], None]) -> Fault:
    """Connections to Redis are refused for so long."""
    return _outage("Redis gone", refusing, seconds, say)


def redis_silent(*, seconds: float, say: Callable[[str], None]) -> Fault:
    """Redis takes connections and answers nothing for so long, as a machine that hangs."""
    return _outage("Redis silent", silent, seconds, say)


def exits_need_redis(*, say: Callable[[str], None]) -> Fault:
    """Redis gone, and the bots with it: the drill must find that no stop fires."""
    return _outage("Redis and the fleet gone", standing_still, _PLANTED_S, say)


def _outage(words: str, absent: Absent, seconds: float, say: Callable[[str], None]) -> Fault:
    def strike(site: Site) -> Struck:
        market = Market()
        exposure = expose(market, say)
        with absent(site):
            began = _now_ms()
            held = still_held(exposure.positions)
            say(f"{words} with {len(held)} positions near their exits; waiting {seconds:.0f} s")
            time.sleep(seconds)
            stale = [str(one) for one in _stale()]
            ended = _now_ms()
        at = datetime.now(UTC)

        def after() -> Aftermath:
            fired = _fired(market, held, began=began, ended=ended)
            exposure.end()
            return _aftermath(site, len(held), fired, stale)

        return Struck(f"{words} for {seconds:.0f} s", at, after=after)

    return strike


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _stale() -> list[rollcall.Present]:
    """Bots that see no prices any more though only Redis is gone."""
    since = datetime.now(UTC) - timedelta(seconds=_FRESH_S)
    return rollcall.missing(rollcall.call(), since=since, fences={})


def _fired(market: Market, positions: Sequence[Exposed], *, began: int, ended: int) -> Fired:
    return judge(
        exposed=positions,
        exits=evidence.exits_filled(since=began - WITHIN_MS, until=ended),
        trades=lambda symbol: market.trades(symbol, since=began, until=ended),
        since=began,
        until=ended,
    )


def _aftermath(site: Site, held: int, fired: Fired, stale: Sequence[str]) -> Aftermath:
    noted = {"positions near their exits": held, **fired.noted()}
    wrong = [f"no prices while Redis was away: {one}" for one in stale]
    return Aftermath(noted, [*wrong, *fired.wrong, *doubled_runners(site)])


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


@contextmanager
def standing_still(site: Site) -> Iterator[None]:
    """Redis refuses, and no bots process gets the processor."""
    with ExitStack() as stack:
        stack.enter_context(refusing(site))
        for name in site.programs():
            if name.startswith(f"{BOTS}-"):
                stack.enter_context(held_up(site, name))
        yield


def _restart_at(site: Site, noted: Path, port: str) -> None:
    noted.write_text(port)
    pid = site.hurt("valkey", signal.SIGKILL)
    if not wait_until(lambda: site.returned("valkey", instead_of=pid), timeout_s=_RESTART_LIMIT_S):
        raise SiteError("Redis did not start again")
