"""kill -9 at every named place of Send, Resolve, Fills and Cancel; then the books must agree.

The worker process is armed with one place after the other while two bots trade. Each time it must
have died there by SIGKILL; its successor recovers whatever was in flight. At the end, with
everything stopped, the exchange's ledger and ours are compared to the last digit.
"""

import signal
import subprocess
from typing import Any

import pytest

from apps.bots import services
from apps.bots.models import Bot
from apps.ledger.models import BotEvent, Order
from apps.trading.order import LIVE
from tests.support.exchange import wait_until
from tests.support.fleet import Fleet, journaled_signatures
from workers.crashpoints import NAMES
from workers.proof.checker import compare

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(600)]

TAKER = {
    "symbol": "BTC/USDT",
    "strategy": "rsi",
    "timeframe": "1s",
    "parameters": {"period": 2, "oversold": 98.0, "overbought": 99.0, "quote_per_entry": 50.0},
    "plan_changes": {"max_holding_s": 1.0, "exit_on_signal": False},
    "limits": {"max_orders_per_minute": 600},
    "capital": "500",
}
# Rests far below the market and is taken back after a second: every round is a cancel.
CANCELER = {
    **TAKER,
    "plan_changes": {"entry": "limit", "entry_offset": 0.02, "entry_timeout_s": 1.0},
}
# What makes the armed place be reached: the answer is lost, or the order never arrives. A wish
# stays planned while the address is silent: a refused cancel silences it, the taker goes on.
PROVOKED: dict[str, dict[str, Any]] = {
    "resolve_found": {"kind": "lost_ack", "match": "POST */order", "count": 1},
    "resolve_absent": {"kind": "drop", "match": "POST */order", "count": 1},
    "resend": {"kind": "drop", "match": "POST */order", "count": 1},
    "planned": {
        "kind": "rate_limited", "match": "DELETE */order", "count": 1, "retry_after": 3,
    },
}  # fmt: skip


def test_whatever_place_it_dies_at_every_order_and_fill_is_known_once(fleet: Fleet) -> None:
    account = fleet.open_account({"USDT": "10000"})
    bots = [
        fleet.bot(account, name="taker", **TAKER),
        fleet.bot(account, name="canceler", **CANCELER),
    ]
    fleet.start_control()
    for bot in bots:
        services.start_bot(bot=bot, actor=bot.user)

    for place in NAMES:
        died = kill_at(fleet, place)
        assert died == -signal.SIGKILL, f"not killed at {place}"

    fleet.start_bots()
    for bot in bots:
        services.stop_bot(bot=bot, actor=bot.user, kind="sell")
    wait_until(all_stopped, seconds=60, describe=state_of_bots)
    theirs = fleet.exchange.ledger("demo")["accounts"][0]
    assert compare(theirs=theirs, account_id=account.id) == []
    # Not one request left that was not committed before, with just this signature.
    assert set(fleet.signatures_on_the_wire()) <= set(journaled_signatures())
    # Several places die within the life of one order, so there are fewer orders than places.
    assert len(theirs["orders"]) >= 6
    assert len(theirs["trades"]) >= 4


def all_stopped() -> bool:
    return not Bot.objects.exclude(observed_status="STOPPED").exists()


def state_of_bots() -> str:
    """What keeps bots from having stopped, for the failure's message."""
    bots = Bot.objects.values_list("name", "observed_status", "status_reason", "fence", "seq")
    live = Order.objects.filter(status__in=[status.value for status in LIVE])
    orders = live.values_list("client_order_id", "status", "side", "quantity", "filled", "attempt")
    events = BotEvent.objects.order_by("bot", "-seq").values_list("bot__name", "seq", "kind")
    return f"{list(bots)}\n{list(orders)}\n{list(events[:40])}"


def kill_at(fleet: Fleet, place: str) -> int:
    """Run a worker that dies at this place; its exit code."""
    process: subprocess.Popen[bytes] = fleet.start_bots(crashpoint=place)
    if place in PROVOKED:
        fleet.exchange.sim("demo").fault(**PROVOKED[place])
    wait_until(lambda: process.poll() is not None, seconds=60, describe=state_of_bots)
    return process.returncode
