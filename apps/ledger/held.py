"""The duties that a worker process holds by the rows, and giving back those it forgot."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from apps.ledger.fleet import DUTIES


@dataclass(frozen=True, slots=True)
class HeldDuty:
    """A bot, desk or bar feed in a process's hands under this fence."""

    duty: str
    id: UUID
    fence: int


def held_duties(*, process_id: UUID) -> list[HeldDuty]:
    return [
        HeldDuty(duty, key, fence)
        for duty, model in DUTIES.items()
        for key, fence in model._base_manager.filter(process_id=process_id).values_list(
            "pk", "fence"
        )
    ]


def give_back(*, process_id: UUID, held: Sequence[HeldDuty]) -> int:
    """Free them for the supervisor; one that somebody has taken since is left alone."""
    return sum(
        DUTIES[one.duty]
        ._base_manager.filter(pk=one.id, fence=one.fence, process_id=process_id)
        .update(process=None)
        for one in held
    )
