"""Orders through the adapter, compared with the simulated exchange's own books."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from apps.trading.order import OrderType, Side, VenueStatus
from apps.trading.outcome import Accepted, NotFound, NothingToCancel, Rejected, VenueOrder
from apps.trading.ports import Lane, PlaceOrder
from apps.venues import open_venue
from apps.venues.ccxt import CcxtVenue
from apps.venues.clock import WallClock
from tests.support.exchange import SimExchangeProcess
from tests.support.venues import (
    RECV_WINDOW_MS,
    SYMBOL,
    OpenBudget,
    an_order,
    fresh_id,
    simulated_account,
)


def ledger_orders(exchange: SimExchangeProcess, *client_order_ids: str) -> list[dict[str, Any]]:
    """The exchange's own rows of these orders."""
    return [
        order
        for account in exchange.ledger("demo")["accounts"]
        for order in account["orders"]
        if order["clientOrderId"] in client_order_ids
    ]


async def price_near(venue: CcxtVenue, factor: str, *, symbol: str = SYMBOL) -> str:
    """A price on the tick, so far from the last one."""
    probe = an_order(kind=OrderType.MARKET, quantity="0.01", symbol=symbol)
    answer = await venue.place(probe)
    assert isinstance(answer, Accepted)
    instrument = (await venue.instruments())[symbol]
    return str(instrument.round_price(answer.order.fills[0].price * Decimal(factor)))


async def cancel(venue: CcxtVenue, order: PlaceOrder) -> Any:
    return await venue.cancel(
        symbol=order.symbol,
        client_order_id=order.client_order_id,
        signed_at=WallClock().now(),
        recv_window_ms=RECV_WINDOW_MS,
    )


async def test_a_market_order_is_accepted_with_its_exact_fills(
    venue: CcxtVenue, exchange: SimExchangeProcess
) -> None:
    order = an_order(kind=OrderType.MARKET, quantity="0.02")

    answer = await venue.place(order)

    assert isinstance(answer, Accepted)
    assert answer.order.status is VenueStatus.FILLED
    assert sum(fill.quantity for fill in answer.order.fills) == Decimal("0.02")
    assert {fill.fee_asset for fill in answer.order.fills} == {"BTC"}
    booked = await venue.order_fills(symbol=SYMBOL, venue_order_id=answer.order.venue_order_id)
    assert list(answer.order.fills) == list(booked)
    assert len(ledger_orders(exchange, order.client_order_id)) == 1


@pytest.mark.parametrize(
    ("kind", "side", "factor"),
    [
        (OrderType.LIMIT, Side.BUY, "0.9"),
        (OrderType.POST_ONLY, Side.SELL, "1.1"),
        (OrderType.STOP_MARKET, Side.SELL, "0.9"),
    ],
)
async def test_a_resting_order_is_told_back_as_it_was_asked(
    venue: CcxtVenue, kind: OrderType, side: Side, factor: str
) -> None:
    order = an_order(kind=kind, side=side, price=await price_near(venue, factor))

    answer = await venue.place(order)

    assert isinstance(answer, Accepted)
    found = await venue.find_order(symbol=SYMBOL, client_order_id=order.client_order_id)
    assert isinstance(found, VenueOrder)
    for told in (answer.order, found, *await venue.open_orders(symbol=SYMBOL)):
        assert told.client_order_id == order.client_order_id
        assert (told.order_type, told.side, told.status) == (kind, side, VenueStatus.OPEN)
        assert (told.price, told.quantity, told.filled) == (order.price, order.quantity, 0)
    by_venue_id = await venue.find_order_by_venue_id(
        symbol=SYMBOL, venue_order_id=answer.order.venue_order_id
    )
    assert by_venue_id == found


async def test_a_cancelled_order_is_told_so_and_a_second_cancel_finds_nothing(
    venue: CcxtVenue,
) -> None:
    order = an_order(price=await price_near(venue, "0.9"))
    await venue.place(order)

    first, second = await cancel(venue, order), await cancel(venue, order)

    assert isinstance(first, Accepted)
    assert first.order.status is VenueStatus.CANCELED
    assert first.order.client_order_id == order.client_order_id
    assert isinstance(second, NothingToCancel)
    assert await venue.open_orders() == []


async def test_an_order_that_never_was_is_not_found_at_the_exchanges_time(
    venue: CcxtVenue,
) -> None:
    before = await venue.server_time()

    found = await venue.find_order(symbol=SYMBOL, client_order_id=fresh_id())

    assert isinstance(found, NotFound)
    assert before <= found.venue_at <= await venue.server_time()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"quantity": "0.00002"}, "filter"),
        ({"quantity": "99"}, "insufficient_funds"),
        ({"kind": OrderType.POST_ONLY, "price": "200000"}, "post_only"),
        ({"quantity": "0.000001"}, "not_sent"),
        ({"price": "50000.001"}, "not_sent"),
        ({"symbol": "DOGE/USDT"}, "not_sent"),
    ],
)
async def test_a_refused_order_is_rejected_by_code_and_leaves_nothing(
    venue: CcxtVenue, exchange: SimExchangeProcess, change: dict[str, Any], code: str
) -> None:
    near = await price_near(venue, "0.95")
    terms = {"price": near if change.get("price") is None else change["price"]} | change
    if change.get("price") == "200000":
        terms["price"] = str(
            (Decimal(near) / Decimal("0.95") * Decimal("1.1")).quantize(Decimal("0.01"))
        )
    order = an_order(**terms)

    answer = await venue.place(order)

    assert isinstance(answer, Rejected)
    assert (answer.code, answer.again) == (code, False)
    assert ledger_orders(exchange, order.client_order_id) == []


