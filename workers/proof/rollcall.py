"""Who runs every bot, and since when it sees prices again: read from the rows workers write.

A bot is back when one row says all of this: it is observed RUNNING, a process that is alive and
renewed its lease since the fault holds it, that process beat for it since the fault, and the
newest price it handed to the bot's place on its market was made since the fault. Prices are
handed to a bot only while its shift runs under its present fence (`Crew.price_seen_at`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from apps.bots.models import Bot


@dataclass(frozen=True, slots=True)
class Present:
    """One bot's answer."""

    bot_id: UUID
    number: int
    status: str
    reason: str
    fence: int
    heartbeat_at: datetime | None
    last_price_at: datetime | None
    pid: int | None
    alive: bool
    renewed_at: datetime | None

    def works_since(self, moment: datetime, *, fence: int) -> bool:
        """Whether everything is newer than `moment`, under at least this fence."""
        times = (self.heartbeat_at, self.last_price_at, self.renewed_at)
        return (
            self.alive
            and self.status == Bot.Observed.RUNNING
            and self.fence >= fence
            and all(time is not None and time > moment for time in times)
        )

    def __str__(self) -> str:
        holder = f"pid {self.pid}{'' if self.alive else ' (dead)'}" if self.pid else "nobody"
        return (
            f"bot {self.number}: {self.status} ({self.reason}), fence {self.fence}, held by "
            f"{holder}, heartbeat {self.heartbeat_at}, last price {self.last_price_at}"
        )


def call() -> list[Present]:
    """Every bot that is wanted RUNNING."""
    rows = Bot.objects.filter(desired_status=Bot.Desired.RUNNING, kind=Bot.Kind.TRADING)
    columns = (
        "id", "number", "observed_status", "status_reason", "fence", "heartbeat_at",
        "last_price_at", "process__pid", "process__dead", "process__renewed_at",
    )  # fmt: skip
    return [_present(row) for row in rows.order_by("number").values_list(*columns)]


def _present(row: tuple[Any, ...]) -> Present:
    answers: list[Any] = [*row[:8], row[8] is False, row[9]]
    return Present(*answers)


def missing(
    presents: Iterable[Present], *, since: datetime, fences: Mapping[UUID, int]
) -> list[Present]:
    """Those that do not work since `since`, each under the fence asked of it."""
    return [
        one
        for one in presents
        if not one.works_since(since, fence=fences.get(one.bot_id, one.fence))
    ]


def held_by(presents: Iterable[Present], *, pid: int) -> list[Present]:
    """The bots of one process."""
    return [one for one in presents if one.pid == pid]
