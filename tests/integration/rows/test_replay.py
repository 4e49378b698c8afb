"""`manage.py replay`: what is stored follows from the journal, and a planted change is found."""

import json
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import F

from apps.audit.models import AuditEvent
from apps.ledger.models import BotEvent, DailyStat, EquityPoint, Fill, Order, Position
from tests.integration.rows.trader import Trader
from tests.integration.rows.world import make_world

pytestmark = pytest.mark.django_db


def replay(*arguments: str) -> tuple[int, dict[str, Any], str]:
    """Exit code, the JSON told, and the progress."""
    out, progress = StringIO(), StringIO()
    code = 0
    try:
        call_command("replay", *arguments, "--json", stdout=out, stderr=progress)
    except SystemExit as ended:
        code = int(ended.code or 0)
    return code, json.loads(out.getvalue()), progress.getvalue()


def test_the_books_of_bots_that_traded_follow_from_their_journals() -> None:
    world = make_world(USDT="10000")
    first, second = Trader(world, "first"), Trader(world, "second")
    for trader in (first, second):
        trader.round_trip()
    first.round_trip(51_000.0)
    first.price(52_000.0)
    first.to_venue(first.signal())

    code, told, progress = replay("--all")

    assert code == 0
    assert (told["differences"], told["diverged"], told["accounts"]) == (0, 0, {})
    assert told["rows"] == BotEvent.objects.count() > 30
    assert [bot["decisions"] > 10 for bot in told["bots"]] == [True, True]
    assert "2 of 2 bots" in progress


PLANTED: list[tuple[str, Callable[[], object], str, str]] = [
    ("an order", lambda: Order.objects.filter(side="buy").update(quantity=7), "order", "quantity"),
    ("a fill", lambda: Fill.objects.filter(side="sell").update(price=1), "fill", "price"),
    ("a lost fill", lambda: Fill.objects.filter(side="sell").delete(), "fill", ""),
    ("a position", lambda: Position.objects.update(pnl="0.000000000000000001"), "position", "pnl"),
    (
        "equity",
        lambda: EquityPoint.objects.update(equity=F("equity") + 1, capital=F("capital") + 1),
        "equitypoint",
        "equity",
    ),
    ("a day", lambda: DailyStat.objects.update(trades=9), "dailystat", "trades"),
]


@pytest.mark.parametrize(
    ("plant", "table", "column"), [row[1:] for row in PLANTED], ids=[row[0] for row in PLANTED]
)
def test_a_change_planted_in_a_projection_is_found_and_put_right(
    plant: Callable[[], object], table: str, column: str
) -> None:
    trader = Trader(make_world(USDT="10000"))
    trader.round_trip()
    assert plant()

    code, told, _ = replay("trader")
    found = {(item["table"], item["column"]) for item in told["bots"][0]["differences"]}
    repaired = replay("trader", "--repair")
    after = replay("trader")

    assert code == 1
    assert (f"ledger_{table}", column) in found
    assert (repaired[0], repaired[1]["bots"][0]["repaired"]) == (1, True)
    assert (after[0], after[1]["differences"]) == (0, 0)
    assert AuditEvent.objects.filter(verb="restore_projections").count() == 1


def test_a_decision_that_comes_out_differently_is_found_at_its_row() -> None:
    trader = Trader(make_world(USDT="10000"))
    trader.round_trip()
    row = BotEvent.objects.filter(kind="IntentPlanned").order_by("seq")[1]
    payload = {**row.payload, "price": "49000.00"}
    # The journal cannot be rewritten by the product; a hand in the database could.
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE ledger_botevent DISABLE TRIGGER USER")
        cursor.execute(
            "UPDATE ledger_botevent SET payload = %s WHERE bot_id = %s AND seq = %s",
            [json.dumps(payload), row.bot_id, row.seq],
        )
        cursor.execute("ALTER TABLE ledger_botevent ENABLE TRIGGER USER")

    code, told, _ = replay("trader")

    assert code == 1
    assert told["bots"][0]["diverged"].startswith(f"row {row.seq}: the journal says IntentPlanned")
    assert ("ledger_order", "price") in {
        (item["table"], item["column"]) for item in told["bots"][0]["differences"]
    }


def test_it_speaks_to_people_and_asks_for_a_bot_or_all_of_them() -> None:
    trader = Trader(make_world(USDT="10000"))
    trader.round_trip()
    out = StringIO()

    call_command("replay", str(trader.bot.number), stdout=out)
    DailyStat.objects.update(trades=9)
    with pytest.raises(SystemExit) as ended:
        call_command("replay", "trader", stdout=out)
    with pytest.raises(CommandError, match="either one bot or --all") as usage:
        call_command("replay")
    with pytest.raises(CommandError, match="there is no bot 'nobody'"):
        call_command("replay", "nobody")

    text = out.getvalue()
    assert "everything stored follows from the journal." in text
    assert "ledger_dailystat" in text
    assert "trades: stored 9, by the journal 1" in text
    assert "1 differences; --repair puts projections right." in text
    assert (ended.value.code, usage.value.returncode) == (1, 2)
