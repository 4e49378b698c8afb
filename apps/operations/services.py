"""Changes of the installation's state: run, pause, emergency stop, and the stop epochs."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from django.db import models, transaction
from django.db.models import F
from django.utils import timezone

from apps.accounts.models import User
from apps.audit import services as audit
from apps.operations.models import SystemState
from apps.operations.processes import (
    end_process,
    mark_dead_processes,
    register_process,
    renew_process,
)
from apps.operations.stop_lock import take_stop_lock
from apps.operations.wakeups import wake_everybody

__all__ = [
    "ReasonMissing",
    "change_system_state",
    "emergency_stop",
    "end_process",
    "mark_dead_processes",
    "pause_system",
    "raise_stop",
    "register_process",
    "renew_process",
    "resume_system",
    "schedule_stop",
    "system_state",
]


class ReasonMissing(ValueError):
    """A change that must say why did not."""


def raise_stop(
    *,
    target: models.Model | None,
    actor: User | str,
    reason: str,
    change: Mapping[str, Any] | None = None,
) -> int:
    """Raise the stop epoch of a bot, an account, a user, or (None) the whole installation.

    Takes the stop lock exclusively, so when this commits nothing planned before can be signed any
    more. `change`: fields of the target that change with it, in the same statement; they must be
    plain values. The target is any row with a `stop_epoch`. Returns the new epoch.
    """
    with transaction.atomic():
        take_stop_lock()
        row = _system_row() if target is None else target
        fields = dict(change or {})
        before = {name: getattr(row, name) for name in fields}
        manager = type(row)._base_manager
        changed = manager.filter(pk=row.pk).update(stop_epoch=F("stop_epoch") + 1, **fields)
        if not changed:
            raise ValueError(f"{row._meta.verbose_name} {row.pk} is gone; reload the page")
        row.refresh_from_db()
        epoch = int(row.stop_epoch)  # type: ignore[attr-defined]
        audit.record(
            actor=actor,
            verb="raise_stop",
            object=row,
            before=before,
            after={**fields, "stop_epoch": epoch, "reason": reason},
        )
        return epoch


def emergency_stop(*, actor: User | str, reason: str, positions: str = "leave") -> SystemState:
    """Stop everything now. `positions`: leave, guard or sell what is open. Safe to repeat.

    Ends only by `resume_system`, which a person asks for with a reason.
    """
    if positions not in SystemState.Positions.values:
        raise ValueError("positions must be one of leave, guard, sell")
    with transaction.atomic():
        take_stop_lock()
        row = _system_row()
        _tell_everybody()
        if (row.state, row.positions) == (SystemState.State.EMERGENCY_STOP, positions):
            return row
        raise_stop(
            target=None,
            actor=actor,
            reason=reason,
            change={"state": SystemState.State.EMERGENCY_STOP.value, "positions": positions},
        )
        SystemState.objects.filter(pk=SystemState.ONLY).update(**_change(actor, reason))
    return system_state()


def pause_system(*, actor: User | str, reason: str) -> SystemState:
    """No bot opens anything until resumed; exits go on. An emergency stop stays one."""
    return change_system_state(state=SystemState.State.PAUSED, actor=actor, reason=reason)


def resume_system(*, actor: User | str, reason: str) -> SystemState:
    """Let bots trade again; the reason is required and kept."""
    if not reason.strip():
        raise ReasonMissing("reason: say why trading may resume")
    return change_system_state(state=SystemState.State.RUNNING, actor=actor, reason=reason)


def change_system_state(*, state: str, actor: User | str, reason: str) -> SystemState:
    """RUNNING or PAUSED, under the stop lock; pausing does not undo an emergency stop."""
    with transaction.atomic():
        take_stop_lock()
        row = _system_row()
        before = row.state
        if before == state or (
            state == SystemState.State.PAUSED and before == SystemState.State.EMERGENCY_STOP
        ):
            return row
        SystemState.objects.filter(pk=row.pk).update(
            state=state, stop_at=None, **_change(actor, reason)
        )
        row.refresh_from_db()
        _tell_everybody()
        audit.record(
            actor=actor,
            verb=f"system_{state.lower()}",
            object=row,
            before={"state": before},
            after={"state": state, "reason": reason},
        )
        return row


def schedule_stop(*, at: datetime | None, actor: User | str, reason: str) -> SystemState:
    """The moment at which an emergency stop is due unless changed; None takes it back."""
    with transaction.atomic():
        row = _system_row()
        before = row.stop_at
        SystemState.objects.filter(pk=row.pk).update(stop_at=at)
        row.refresh_from_db()
        audit.record(
            actor=actor,
            verb="schedule_stop",
            object=row,
            before={"stop_at": before},
            after={"stop_at": at, "reason": reason},
        )
        return row


def system_state() -> SystemState:
    """The state as it stands; RUNNING when it never changed."""
    return SystemState.objects.filter(pk=SystemState.ONLY).first() or SystemState()


def _system_row() -> SystemState:
    return SystemState.objects.get_or_create(pk=SystemState.ONLY)[0]


def _tell_everybody() -> None:
    """Once this is committed; a worker that is not reached looks by itself within seconds."""
    transaction.on_commit(partial(wake_everybody, kind="standing"), robust=True)


def _change(actor: User | str, reason: str) -> dict[str, Any]:
    return {
        "changed_by": actor if isinstance(actor, User) else None,
        "changed_at": timezone.now(),
        "reason": reason,
    }
