"""Faults of the broker: a start delivered ten times, and a Redis that forgot everything."""

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import UUID

import redis

from apps.bots.models import Bot
from apps.ledger import evidence, fleet
from workers.proof import rollcall
from workers.proof.faults import Aftermath, Struck, busiest_bots_process, higher
from workers.proof.runners import Broker, broker_at
from workers.proof.site import Site
from workers.queues import CONTROL

COPIES = 10
_CLAIM_LAPSES_S = 5.0
_ALONE_LIMIT_S = 20.0


def delivered_ten_times(site: Site) -> Struck:
    """kill -9 of a bots process whose bots are then started by messages in ten copies each.

    The real supervisor is held up meanwhile (SIGSTOP of the control process); its place is taken
    here with its own claims, so that every one of those starts comes in copies. The last start of
    every other bot is delivered ten times more as well.
    """
    presents = rollcall.call()
    name = busiest_bots_process(site)
    lost = rollcall.held_by(presents, pid=site.pid(name))
    shifts = evidence.shifts_begun(bot_ids=[one.bot_id for one in presents])
    others = {one.bot_id for one in presents} - {one.bot_id for one in lost}
    with broker_at(site.state.redis_url()) as broker, held_up(site, f"{CONTROL}-1"):
        pid = site.hurt(name, signal.SIGKILL)
        at = datetime.now(UTC)
        sent = _start_in_copies(broker, wanted={one.bot_id for one in lost})
        sent += _repeat_last_starts(broker, others)

    def after() -> Aftermath:
        begun = evidence.shifts_begun(bot_ids=list(shifts))
        more = Counter({bot_id: begun[bot_id] - shifts[bot_id] for bot_id in shifts})
        once = {one.bot_id for one in lost}
        wrong = [
            f"bot {bot_id} began {count} shifts, not {int(bot_id in once)}"
            for bot_id, count in more.items()
            if count != (bot_id in once)
        ]
        noted = {"copies sent": sent, "shifts begun by them": sum(more.values())}
        return Aftermath(noted, wrong + doubled_runners(site))

    return Struck(
        f"kill -9 of {name} (pid {pid}, {len(lost)} bots), every start in {COPIES} copies",
        at,
        back=lambda: site.returned(name, instead_of=pid),
        fences=higher(lost),
        after=after,
    )


def flushed(site: Site) -> Struck:
    """FLUSHALL: queues, inboxes, snapshots and budgets are gone; no shift may end or double."""
    presents = rollcall.call()
    shifts = evidence.shifts_begun(bot_ids=[one.bot_id for one in presents])
    with redis.Redis.from_url(site.state.redis_url(), socket_timeout=5) as client:
        keys = client.dbsize()
        client.flushall()

    def after() -> Aftermath:
        begun = evidence.shifts_begun(bot_ids=list(shifts))
        wrong = [
            f"bot {bot_id} began a shift" for bot_id in shifts if begun[bot_id] != shifts[bot_id]
        ]
        return Aftermath({"keys thrown away": keys}, wrong + doubled_runners(site))

    return Struck("FLUSHALL", datetime.now(UTC), after=after)


@contextmanager
def held_up(site: Site, name: str) -> Iterator[None]:
    """A program that does not get the processor for a while."""
    pid = site.hurt(name, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def doubled_runners(site: Site) -> list[str]:
    """Bots that run twice, by what the site's processes answer."""
    with broker_at(site.state.redis_url()) as broker:
        return broker.doubled_runners()


def _start_in_copies(broker: Broker, *, wanted: set[UUID]) -> int:
    """Claim each start as the supervisor does and send it ten times; how many were sent."""
    sent = 0
    deadline = time.monotonic() + _ALONE_LIMIT_S
    while wanted and time.monotonic() < deadline:
        unattended = fleet.duties_to_dispatch(claim_lapses_s=_CLAIM_LAPSES_S)
        for start in fleet.claim_all(wanted=unattended):
            sent += broker.send_start(
                duty=start.duty, id=start.id, number=start.dispatch, copies=COPIES
            )
            wanted.discard(start.id)
        time.sleep(0.05)
    return sent


def _repeat_last_starts(broker: Broker, bot_ids: set[UUID]) -> int:
    """The number a start was claimed with is one below the number its taking left."""
    rows = Bot.objects.filter(pk__in=bot_ids).values_list("id", "dispatch_number")
    return sum(
        broker.send_start(duty="bot", id=bot_id, number=number - 1, copies=COPIES)
        for bot_id, number in rows
    )
