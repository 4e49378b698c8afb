"""Every column that was asked for has its place, and the hot questions have an index."""

import pytest
from django.db import connection, models

from apps.bots.models import Bot, BotConfiguration, BotLog
from apps.ledger.models import DailyStat, Order, Position

pytestmark = pytest.mark.django_db


def has(model: type[models.Model], name: str) -> bool:
    fields = {field.name for field in model._meta.get_fields()}
    return name in fields or isinstance(getattr(model, name, None), property)


@pytest.mark.parametrize(
    ("model", "names"),
    [
        (
            Position,
            "id bot order_id symbol side entry_price take_profit stop_loss quantity status pnl"
            " confidence",
        ),
        (
            Bot,
            "id name description strategy_type product_id is_active created_at updated_at"
            " last_signal_check positions",
        ),
        (
            Bot,
            "id user strategy symbol account observed_status desired_status created_at updated_at"
            " last_trade_at config performance_metrics",
        ),
        (BotConfiguration, "bot parameters limits capital version"),
        (BotLog, "id bot at level message metadata"),
        (DailyStat, "bot day pnl trades wins losses"),
    ],
)
def test_every_column_asked_for_has_its_place(model: type[models.Model], names: str) -> None:
    assert [name for name in names.split() if not has(model, name)] == []


def test_an_open_position_begins_with_no_profit_and_may_lack_a_confidence() -> None:
    assert Position._meta.get_field("pnl").get_default() == 0
    assert Position._meta.get_field("confidence").null
    assert Bot._meta.get_field("last_trade_at").null
    assert Bot._meta.get_field("performance_metrics").null
    assert BotLog._meta.get_field("metadata").null


@pytest.mark.parametrize(
    ("model", "where", "index"),
    [
        (
            Position,
            "bot_id = '00000000-0000-7000-8000-000000000001' ORDER BY created_at DESC",
            "position_by_created",
        ),
        (
            Order,
            "bot_id = '00000000-0000-7000-8000-000000000001' ORDER BY born_at DESC",
            "order_by_born",
        ),
        (BotLog, "bot_id = '00000000-0000-7000-8000-000000000001' ORDER BY at DESC", "log_by_bot"),
    ],
)
def test_a_bots_newest_rows_are_answered_from_an_index(
    model: type[models.Model], where: str, index: str
) -> None:
    with connection.cursor() as cursor:
        # Empty tables are read whole unless that is made dear.
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        cursor.execute(
            f"EXPLAIN SELECT * FROM {model._meta.db_table} WHERE {where} LIMIT 50"  # noqa: S608
        )
        plan = "\n".join(row[0] for row in cursor.fetchall())

    assert f"using {index}" in plan


@pytest.mark.parametrize("index", ["position_by_status", "order_by_status"])
def test_a_bots_rows_of_one_status_have_an_index(index: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = %s", [index])
        (definition,) = cursor.fetchone()

    assert definition.endswith("(bot_id, status)")


def test_statuses_outside_the_known_ones_are_turned_down_by_the_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname FROM pg_constraint WHERE contype = 'c' AND conname IN"
            " ('position_status_known', 'bot_desired_status_known', 'log_level_known',"
            " 'order_status_known', 'account_environment_known', 'system_state_known')"
        )
        found = {row[0] for row in cursor.fetchall()}

    assert len(found) == 6
