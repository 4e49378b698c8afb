"""Pause, configuration, emergency stop and every kind of stop, seen from the exchange's books."""

from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from apps.bots import services
from apps.bots.models import Bot
from apps.ledger.models import BotEvent, Position
from apps.ledger.unprotected import unprotected
from apps.operations import wakeups
from apps.operations.services import emergency_stop, resume_system
from apps.trading.intent import parse
from tests.support.exchange import wait_until
from tests.support.fleet import Fleet
from workers.proof.checker import OPEN_AT_VENUE, compare

pytestmark = pytest.mark.scenario

# The net under the wake-ups is out of reach: whatever people decide here comes by a wake-up.
NET_S = 600.0
SIGNALS = {"period": 2, "oversold": 98.0, "overbought": 99.0, "quote_per_entry": 100.0}
BOT = {
    "symbol": "BTC/USDT",
    "strategy": "rsi",
    "timeframe": "1s",
    "capital": "500",
    "parameters": SIGNALS,
}
# Buys at once and waits far from the market for its profit, or for its loss.
HOLDER = {"take_profit": 0.3, "stop_loss": 0.5, "exit_on_signal": False}
# Offers to buy far below the market, so that its entry rests at the exchange.
BIDDER = {"entry": "limit", "entry_offset": 0.2, "exit_on_signal": False}


class Seen:
    """What the exchange's books show of one account, bot by bot."""

    def __init__(self, fleet: Fleet, account: Any) -> None:
        self._fleet = fleet
        self._account = account

    def books(self) -> Any:
        return self._fleet.exchange.ledger("demo")["accounts"][0]

    def open_orders(self, bot: Bot) -> list[tuple[str, Decimal]]:
        """(side, price) of the bot's orders that are open there."""
        return sorted(
            (order["side"], Decimal(order["price"]))
            for order in self.books()["orders"]
            if order["status"] in OPEN_AT_VENUE and whose(order) == bot.number
        )

    def coins(self) -> Decimal:
        held = self.books()["balances"].get("BTC", {"free": "0", "locked": "0"})
        return Decimal(held["free"]) + Decimal(held["locked"])

    def differences(self) -> list[str]:
        return compare(theirs=self.books(), account_id=self._account.id)


def whose(order: Any) -> int | None:
    own = parse(order["clientOrderId"])
    return None if own is None else own.bot_number


