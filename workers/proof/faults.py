"""What a drill does to an installation's programs: kill, stop in order, restart."""

import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from workers.proof import rollcall
from workers.proof.site import Site
from workers.queues import BOTS


@dataclass(slots=True)
class Aftermath:
    """What a fault of its own kind asks besides recovery and books: figures, broken promises."""

    noted: dict[str, Any] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Struck:
    """One fault, done.

    `back`: whether what was hurt works again. `cut_off`: prices or rows did not flow meanwhile, so
    only what bots do after that counts. `fences`: the least fence asked of bots that lost their
    shift. `what` says it to people. `after`: asked once all bots are back.
    """

    what: str
    at: datetime
    back: Callable[[], bool] = lambda: True
    cut_off: bool = False
    fences: Mapping[UUID, int] = field(default_factory=dict)
    after: Callable[[], Aftermath] = Aftermath


Fault = Callable[[Site], Struck]


def killed(program: str, *, cut_off: bool = False) -> Fault:
    """kill -9 of one program."""

    def strike(site: Site) -> Struck:
        pid = site.hurt(program, signal.SIGKILL)
        return Struck(
            f"kill -9 of {program} (pid {pid})",
            datetime.now(UTC),
            back=lambda: site.returned(program, instead_of=pid),
            cut_off=cut_off,
        )

    return strike


def bots_killed(site: Site) -> Struck:
    """kill -9 of the bots process that runs most bots."""
    return _bots_process(site, signal.SIGKILL, "kill -9")


def bots_terminated(site: Site) -> Struck:
    """SIGTERM of the bots process that runs most bots: it drains, its bots go on elsewhere."""
    return _bots_process(site, signal.SIGTERM, "SIGTERM")


def restarted(site: Site) -> Struck:
    """A full `down` and `up`; recovery counts from when `up` is ready."""
    fences = higher(rollcall.call())
    site.down()
    site.up()
    site.inhabit()
    return Struck("down, then up", datetime.now(UTC), fences=fences)


def busiest_bots_process(site: Site) -> str:
    """The name of the bots process that runs most bots."""
    presents = rollcall.call()
    pids = {
        name: seen.pid
        for name, seen in site.programs().items()
        if name.startswith(f"{BOTS}-") and seen.pid is not None
    }
    return max(pids, key=lambda name: len(rollcall.held_by(presents, pid=pids[name] or 0)))


def higher(presents: list[rollcall.Present]) -> dict[UUID, int]:
    """The fence each of these bots must at least show once somebody else has taken it."""
    return {one.bot_id: one.fence + 1 for one in presents}


def _bots_process(site: Site, number: signal.Signals, words: str) -> Struck:
    name = busiest_bots_process(site)
    pid = site.pid(name)
    theirs = rollcall.held_by(rollcall.call(), pid=pid)
    site.hurt(name, number)
    return Struck(
        f"{words} of {name} (pid {pid}, {len(theirs)} bots)",
        datetime.now(UTC),
        back=lambda: site.returned(name, instead_of=pid),
        fences=higher(theirs),
    )
