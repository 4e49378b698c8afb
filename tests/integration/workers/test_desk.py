"""The account desk on real rows and a real exchange that loses, doubles and withholds events."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from apps.audit.models import AuditEvent
from apps.ledger import desks, observations
from apps.ledger.models import Desk as DeskRow
from apps.ledger.models import LedgerEntry, VenueFill, VenueOrderState
from apps.trading.events import OrderAccepted
from apps.trading.instrument import Instrument
from apps.trading.intent import client_order_id
from apps.trading.order import OrderType, Side
from apps.trading.outcome import Accepted, VenueOrder
from apps.trading.ports import Lane, PlaceOrder
from apps.venues import open_venue
from apps.venues.ccxt import CcxtVenue
from apps.venues.clock import WallClock
from tests.integration.rows.world import Hand, World, make_bot, make_world, sending
from tests.support.exchange import SimExchangeProcess, start_exchange
from tests.support.venues import OpenBudget, fresh_id, simulated_account
from workers.desk import Desk, DeskRhythm
from workers.postgres import Database
from workers.reconcile import Terms
from workers.stores import BotRows, DeskRows

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.servers]

SYMBOL = "BTC/USDT"
REPORT = "event executionReport"
# Scaled: a comparison a minute and a look at the stream every five seconds in real life.
QUICK = DeskRhythm(reconcile_s=60.0, poll_s=0.5, look_s=0.05, spacing_s=0.1, stream_s=5.0)


class Wakes:
    """Remembers whom the desk woke."""

    def __init__(self) -> None:
        self.woken: list[UUID] = []

    async def wake(self, *, bot_ids: Sequence[UUID], kind: str) -> None:
        self.woken += bot_ids


class Held:
    """A lease that is never lost."""

    def may_send(self) -> bool:
        return True

    def lost(self) -> bool:
        return False


@dataclass
class Scene:
    """One account at the exchange, one of its bots that nobody runs, and a hand to place orders."""

    world: World
    hand: Hand
    venue: CcxtVenue
    budget: OpenBudget
    database: Database
    exchange: SimExchangeProcess
    wakes: Wakes
    account_key: str

    async def ask(self, read: Callable[[], Any]) -> Any:
        return await self.database.ask(read)

    async def until(self, read: Callable[[], Any], *, seconds: float = 20.0) -> Any:
        """What `read` finds in the database once it is true."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = await self.ask(read)
            if found:
                return found
            await asyncio.sleep(0.02)
        raise AssertionError(f"not within {seconds} s")

    async def price(self, factor: str) -> Decimal:
        instrument: Instrument = (await self.venue.instruments())[SYMBOL]
        last = await self.venue._line.client.fetch_ticker(SYMBOL)
        return instrument.round_price(Decimal(str(last["last"])) * Decimal(factor))

    async def order(self, *, price: Decimal, quantity: str = "0.01", name: str = "") -> VenueOrder:
        """Place one as the bot's runner does, its wish journaled; or one of another `name`."""
        if not name:
            intent = self.hand.planned(quantity=quantity, price=str(price))
            name = intent.client_order_id
            signed = sending(name)
            now = WallClock().now()
            signed = type(signed)(name, 1, now, 5000, now + 5000)
            await self.ask(lambda: self.hand.commit(intent, signed))
        answer = await self.venue.place(
            PlaceOrder(
                symbol=SYMBOL,
                client_order_id=name,
                side=Side.BUY,
                order_type=OrderType.LIMIT,
                quantity=Decimal(quantity),
                price=price,
                signed_at=WallClock().now(),
                recv_window_ms=5_000,
                lane=Lane.ENTRY,
            )
        )
        assert isinstance(answer, Accepted)
        return answer.order

    async def accepted(self, order: VenueOrder) -> None:
        """The bot's journal takes the acceptance."""
        event = OrderAccepted(order.client_order_id or "", order.venue_order_id, order.updated_at)
        await self.ask(lambda: self.hand.commit(event))

    def theirs(self) -> dict[str, Any]:
        accounts = self.exchange.ledger("demo")["accounts"]
        return next(each for each in accounts if each["api_key"] == self.account_key)


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimExchangeProcess]:
    with start_exchange(tmp_path_factory.mktemp("desk")) as process:
        yield process


