"""What PostgreSQL itself refuses to rewrite: audit rows, journals, signed entries."""

import pytest
from django.db import IntegrityError, connection, transaction

from apps.accounts.models import User
from apps.audit import services as audit
from apps.audit.models import AuditEvent
from apps.ledger.models import LedgerEntry
from tests.integration.rows.world import Hand, balance, kinds, make_bot, make_world

pytestmark = pytest.mark.django_db


def test_a_change_is_recorded_with_its_actor_and_without_its_secrets() -> None:
    user = User.objects.create_user("ann", "ann@example.org", "long enough")

    event = audit.record(
        actor=user,
        verb="store_secrets",
        object=user,
        after={"api_key": "abc", "field": "x"},
        request_id="r-1",
    )

    event.refresh_from_db()
    assert (event.actor, event.actor_id, event.actor_kind) == ("ann", user.id, "user")
    assert (event.object_type, event.object_id) == ("accounts.user", str(user.id))
    assert event.after == {"api_key": "[redacted]", "field": "x"}
    assert event.at is not None


def test_a_named_actor_is_the_system_unless_said_otherwise() -> None:
    by_default = audit.record(actor="supervisor", verb="sweep", object="fleet")
    said = audit.record(actor="doctor", verb="look", object="fleet", actor_kind="command")

    assert (by_default.actor_kind, said.actor_kind) == ("system", "command")


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit_auditevent SET verb = 'nothing'", "DELETE FROM audit_auditevent"],
)
def test_the_database_itself_refuses_to_change_or_remove_a_row(statement: str) -> None:
    audit.record(actor="test", verb="made", object="row")

    with (
        pytest.raises(IntegrityError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)

    assert AuditEvent.objects.get().verb == "made"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_botevent SET kind = 'OrderFilled'",
        "UPDATE ledger_ledgerentry SET amount = 0",
        "DELETE FROM ledger_ledgerentry",
    ],
)
def test_journals_and_signed_entries_are_never_rewritten(statement: str) -> None:
    world = make_world(USDT="10")
    hand = Hand(world, make_bot(world))

    with (
        pytest.raises(IntegrityError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)

    assert kinds(hand.bot) == ["ShiftStarted"]
    assert balance(world, "USDT")[0] == LedgerEntry.objects.get().amount == 10
