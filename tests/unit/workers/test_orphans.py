"""An order with our mark that our books do not know is cancelled, and a failed cancel is told."""

import logging
from collections.abc import Sequence, Set
from typing import Any, cast
from uuid import uuid4

import pytest

from apps.trading.intent import client_order_id
from apps.trading.journal import TakenDesk
from apps.trading.outcome import CancelOutcome, NothingToCancel, Rejected, Unknown, VenueOrder
from apps.trading.ports import Lane
from tests.support.memory_venue import MemoryVenue
from tests.support.venues import ManualClock, an_order
from tests.unit.trading.worlds import instrument
from workers.reconcile import Reconciler, Terms

LOST = client_order_id(installation="test", bot_number=7, plan_seq=99, leg=0)


class EmptyBooks:
    """The books of an account that has wished nothing."""

    def __init__(self) -> None:
        self.noted: list[str] = []

    async def live_orders(self, **_: Any) -> Sequence[Any]:
        return []

    async def without_intent(self, *, client_order_ids: Sequence[str], **_: Any) -> Set[str]:
        return set(client_order_ids)

    async def note_orphan(self, *, client_order_id: str, **_: Any) -> None:
        self.noted.append(client_order_id)


class Stubborn(MemoryVenue):
    """A venue that answers every cancel with `answer`; without one it does as it is told."""

    answer: CancelOutcome | None = None
    listed: list[str | None]

    async def open_orders(
        self, *, symbol: str | None = None, lane: Lane = Lane.ENTRY
    ) -> Sequence[VenueOrder]:
        self.listed.append(symbol)
        return await super().open_orders(symbol=symbol, lane=lane)

    async def cancel(self, **asked: Any) -> CancelOutcome:
        return self.answer or await super().cancel(**asked)


async def told_of(venue: Stubborn) -> EmptyBooks:
    """The books after looking three times: no order lives, then all markets, then the suspect's."""
    clock, books = ManualClock(), EmptyBooks()
    await venue.place(an_order(client_order_id=LOST))
    reconciler = Reconciler(
        taken=TakenDesk(uuid4(), 1, {}),
        venue=venue,
        store=cast(Any, books),
        wakeups=cast(Any, None),
        clock=clock,
        exchange_now=clock.now,
        terms=Terms(installation="test", recv_window_ms=5_000, most_lists=13),
    )
    await reconciler.orders()
    assert venue.listed == []
    await reconciler.orders(besides=["BTC/USDT"])
    assert books.noted == []
    await reconciler.orders()
    assert venue.listed == ["BTC/USDT", "BTC/USDT"]
    return books


@pytest.fixture
def venue() -> Stubborn:
    made = Stubborn(instrument=instrument(), clock=ManualClock())
    made.listed = []
    return made


async def test_a_cancel_that_worked_is_no_warning(
    venue: Stubborn, caplog: pytest.LogCaptureFixture
) -> None:
    books = await told_of(venue)

    assert books.noted == [LOST]
    assert venue.orders[LOST].is_final
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


@pytest.mark.parametrize(
    "answer",
    [
        NothingToCancel("unknown order"),
        Rejected("no_permission", "the key may not trade"),
        Unknown("timed out"),
    ],
)
async def test_a_cancel_that_did_not_work_is_told_with_the_exchanges_words(
    venue: Stubborn, caplog: pytest.LogCaptureFixture, answer: CancelOutcome
) -> None:
    venue.answer = answer

    await told_of(venue)

    (warning,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert str(answer) in warning.getMessage()