@pytest.fixture
def rows(exchange: SimExchangeProcess) -> tuple[World, Hand, str]:
    key = fresh_id()
    exchange.sim("demo").open_account(api_key=key, secret="secret", balances={"USDT": "100000"})
    world = make_world(USDT="100000")
    return world, Hand(world, make_bot(world)), key


@pytest.fixture
async def scene(
    rows: tuple[World, Hand, str], exchange: SimExchangeProcess
) -> AsyncIterator[Scene]:
    world, hand, key = rows
    budget, database = OpenBudget(), Database(threads=1)
    account = simulated_account(exchange.base_url("demo"), api_key=key)
    venue = open_venue(account, budget=budget, clock=WallClock())
    await venue.instruments()
    yield Scene(world, hand, venue, budget, database, exchange, Wakes(), key)
    exchange.sim("demo").call("DELETE", "faults")
    await venue.close()
    database.close()


@asynccontextmanager
async def running(scene: Scene, rhythm: DeskRhythm = QUICK) -> AsyncIterator[Desk]:
    """A desk at work, once its first comparison is done."""
    draining = {"now": False}
    account = scene.world.account
    number = (await scene.ask(lambda: DeskRow.objects.get(account=account))).dispatch_number
    taken = await scene.ask(
        partial(
            desks.take_desk,
            account_id=account.id,
            process_id=scene.world.process_id,
            dispatch=number,
        )
    )
    clock = WallClock()
    desk = Desk(
        taken=taken,
        venue=scene.venue,
        store=DeskRows(scene.database, BotRows(scene.database)),
        wakeups=scene.wakes,
        lease=Held(),
        clock=clock,
        exchange_now=scene.venue.exchange_now,
        terms=Terms(installation="test", recv_window_ms=5_000, most_lists=13),
        rhythm=rhythm,
        draining=draining,
    )
    task = asyncio.create_task(desk.run())
    try:
        mine = {"account": account, "reconciled_fence": taken.fence}
        await scene.until(lambda: DeskRow.objects.filter(**mine).exists())
        yield desk
        draining["now"] = True
        assert await task == "drained"
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def booked(scene: Scene) -> dict[str, Decimal]:
    """Booked fills by trade id."""
    rows = VenueFill.objects.filter(account=scene.world.account)
    return dict(rows.values_list("trade_id", "quantity"))


def their_trades(scene: Scene) -> dict[str, Decimal]:
    return {str(trade["id"]): Decimal(trade["qty"]) for trade in scene.theirs()["trades"]}


def agrees(scene: Scene) -> bool:
    return booked(scene) == their_trades(scene) != {}


async def test_fills_of_a_bot_that_does_not_run_are_booked_at_once_and_wait_for_it(
    scene: Scene,
) -> None:
    async with running(scene):
        order = await scene.order(price=await scene.price("1.01"))
        began = time.monotonic()
        await scene.until(lambda: agrees(scene))
        took = time.monotonic() - began

    waiting = await scene.ask(lambda: observations.unapplied(bot_id=scene.hand.bot.id))
    assert sum(fill.quantity for fill in waiting.fills) == order.quantity
    assert [each.client_order_id for each in waiting.orders] == [order.client_order_id]
    assert set(scene.wakes.woken) == {scene.hand.bot.id}
    assert took < 5


async def test_what_nobody_of_ours_traded_is_external_and_the_books_agree(scene: Scene) -> None:
    async with running(scene):
        await scene.order(price=await scene.price("1.01"), name="by-hand")
        await scene.until(lambda: agrees(scene))
        rows = await scene.ask(
            lambda: list(LedgerEntry.objects.exclude(cause="opening").values_list("bot", flat=True))
        )

    status = await scene.ask(lambda: type(scene.world.account).objects.get().status)
    assert set(rows) == {None}
    assert status == "active"
    assert scene.wakes.woken == []


