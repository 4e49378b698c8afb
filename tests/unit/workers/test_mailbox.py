"""A runner's mailbox."""

import asyncio

from apps.trading.events import OrderUnknown
from apps.trading.ports import PriceTick
from workers.mailbox import Mailbox


def tick(price: float, *, low: float, high: float, at: int = 0) -> PriceTick:
    return PriceTick("BTC/USDT", price, low, high, price, price, at)


def test_prices_that_wait_are_conflated_without_losing_a_touch() -> None:
    box = Mailbox()

    box.price(tick(100.0, low=99.0, high=101.0, at=1))
    box.price(tick(100.5, low=100.4, high=100.6, at=2))
    box.price(tick(100.2, low=98.0, high=100.2, at=3))

    taken = box.take_price()
    assert taken == tick(100.2, low=98.0, high=101.0, at=3)
    assert box.take_price() is None


def test_letters_keep_their_order() -> None:
    box = Mailbox()
    letters = [OrderUnknown("a", "1"), OrderUnknown("a", "2"), OrderUnknown("b", "3")]

    for letter in letters:
        box.post(letter)

    assert [box.take_letter() for _ in range(4)] == [*letters, None]


async def test_waiting_ends_when_something_arrives() -> None:
    box = Mailbox()
    waiting = asyncio.create_task(box.wait(seconds=60))
    await asyncio.sleep(0)

    box.facts_waiting()

    async with asyncio.timeout(5):
        await waiting
    assert box.take_facts()
    assert not box.take_facts()


async def test_waiting_ends_when_the_time_is_over() -> None:
    box = Mailbox()

    async with asyncio.timeout(5):
        await box.wait(seconds=0.01)

    assert box.take_letter() is None


async def test_what_arrives_before_the_wait_is_not_slept_over() -> None:
    box = Mailbox()
    box.standing_changed()

    async with asyncio.timeout(5):
        await box.wait(seconds=60)

    assert box.take_standing()
