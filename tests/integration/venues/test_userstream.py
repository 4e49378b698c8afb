"""The user stream tells every order and fill, and says where it may have missed some."""

import asyncio
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from typing import Any

import pytest

from apps.trading.order import OrderType, VenueStatus
from apps.trading.outcome import Accepted
from apps.trading.ports import OwnOrder, StreamGap
from apps.venues.ccxt import CcxtVenue
from tests.integration.venues.test_orders import cancel, price_near
from tests.support.exchange import SimExchangeProcess
from tests.support.venues import SYMBOL, an_order

DEADLINE_S = 30


class Listener:
    """Collects events in the background."""

    def __init__(self, venue: CcxtVenue) -> None:
        self.heard: list[OwnOrder | StreamGap] = []
        self._news = asyncio.Event()
        self._task = asyncio.create_task(self._listen(venue))

    async def _listen(self, venue: CcxtVenue) -> None:
        async for event in venue.own_events():
            self.heard.append(event)
            self._news.set()

    async def until(self, wanted: Callable[["Listener"], bool]) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while not wanted(self):
                self._news.clear()
                await self._news.wait()

    def gaps(self, reason: str) -> list[StreamGap]:
        return [
            each for each in self.heard if isinstance(each, StreamGap) and reason in each.reason
        ]

    def told(self, client_order_id: str) -> list[Any]:
        return [
            each.order
            for each in self.heard
            if isinstance(each, OwnOrder) and each.order.client_order_id == client_order_id
        ]

    async def end(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


@pytest.fixture
async def listener(venue: CcxtVenue) -> AsyncIterator[Listener]:
    await venue.instruments()
    made = Listener(venue)
    await made.until(lambda each: bool(each.gaps("connected")))
    yield made
    await made.end()


async def test_a_fill_is_told_as_it_is_booked(venue: CcxtVenue, listener: Listener) -> None:
    order = an_order(kind=OrderType.MARKET, quantity="0.02")

    answer = await venue.place(order)
    await listener.until(
        lambda each: any(
            told.status is VenueStatus.FILLED for told in each.told(order.client_order_id)
        )
    )

    assert isinstance(answer, Accepted)
    told = [fill for each in listener.told(order.client_order_id) for fill in each.fills]
    booked = await venue.order_fills(symbol=SYMBOL, venue_order_id=answer.order.venue_order_id)
    assert told == list(booked)
    assert sum(fill.quantity for fill in told) == Decimal("0.02")


async def test_an_order_is_told_from_open_to_cancelled_under_our_id(
    venue: CcxtVenue, listener: Listener
) -> None:
    order = an_order(price=await price_near(venue, "0.9"))
    await venue.place(order)
    await cancel(venue, order)

    await listener.until(lambda each: len(each.told(order.client_order_id)) >= 2)

    statuses = [told.status for told in listener.told(order.client_order_id)]
    assert statuses == [VenueStatus.OPEN, VenueStatus.CANCELED]


async def test_two_readers_are_told_the_same(venue: CcxtVenue, listener: Listener) -> None:
    second = Listener(venue)
    await asyncio.sleep(0)
    order = an_order(kind=OrderType.MARKET, quantity="0.01")

    await venue.place(order)
    for each in (listener, second):
        await each.until(lambda each: len(each.told(order.client_order_id)) >= 2)
    await second.end()

    assert second.told(order.client_order_id) == listener.told(order.client_order_id)


async def test_a_cut_is_told_when_it_happens_and_again_when_it_is_over(
    venue: CcxtVenue, exchange: SimExchangeProcess, listener: Listener
) -> None:
    first = an_order(kind=OrderType.MARKET, quantity="0.01")
    await venue.place(first)
    await listener.until(lambda each: len(each.told(first.client_order_id)) >= 2)
    last_at = listener.told(first.client_order_id)[-1].updated_at

    exchange.sim("demo").fault(kind="disconnect", match="event executionReport", count=1)
    lost = an_order(kind=OrderType.MARKET, quantity="0.01")
    await venue.place(lost)
    await listener.until(lambda each: len(each.gaps("connected")) == 2)

    gaps = [each for each in listener.heard if isinstance(each, StreamGap)]
    assert len(gaps) == 3
    assert all(gap.since <= last_at for gap in gaps[:1])
    assert gaps[1].since <= gaps[2].since
    # What was missed can be asked for from there on.
    fills = await venue.fills(symbol=SYMBOL, since=gaps[1].since)
    assert lost.client_order_id in {fill.client_order_id for fill in fills}
    after = an_order(kind=OrderType.MARKET, quantity="0.01")
    await venue.place(after)
    await listener.until(lambda each: len(each.told(after.client_order_id)) >= 2)


async def test_an_event_told_twice_keeps_its_trade_id(
    venue: CcxtVenue, exchange: SimExchangeProcess, listener: Listener
) -> None:
    exchange.sim("demo").fault(kind="duplicate", match="event executionReport", count=2)
    order = an_order(kind=OrderType.MARKET, quantity="0.01")

    await venue.place(order)
    await listener.until(
        lambda each: sum(bool(told.fills) for told in each.told(order.client_order_id)) >= 2
    )

    fills = [fill for told in listener.told(order.client_order_id) for fill in told.fills]
    assert len({fill.trade_id for fill in fills}) < len(fills)


async def test_a_refused_subscription_is_tried_again(
    venue: CcxtVenue, exchange: SimExchangeProcess
) -> None:
    await venue.instruments()
    exchange.sim("demo").fault(
        kind="error", match="ws userDataStream.subscribe.signature", code=-1000, status=400
    )
    listener = Listener(venue)

    await listener.until(lambda each: bool(each.gaps("connected")))
    await listener.end()

    first = listener.heard[0]
    assert isinstance(first, StreamGap)
    assert first.reason != "connected"