@pytest.mark.parametrize("kind", ["missing", "duplicate", "reorder"])
async def test_events_that_are_lost_doubled_or_out_of_order_leave_every_fill_booked_once(
    scene: Scene, kind: str
) -> None:
    async with running(scene, DeskRhythm(reconcile_s=0.2, look_s=0.05, stream_s=5.0)):
        scene.exchange.sim("demo").fault(kind=kind, match=REPORT, count=3)
        price = await scene.price("1.01")
        for _ in range(3):
            await scene.order(price=price)
        await scene.until(lambda: len(booked(scene)) >= 3 and agrees(scene))


async def test_fills_while_the_stream_is_cut_are_backfilled_within_five_seconds(
    scene: Scene,
) -> None:
    async with running(scene):
        resting = await scene.order(price=await scene.price("0.9"))
        await scene.accepted(resting)
        scene.exchange.sim("demo").fault(kind="disconnect", match=REPORT, count=1)
        began = time.monotonic()
        await scene.order(price=await scene.price("1.01"))
        await scene.until(lambda: agrees(scene))

    assert time.monotonic() - began < 5


async def test_a_silent_stream_is_noticed_within_ten_seconds_and_made_anew(scene: Scene) -> None:
    async with running(scene):
        scene.exchange.sim("demo").fault(kind="silent", match=REPORT, duration_ms=6_000)
        await asyncio.sleep(0.6)  # past the margin for our estimate of the exchange's clock
        began = time.monotonic()
        resting = await scene.order(price=await scene.price("0.9"))
        await scene.accepted(resting)
        await scene.order(price=await scene.price("1.01"))
        await scene.until(lambda: agrees(scene))

    assert time.monotonic() - began < 10


async def test_an_order_with_our_mark_that_no_books_know_is_taken_back(scene: Scene) -> None:
    lost = client_order_id(installation="test", bot_number=7, plan_seq=99, leg=0)
    foreign = client_order_id(installation="else", bot_number=7, plan_seq=99, leg=0)
    price = await scene.price("0.9")
    await scene.accepted(await scene.order(price=price))
    for name in (lost, foreign, "by-hand"):
        await scene.order(price=price, name=name)

    async with running(scene, DeskRhythm(reconcile_s=0.2, look_s=0.05, stream_s=5.0)):
        await scene.until(
            lambda: VenueOrderState.objects.filter(client_order_id=lost, status="canceled").exists()
        )

    notes = await scene.ask(
        lambda: list(
            AuditEvent.objects.filter(verb="cancel_orphan").values_list("after", flat=True)
        )
    )
    open_now = {
        order["clientOrderId"] for order in scene.theirs()["orders"] if order["status"] == "NEW"
    }
    assert lost not in open_now
    assert {foreign, "by-hand"} < open_now
    assert len(open_now) == 3
    assert notes == [{"client_order_id": lost, "symbol": SYMBOL}]


async def test_a_quiet_comparison_asks_for_orders_and_balances_and_not_for_fills(
    scene: Scene,
) -> None:
    await scene.accepted(await scene.order(price=await scene.price("0.9")))
    async with running(scene):
        spent = sum(weight for _, weight in scene.budget.asked)
        before = len(scene.budget.asked)
        reconciled = (await scene.ask(lambda: DeskRow.objects.get())).reconciled_at
        async with running(scene):
            pass
        lanes = {weight: lane for lane, weight in scene.budget.asked[before:]}
        asked = [weight for _, weight in scene.budget.asked[before:]]

    assert reconciled is not None
    assert spent > 0
    # Its bots wait for the first comparison of a desk: balances and the market's open orders.
    assert (lanes[20], lanes[6]) == (Lane.RECOVERY, Lane.RECOVERY)
    assert sum(asked) <= 20 + 6 + 2 + 1
