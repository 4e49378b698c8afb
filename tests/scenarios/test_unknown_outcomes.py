"""Every way an exchange can leave an order's outcome open, while a bot trades on."""

from typing import Any

import pytest

from apps.bots import services
from apps.bots.models import Bot
from apps.ledger.models import BotEvent, Fill
from tests.scenarios.test_one_bot import BUSY
from tests.support.exchange import wait_until
from tests.support.fleet import Fleet, journaled_signatures
from workers.proof.checker import compare

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(300)]

ON_ORDERS = {"match": "POST */order", "count": 1}
FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "lost_ack"},
    {"kind": "drop"},
    {"kind": "unknown"},
    {"kind": "truncated_json"},
    {"kind": "empty_body"},
    {"kind": "html_body"},
    {"kind": "empty_object"},
    {"kind": "http_error", "status": 502, "executed": True},
    {"kind": "http_error", "status": 503, "executed": False},
    # Executed at once, answered long after the user stream has told of the fill.
    {"kind": "late", "delay_ms": 7_000},
    {"kind": "error", "code": -1015, "status": 429},
)


def test_no_order_is_lost_or_doubled_and_the_bot_never_fails(fleet: Fleet) -> None:
    account = fleet.open_account({"USDT": "10000"})
    bot = fleet.bot(account, name="busy", limits={"max_orders_per_minute": 600}, **BUSY)
    fleet.start_control()
    fleet.start_bots()
    services.start_bot(bot=bot, actor=bot.user)
    wait_until(lambda: Fill.objects.filter(bot=bot).exists(), seconds=60)

    sim = fleet.exchange.sim("demo")
    for fault in FAULTS:
        fills = Fill.objects.filter(bot=bot).count()
        sim.fault(**ON_ORDERS, **fault)
        wait_until(lambda: not sim.call("GET", "faults"), seconds=60)
        wait_until(lambda n=fills: Fill.objects.filter(bot=bot).count() > n, seconds=60)
    services.stop_bot(bot=bot, actor=bot.user, kind="sell")
    wait_until(
        lambda: Bot.objects.filter(pk=bot.pk, observed_status="STOPPED").exists(), seconds=60
    )

    theirs = fleet.exchange.ledger("demo")["accounts"][0]
    assert compare(theirs=theirs, account_id=account.id) == []
    assert set(fleet.signatures_on_the_wire()) <= set(journaled_signatures())
    assert BotEvent.objects.filter(bot=bot, kind="OrderUnknown").count() >= 8
    assert BotEvent.objects.filter(bot=bot, kind="OrderAbsent").exists()
    assert BotEvent.objects.filter(bot=bot, kind="ShiftStarted").count() == 1
    assert "failed" not in fleet.log("bots")