async def test_the_same_id_sent_twice_while_open_is_one_order(
    venue: CcxtVenue, exchange: SimExchangeProcess
) -> None:
    order = an_order(price=await price_near(venue, "0.9"))

    first, second = await venue.place(order), await venue.place(order)

    assert isinstance(first, Accepted)
    assert isinstance(second, Accepted)
    assert first.order.venue_order_id == second.order.venue_order_id
    assert len(ledger_orders(exchange, order.client_order_id)) == 1


async def test_an_id_taken_by_a_different_order_is_not_adopted(venue: CcxtVenue) -> None:
    price = await price_near(venue, "0.9")
    mine = an_order(price=price)
    await venue.place(mine)
    other = an_order(price=price, quantity="0.02", client_order_id=mine.client_order_id)

    answer = await venue.place(other)

    assert type(answer).__name__ == "Unknown"
    assert "quantity" in answer.reason


async def test_every_fill_is_listed_once_with_the_id_of_its_order(venue: CcxtVenue) -> None:
    orders = [an_order(kind=OrderType.MARKET, quantity="0.01") for _ in range(7)]
    answers = [await venue.place(order) for order in orders]
    placed = [
        fill for answer in answers if isinstance(answer, Accepted) for fill in answer.order.fills
    ]
    listed = await venue.fills(symbol=SYMBOL, since=0)
    later = await venue.fills(symbol=SYMBOL, since=listed[-1].filled_at + 1)

    assert list(listed) == placed
    assert {fill.client_order_id for fill in listed} == {each.client_order_id for each in orders}
    assert later == []


async def test_fills_name_their_orders_even_when_another_process_placed_them(
    exchange: SimExchangeProcess,
) -> None:
    key = fresh_id()
    exchange.sim("demo").open_account(api_key=key, secret="secret", balances={"USDT": "100000"})
    account = simulated_account(exchange.base_url("demo"), api_key=key)
    placing = open_venue(account, budget=OpenBudget(), clock=WallClock())
    orders = [an_order(kind=OrderType.MARKET, quantity="0.001") for _ in range(6)]
    for order in orders:
        assert isinstance(await placing.place(order), Accepted)
    await placing.close()

    asking = open_venue(account, budget=OpenBudget(), clock=WallClock())
    fills = await asking.fills(symbol=SYMBOL, since=0)
    await asking.close()

    assert [fill.client_order_id for fill in fills] == [each.client_order_id for each in orders]


async def test_balances_are_the_exchanges_books_to_the_last_digit(
    venue: CcxtVenue, exchange: SimExchangeProcess
) -> None:
    resting = an_order(price=await price_near(venue, "0.9"), quantity="0.03")
    await venue.place(resting)

    balances = await venue.balances()

    api_key = venue._questions.line.client.apiKey
    (account,) = [
        each for each in exchange.ledger("demo")["accounts"] if each["api_key"] == api_key
    ]
    booked = {
        asset: (Decimal(told["free"]), Decimal(told["locked"]))
        for asset, told in account["balances"].items()
    }
    assert {asset: (each.free, each.locked) for asset, each in balances.items()} == booked
    assert resting.price is not None
    assert balances["USDT"].locked == resting.price * resting.quantity


async def test_venues_of_one_account_share_one_client_until_the_last_closes(
    exchange: SimExchangeProcess,
) -> None:
    account = simulated_account(exchange.base_url("demo"), api_key="nobody")
    first = open_venue(account, budget=OpenBudget(), clock=WallClock())
    second = open_venue(account, budget=OpenBudget(), clock=WallClock())
    shared = first._questions.line.client
    assert second._questions.line.client is shared
    await second.server_time()

    await first.close()
    await first.close()
    assert await second.server_time() > 0

    await second.close()
    assert shared.session is None


async def test_markets_are_asked_once_for_all_accounts_of_a_venue(
    exchange: SimExchangeProcess,
) -> None:
    budgets = [OpenBudget(), OpenBudget()]
    venues = [
        open_venue(
            simulated_account(exchange.base_url("demo"), api_key=f"nobody{number}"),
            budget=budget,
            clock=WallClock(),
        )
        for number, budget in enumerate(budgets)
    ]

    tables = await asyncio.gather(*(venue.instruments() for venue in venues))
    for venue in venues:
        await venue.close()

    assert tables[0] == tables[1]
    market_calls = [asked for budget in budgets for asked in budget.asked if asked[1] == 20]
    # Nothing can begin without it.
    assert market_calls == [(Lane.RECOVERY, 20)]


async def test_a_key_that_may_withdraw_is_recognised(exchange: SimExchangeProcess) -> None:
    told = {}
    for withdraw in (False, True):
        key = fresh_id()
        exchange.sim("demo").open_account(
            api_key=key, secret="secret", balances={}, withdraw=withdraw
        )
        account = simulated_account(exchange.base_url("demo"), api_key=key)
        venue = open_venue(account, budget=OpenBudget(), clock=WallClock())
        told[withdraw] = await venue.can_withdraw()
        await venue.close()

    assert told == {False: False, True: True}


async def test_an_order_is_admitted_by_the_budget_before_it_is_signed(
    venue: CcxtVenue, budget: OpenBudget
) -> None:
    budget.wait_s = 3.5

    wait_s = await venue.admit(lane=Lane.ENTRY)

    assert wait_s == 3.5
    assert budget.asked[-1] == (Lane.ENTRY, 1)
