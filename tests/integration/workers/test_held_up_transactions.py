"""A process held up amid a transaction must not keep its successor from the bot's row."""

import psycopg2
import pytest
from django.db import connections

from apps.ledger import journal
from config import env
from tests.integration.rows.world import Hand, make_bot, make_world

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.timeout(60)
def test_the_server_ends_a_transaction_that_sleeps_longer_than_a_lease(
    postgres_url: str, settings: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world(USDT="1000")
    hand = Hand(world, make_bot(world))
    monkeypatch.setenv("LEASE_TTL_S", "0.5")
    held_up = connect_as_workers_do(postgres_url)
    with held_up.cursor() as cursor:
        cursor.execute("SELECT 1 FROM bots_bot WHERE id = %s FOR UPDATE", [str(hand.bot.id)])

    hand.bot.refresh_from_db()
    taken = journal.take_bot(
        bot_id=hand.bot.id, process_id=world.process_id, dispatch=hand.bot.dispatch_number
    )

    assert taken is not None
    assert taken.fence == hand.taken.fence + 1
    with pytest.raises((psycopg2.OperationalError, psycopg2.InterfaceError)):
        held_up.cursor().execute("SELECT 1")
    held_up.close()


def connect_as_workers_do(url: str) -> "psycopg2.extensions.connection":
    """A connection with the options of our settings, to the tests' own database."""
    given = env.database(url)
    return psycopg2.connect(
        host=given["HOST"],
        port=given["PORT"],
        user=given["USER"],
        password=given["PASSWORD"],
        dbname=connections["default"].settings_dict["NAME"],
        options=given["OPTIONS"]["options"],
    )
