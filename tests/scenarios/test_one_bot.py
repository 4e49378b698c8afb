"""One bot, run as a long-lived task, trades on the simulated exchange."""

import pytest

from apps.bots import services
from apps.bots.models import Bot
from apps.ledger.models import Fill, Order, Position
from tests.support.exchange import wait_until
from tests.support.fleet import Fleet

pytestmark = pytest.mark.scenario

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

    books = fleet.exchange.ledger("demo")
    ours = set(Order.objects.filter(bot=bot).values_list("client_order_id", flat=True))
    theirs = [order["clientOrderId"] for order in books["accounts"][0]["orders"]]
    assert ours
    assert sorted(ours) == sorted(theirs)
    assert Fill.objects.filter(bot=bot).count() == len(books["accounts"][0]["trades"])