@pytest.fixture
def patient_wakeups(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """On a busy machine a wake-up that takes longer than usual is not to be dropped."""
    monkeypatch.setattr(wakeups, "PATIENCE_S", 20.0)
    wakeups._redis.cache_clear()
    yield
    wakeups._redis.cache_clear()


def start_all(fleet: Fleet) -> None:
    slow = {"LEASE_TTL_S": str(4 * NET_S), "LEASE_RENEW_S": str(NET_S)}
    fleet.start_bots(**slow)
    fleet.start_control(**slow)


def observed(bot: Bot, status: str) -> None:
    wait_until(lambda: Bot.objects.filter(pk=bot.pk, observed_status=status).exists(), seconds=30)


def took(name: str, since: datetime, bot: Bot, kind: str) -> None:
    """Print how long a decision of people was on its way into a bot's journal."""
    row = BotEvent.objects.filter(bot=bot, kind=kind).latest("seq")
    seconds = (row.recorded_at - since).total_seconds()
    print(f"{name} reached the bot after {seconds * 1000:.0f} ms")


def test_people_decide_and_the_exchange_shows_it(fleet: Fleet, patient_wakeups: None) -> None:
    account = fleet.open_account({"USDT": "10000"})
    holder = fleet.bot(account, name="holder", plan_changes=HOLDER, **BOT)
    bidder = fleet.bot(account, name="bidder", plan_changes=BIDDER, **BOT)
    seen = Seen(fleet, account)
    start_all(fleet)
    for bot in (holder, bidder):
        services.start_bot(bot=bot, actor=bot.user)

    def held() -> Position:
        return Position.objects.get(bot=holder, status="active")

    def rests(bot: Bot, *sides: str) -> None:
        wait_until(
            lambda: [side for side, _ in seen.open_orders(bot)] == list(sides),
            seconds=40,
            describe=lambda: f"{bot.name}: {seen.open_orders(bot)}, wanted {sides}",
        )

    rests(holder, "SELL")
    rests(bidder, "BUY")
    bought = held()
    assert Position.objects.filter(bot=bidder, status="active").count() == 0

    changes_its_targets(holder, seen, bought)
    pauses(bidder, rests)
    stops_everything(holder, bidder, rests)
    stops_one_by_one(holder, bidder, seen, rests)

    # The fee of the buy was taken in coins: what is left is too little for any order.
    assert seen.coins() < holder.market.lot_size
    assert seen.differences() == []
    assert set(Bot.objects.values_list("observed_status", flat=True)) == {"STOPPED"}


def changes_its_targets(holder: Bot, seen: Seen, bought: Position) -> None:
    """A new configuration moves the order that rests at the exchange, when told so."""
    ((_, before),) = seen.open_orders(holder)
    later = services.update_configuration(
        bot=holder, actor=holder.user, plan_changes={**HOLDER, "take_profit": 0.4}
    )
    wait_until(lambda: applied(holder, later.version), seconds=10)
    assert seen.open_orders(holder) == [("SELL", before)]

    moved = services.update_configuration(
        bot=holder,
        actor=holder.user,
        plan_changes={**HOLDER, "take_profit": 0.5},
        apply_to_open=True,
    )
    assert bought.entry_price is not None
    target, tick = bought.entry_price * Decimal("1.5"), holder.market.tick_size

    def at_target() -> bool:
        # Two ticks are equally near to a target that lies between them.
        ((side, price),) = seen.open_orders(holder) or [("none", target)]
        return side == "SELL" and abs(price - target) * 2 <= tick

    wait_until(
        at_target, describe=lambda: f"{seen.open_orders(holder)} instead of a target of {target}"
    )
    took("the configuration", moved.created_at, holder, "ConfigurationApplied")


def applied(bot: Bot, version: int) -> bool:
    return BotEvent.objects.filter(
        bot=bot, kind="ConfigurationApplied", payload__version=version
    ).exists()


def pauses(bidder: Bot, rests: Callable[..., None]) -> None:
    """No entry is left while it is paused, and none is missing when it goes on."""
    services.pause_bot(bot=bidder, actor=bidder.user)
    rests(bidder)
    observed(bidder, "PAUSED")
    services.resume_bot(bot=bidder, actor=bidder.user)
    rests(bidder, "BUY")


def stops_everything(holder: Bot, bidder: Bot, rests: Callable[..., None]) -> None:
    """An emergency stop that guards takes entries back and leaves exits; people resume it."""
    stopped = emergency_stop(actor="drill", reason="drill", positions="guard")
    rests(bidder)
    rests(holder, "SELL")
    took("the emergency stop", stopped.changed_at, bidder, "ModeChanged")
    observed(holder, "PAUSED")
    with pytest.raises(ValueError, match="reason"):
        resume_system(actor=holder.user, reason="")
    resume_system(actor=holder.user, reason="drill over")
    rests(bidder, "BUY")
    observed(holder, "RUNNING")


def stops_one_by_one(holder: Bot, bidder: Bot, seen: Seen, rests: Callable[..., None]) -> None:
    """Guard goes on looking after the position, leave does not, sell ends it."""
    services.stop_bot(bot=holder, actor=holder.user, kind="guard")
    observed(holder, "STOPPING")
    rests(holder, "SELL")
    coins = seen.coins()
    assert coins > 0
    assert unprotected(bot_ids=[holder.pk]) == {}

    services.stop_bot(bot=holder, actor=holder.user, kind="leave")
    observed(holder, "STOPPED")
    assert (seen.open_orders(holder), seen.coins()) == ([], coins)
    assert "left its position" in unprotected(bot_ids=[holder.pk])[holder.pk]
    holder.refresh_from_db()
    assert holder.status_reason.endswith("BTC left unprotected")
    with pytest.raises(services.BotRefused, match="stopped already"):
        services.stop_bot(bot=holder, actor=holder.user, kind="leave")

    services.stop_bot(bot=bidder, actor=bidder.user, kind="sell")
    services.stop_bot(bot=holder, actor=holder.user, kind="sell")
    for bot in (bidder, holder):
        observed(bot, "STOPPED")
        assert seen.open_orders(bot) == []
    assert Position.objects.get(bot=holder).status == "closed"
    assert unprotected(bot_ids=[holder.pk, bidder.pk]) == {}
