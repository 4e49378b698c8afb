"""When books are said to agree: what is in flight is waited for, what is wrong stays wrong."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest

from apps.accounts.models import ExchangeAccount
from apps.operations.services import system_state
from tests.integration.proof.test_checker import Books, traded
from tests.integration.rows.world import World, make_world
from workers.proof.agreement import Auditor

pytestmark = pytest.mark.django_db(transaction=True)


def auditor(world: World, dumps: Iterator[Books], **bounds: float) -> Auditor:
    """One that is shown the exchange's books as they come."""

    def dump() -> dict[str, Any]:
        return {"accounts": [{"api_key": "k", **next(dumps)}]}

    return Auditor(dump=dump, api_key=lambda _id: "k", **bounds)


def always(books: Books) -> Iterator[Books]:
    while True:
        yield deepcopy(books)


def after(first: Books, books: Books) -> Iterator[Books]:
    yield first
    yield from always(books)


def without_our_last_trade(books: Books) -> Books:
    behind = deepcopy(books)
    behind["trades"].pop()
    return behind


def test_books_that_agree_are_counted_and_nobody_is_paused() -> None:
    world = make_world(USDT="10000")
    _, books = traded(world)

    found = auditor(world, always(books)).agree()

    assert (found.accounts, found.orders, found.fills, found.balances) == (1, 2, 2, 1)
    assert (found.differences, found.paused) == ([], False)
    assert system_state().state == "RUNNING"


def test_what_is_in_flight_is_waited_for() -> None:
    world = make_world(USDT="10000")
    _, books = traded(world)

    found = auditor(world, after(without_our_last_trade(books), books)).agree()

    assert (found.accounts, found.differences, found.paused) == (1, [], False)


def lose_a_trade(world: World, books: Books) -> Books:
    return without_our_last_trade(books)


def degrade(world: World, books: Books) -> Books:
    ExchangeAccount.objects.filter(pk=world.account.id).update(
        status="degraded", status_reason="0.1 BTC too few"
    )
    return books


@pytest.mark.parametrize(
    ("harm", "expected"),
    [
        (lose_a_trade, "is in our books, the exchange never made it"),
        (degrade, "account paper is degraded: 0.1 BTC too few"),
    ],
)
def test_what_is_wrong_stays_wrong_however_long_it_is_looked_at(
    harm: Callable[[World, Books], Books], expected: str
) -> None:
    world = make_world(USDT="10000")
    _, books = traded(world)
    wrong = harm(world, books)

    found = auditor(world, always(wrong), undisturbed_s=0.1, bound_s=0.5).agree()

    assert any(expected in line for line in found.differences), found.differences
    assert (found.accounts, found.paused) == (0, True)
    # Entries were paused to settle what might be in flight, and may go on again.
    assert system_state().state == "RUNNING"


def test_a_planted_fault_is_found_in_a_copy() -> None:
    world = make_world(USDT="10000")
    _, books = traded(world)

    found = auditor(world, always(books)).finds("wrong-balance")

    assert any(line.startswith("USDT: ") for line in found)
