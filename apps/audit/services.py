"""Write down who changed what; the only way in to the audit table."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID

from django.db.models import Model

from apps.audit.models import AuditEvent
from apps.audit.redaction import redacted


class Person(Protocol):
    """What a User shows of itself here; this app does not know the User model."""

    pk: Any

    def get_username(self) -> str: ...


def record(
    *,
    actor: Person | str,
    verb: str,
    object: Model | str,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    actor_kind: str | None = None,
    request_id: str = "",
) -> AuditEvent:
    """Store one change in the caller's transaction; secret-looking values are masked.

    `actor` is a user, or the name of a command or worker (then `actor_kind` is "system" unless
    given). `object` is the changed row, or a name for what has no row.
    """
    event = _event(actor, verb, object, before, after, actor_kind, request_id)
    event.save()
    return event


def record_alike(
    *,
    actor: Person | str,
    verb: str,
    changes: Sequence[tuple[Model, Mapping[str, Any]]],
) -> None:
    """Store the same kind of change of many rows, each with what it became, in few statements."""
    AuditEvent.objects.bulk_create(
        _event(actor, verb, row, None, after, None, "") for row, after in changes
    )


def _event(
    actor: Person | str,
    verb: str,
    object: Model | str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    actor_kind: str | None,
    request_id: str,
) -> AuditEvent:
    is_named = isinstance(actor, str)
    return AuditEvent(
        actor_id=None if is_named else _key(actor),
        actor=actor if isinstance(actor, str) else actor.get_username(),
        actor_kind=actor_kind or ("system" if is_named else "user"),
        verb=verb,
        object_type="" if isinstance(object, str) else object._meta.label_lower,
        object_id=object if isinstance(object, str) else str(object.pk),
        before=None if before is None else redacted(before),
        after=None if after is None else redacted(after),
        request_id=request_id,
    )


def _key(actor: Any) -> UUID | None:
    return actor.pk if isinstance(actor.pk, UUID) else None
