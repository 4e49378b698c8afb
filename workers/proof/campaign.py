"""A drill from its first bot to its certificate: strike, wait, compare, and again."""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from apps.ledger import evidence
from workers.proof import rollcall
from workers.proof.agreement import Auditor
from workers.proof.catalogue import Catalogue
from workers.proof.certificate import Blow, Certificate
from workers.proof.exits import NO_STOP
from workers.proof.faults import Fault, Struck
from workers.proof.outage import EXITS_NEED_REDIS, exits_need_redis
from workers.proof.plants import NothingToPlantIn
from workers.proof.recovery import Recovery, wait_for_all
from workers.proof.signatures import late_arrivals, unsigned_arrivals
from workers.proof.site import Site, SiteError

_START_LIMIT_S = 300.0
_FIRST_FILL_LIMIT_S = 120.0
_LONGEST_PAUSE_S = 2.0
_PATIENCE = 4
"""How many times the limit is waited before bots count as lost: late is measured, not guessed."""


@dataclass(frozen=True, slots=True)
class Orders:
    """What a drill is to do. `only`: names of faults; empty means all that take seconds."""

    bots: int
    accounts: int
    rounds: int
    only: Sequence[str]
    plants: Sequence[str]
    limit_s: float
    outage_s: float
    seed: int


class Campaign:
    """Runs on a started site that this process inhabits."""

    def __init__(self, *, site: Site, orders: Orders, say: Callable[[str], None]) -> None:
        self._site = site
        self._orders = orders
        self._say = say
        self._chance = random.Random(orders.seed)
        self._auditor = Auditor(dump=lambda: site.exchange.ask("ledger"))
        self._certificate = Certificate(
            bots=orders.bots, rounds=orders.rounds, limit_s=orders.limit_s, seed=orders.seed
        )

    def run(self) -> Certificate:
        """The whole drill; never raises for what the installation got wrong."""
        certificate = self._certificate
        self._gather()
        self._wait_for_fills()
        for kind in self._orders.plants:
            self._plant(kind)
        orders = self._orders
        catalogue = Catalogue(outage_s=orders.outage_s, say=self._say)
        for name, fault in catalogue.in_turn(rounds=orders.rounds, only=orders.only):
            blow = self._strike(name, fault)
            certificate.blows.append(blow)
            self._say(str(blow))
            for line in blow.wrong:
                self._say(f"WRONG: {line}")
        certificate.ended_at = datetime.now(UTC)
        return certificate

    # ---- before --------------------------------------------------------------------------------

    def _gather(self) -> None:
        """Seed bots up to the number asked for, and wait until every one sees prices."""
        wanted, accounts = self._orders.bots, self._orders.accounts
        more = wanted - len(rollcall.call())
        if more > 0:
            self._say(f"Seeding {more} bots on {accounts} accounts")
            self._site.command("demo", "--bots", str(more), "--accounts", str(accounts))
        began = time.monotonic()
        struck = Struck("the start", datetime.now(UTC))
        bots = [one.bot_id for one in rollcall.call()]
        if len(bots) < wanted:
            raise SiteError(f"there are {len(bots)} bots that should run, {wanted} were asked for")
        found = wait_for_all(bots=bots, struck=struck, patience_s=_START_LIMIT_S)
        if found.missing:
            raise SiteError("these bots never started:\n" + "\n".join(found.missing))
        self._certificate.bots = len(bots)
        self._say(f"{len(bots)} bots run after {time.monotonic() - began:.1f} s")

    def _wait_for_fills(self) -> None:
        """Until the exchange has made a trade: books without one would agree too easily."""
        deadline = time.monotonic() + _FIRST_FILL_LIMIT_S
        while not any(account["trades"] for account in self._ledger()["accounts"]):
            if time.monotonic() > deadline:
                raise SiteError(f"no order was filled within {_FIRST_FILL_LIMIT_S:.0f} s")
            time.sleep(0.5)

    def _ledger(self) -> dict[str, list[dict[str, list[object]]]]:
        books: dict[str, list[dict[str, list[object]]]] = self._site.exchange.ask("ledger")
        return books

    def _plant(self, kind: str) -> None:
        """The checker must find a fault that is there."""
        try:
            found = self._found(kind)
        except (AssertionError, NothingToPlantIn) as missed:
            self._certificate.wrong.append(str(missed))
            self._say(f"WRONG: {missed}")
            return
        self._certificate.plants[kind] = found
        self._say(f"planted {kind}: found ({found[0]})")

    def _found(self, kind: str) -> list[str]:
        if kind != EXITS_NEED_REDIS:
            return list(self._auditor.finds(kind))
        blow = self._strike(kind, exits_need_redis(say=self._say))
        if NO_STOP not in blow.wrong:
            raise AssertionError(f"the drill missed that exits need Redis: {blow.wrong}")
        return [NO_STOP, *(line for line in blow.wrong if line != NO_STOP)]

    # ---- each fault ----------------------------------------------------------------------------

    def _strike(self, name: str, fault: Fault) -> Blow:
        patience_s = _PATIENCE * self._orders.limit_s
        bots = [one.bot_id for one in rollcall.call()]
        # Chance decides at which moment of whatever the bots are doing the fault comes.
        time.sleep(self._chance.uniform(0.0, _LONGEST_PAUSE_S))
        struck = fault(self._site)
        recovery = wait_for_all(bots=bots, struck=struck, patience_s=patience_s)
        aftermath = struck.after()
        agreement = self._auditor.agree()
        arrivals = self._site.exchange.ask("arrivals")
        wrong = [
            *self._slow(recovery),
            *aftermath.wrong,
            *agreement.differences,
            *evidence.journals_out_of_order(),
            *unsigned_arrivals(arrivals),
            *late_arrivals(arrivals, since=struck.at),
        ]
        return Blow(name, struck.what, struck.at, recovery, agreement, wrong, aftermath.noted)

    def _slow(self, recovery: Recovery) -> list[str]:
        """Bots that did not come back, or not in time."""
        limit_s = self._orders.limit_s
        late = sum(seconds > limit_s for seconds in recovery.seconds.values())
        lines = [f"not back: {one}" for one in recovery.missing]
        return [*lines, f"{late} bots took longer than {limit_s:.0f} s"] if late else lines
