"""One bot, run as a long-lived task, trades on the simulated exchange."""

from collections.abc import Iterator
from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest

from apps.bots import services
from apps.bots.models import Bot
from apps.ledger.models import Fill, Order, Position
from apps.trading.intent import client_order_id
from tests.support.exchange import wait_until
from tests.support.fleet import Fleet, journaled_signatures
from workers.proof.checker import compare

pytestmark = pytest.mark.scenario

TINY = Decimal("1e-8")

BUSY = {
    "symbol": "BTC/USDT",
    "strategy": "rsi",
    "timeframe": "1s",
    "parameters": {"period": 2, "oversold": 98.0, "overbought": 99.0, "quote_per_entry": 50.0},
    "plan_changes": {"max_holding_s": 1.0, "exit_on_signal": False},
    "capital": "500",
}


def test_a_started_bot_buys_and_sells_and_its_stop_is_confirmed(fleet: Fleet) -> None:
    account = fleet.open_account({"USDT": "10000"})
    bot = fleet.bot(account, name="busy", **BUSY)
    fleet.start_bots()
    fleet.start_control()

    services.start_bot(bot=bot, actor=bot.user)
    wait_until(lambda: Position.objects.filter(bot=bot, status="closed").exists(), seconds=60)
    services.stop_bot(bot=bot, actor=bot.user, kind="sell")
    wait_until(
        lambda: Bot.objects.filter(pk=bot.pk, observed_status="STOPPED").exists(), seconds=30
    )

    theirs = fleet.exchange.ledger("demo")["accounts"][0]
    assert Order.objects.filter(bot=bot).count() == len(theirs["orders"]) >= 2
    assert Fill.objects.filter(bot=bot).count() == len(theirs["trades"]) >= 2
    assert compare(theirs=theirs, account_id=account.id) == []
    assert sorted(fleet.signatures_on_the_wire()) == sorted(journaled_signatures())
    for fault, planted in planted_faults(theirs):
        assert compare(theirs=planted, account_id=account.id), f"the checker missed {fault}"


def planted_faults(theirs: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Books of an exchange with which ours do not agree, each in one way."""
    doubled = deepcopy(theirs)
    doubled["orders"].append(deepcopy(doubled["orders"][0]))
    yield "a doubled order", doubled
    unknown = deepcopy(theirs)
    unknown["orders"][0]["clientOrderId"] = client_order_id(
        installation="test", bot_number=1, plan_seq=999, leg=0
    )
    yield "an order without an intent", unknown
    lost = deepcopy(theirs)
    lost["orders"].pop()
    yield "an order the exchange never had", lost
    extra = deepcopy(theirs)
    extra["trades"].append({**extra["trades"][0], "id": 999_999})
    yield "a fill we never heard of", extra
    missing = deepcopy(theirs)
    missing["trades"].pop()
    yield "a fill the exchange never made", missing
    off = deepcopy(theirs)
    off["balances"]["USDT"]["free"] = str(Decimal(off["balances"]["USDT"]["free"]) + TINY)
    yield "a balance that is off by the last digit", off
