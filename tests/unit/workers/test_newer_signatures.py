"""An order that is signed anew while somebody still asks about its earlier signature.

The request of the new signature goes out, and the absence of the earlier one is not believed of
it: otherwise the order is signed a third time while the second is on its way, and bought twice.
"""

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from apps.trading.bot_state import WorkingOrder
from apps.trading.engine import OrderIntent
from apps.trading.events import (
    Event,
    OrderAbsent,
    OrderAccepted,
    OrderSending,
    OrderUnknown,
    SendRefused,
)
from apps.trading.order import OrderStatus, OrderType, Role, Side, VenueStatus
from apps.trading.outcome import Accepted, NotFound, VenueOrder
from apps.trading.ports import Lane
from workers.execution import Execution, Windows
from workers.overtaken import overtaken

NAME = "atest0000100000100"
WINDOW_MS = 5_000


def signed(*, attempt: int, at: int) -> OrderSending:
    return OrderSending(NAME, attempt, at, WINDOW_MS, at + WINDOW_MS)


def working(status: OrderStatus, sending: OrderSending | None) -> WorkingOrder:
    return WorkingOrder(
        client_order_id=NAME, plan_seq=1, position=0, slot=0, role=Role.EXIT,
        side=Side.SELL, order_type=OrderType.MARKET, quantity=Decimal(1), price=None,
        reference_price=Decimal(100), reserve_asset="BTC", reserve_amount=Decimal(1),
        wished_at=0, status=status, sending=sending,
    )  # fmt: skip


FIRST, SECOND = signed(attempt=1, at=1_000), signed(attempt=2, at=3_000)
ABSENT = OrderAbsent(NAME, FIRST.deadline_at, venue_at=7_500)


@pytest.mark.parametrize(
    ("letter", "order", "late"),
    [
        (ABSENT, working(OrderStatus.SENDING, FIRST), False),
        (ABSENT, working(OrderStatus.SENDING, SECOND), True),
        (ABSENT, working(OrderStatus.PLANNED, FIRST), True),
        (ABSENT, working(OrderStatus.OPEN, FIRST), True),
        (ABSENT, None, True),
        (OrderUnknown(NAME, "time-out"), working(OrderStatus.SENDING, SECOND), False),
        (OrderUnknown(NAME, "time-out"), working(OrderStatus.OPEN, SECOND), True),
        (OrderAccepted(NAME, "v1", 1), working(OrderStatus.SENDING, SECOND), False),
        (SendRefused(NAME, "429", "later", 1.0), working(OrderStatus.SENDING, SECOND), False),
    ],
)
def test_an_answer_is_late_when_facts_or_a_newer_signature_say_more(
    letter: Event, order: WorkingOrder | None, late: bool
) -> None:
    assert overtaken(letter, order) is late


class SlowVenue:
    """Answers questions only when told to; takes every order at once."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.placed: list[int] = []

    async def find_order(self, *, symbol: str, client_order_id: str) -> NotFound:
        self.asked.set()
        await self.may_answer.wait()
        return NotFound(venue_at=FIRST.deadline_at + 60_000)

    async def open_orders(
        self, *, symbol: str | None = None, lane: Lane = Lane.ENTRY
    ) -> Sequence[VenueOrder]:
        return []

    async def fills(self, *, symbol: str, since: int) -> Sequence[Any]:
        return []

    async def place(self, order: Any) -> Accepted:
        self.placed.append(order.signed_at)
        return Accepted(
            VenueOrder(
                "BTC/USDT", NAME, "v1", Side.SELL, OrderType.MARKET, VenueStatus.OPEN, None,
                Decimal(1), Decimal(0), order.signed_at,
            )
        )  # fmt: skip


class Accepting:
    """A store and a lease that have nothing against anything."""

    async def observe(self, **_facts: Any) -> None:
        return None

    def may_send(self) -> bool:
        return True

    def lost(self) -> bool:
        return False

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


async def test_a_request_goes_out_though_the_signature_before_it_is_still_asked_about() -> None:
    venue, letters = SlowVenue(), list[Event]()
    answered = asyncio.Event()
    ports: Any = Accepting()
    execution = Execution(
        account_id=UUID(int=1),
        symbol="BTC/USDT",
        venue=venue,  # type: ignore[arg-type]
        store=ports,
        lease=ports,
        clock=ports,
        windows=Windows(recv_window_ms=WINDOW_MS, read_lag_ms=1_000),
        post=letters.append,
        facts=answered.set,
        exchange_now=lambda: SECOND.signed_at,
    )
    intent = OrderIntent(
        NAME, "BTC/USDT", Side.SELL, OrderType.MARKET, Decimal(1), None, Decimal(100), Role.EXIT, 2
    )
    execution.resolve(sending=FIRST)
    await venue.asked.wait()

    execution.send(intent=intent, sending=SECOND, lane=Lane.EXIT)
    venue.may_answer.set()
    await asyncio.wait_for(answered.wait(), 5)

    assert venue.placed == [SECOND.signed_at]
    assert [type(letter) for letter in letters] == [OrderAccepted]
    while execution.asking(NAME):
        await asyncio.sleep(0)
    assert not execution.classifying()
