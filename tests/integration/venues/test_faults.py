"""What the adapter makes of an exchange in trouble: definite things only when they are definite."""

import time
from typing import Any

import pytest

from apps.trading.order import OrderType
from apps.trading.outcome import Accepted, NotFound, NothingToCancel, Rejected, Unknown, VenueOrder
from apps.trading.ports import Lane, VenueUnavailable
from apps.venues.ccxt import CcxtVenue
from tests.integration.venues.test_orders import ledger_orders, price_near
from tests.support.exchange import SimExchangeProcess
from tests.support.venues import RECV_WINDOW_MS, SYMBOL, OpenBudget, an_order

POST = "POST /api/v3/order"


@pytest.mark.parametrize(
    ("fault", "exists"),
    [
        ({"kind": "lost_ack"}, True),
        ({"kind": "drop"}, False),
        ({"kind": "http_error", "status": 503}, False),
        ({"kind": "http_error", "status": 502}, False),
        ({"kind": "http_error", "status": 504, "executed": True}, True),
        ({"kind": "error", "status": 503, "code": -1000}, False),
        ({"kind": "error", "status": 400, "code": -1006}, False),
        ({"kind": "unknown"}, True),
        ({"kind": "truncated_json"}, True),
        ({"kind": "empty_body"}, True),
        ({"kind": "html_body"}, True),
        ({"kind": "empty_object"}, True),
    ],
)
async def test_an_unclear_answer_is_unknown_and_the_order_is_found_or_not(
    venue: CcxtVenue, exchange: SimExchangeProcess, fault: dict[str, Any], exists: bool
) -> None:
    order = an_order(price=await price_near(venue, "0.9"))
    exchange.sim("demo").fault(match=POST, **fault)

    answer = await venue.place(order)

    assert isinstance(answer, Unknown)
    assert len(ledger_orders(exchange, order.client_order_id)) == int(exists)
    found = await venue.find_order(symbol=SYMBOL, client_order_id=order.client_order_id)
    assert isinstance(found, VenueOrder if exists else NotFound)


@pytest.mark.parametrize(("kind", "banned"), [("rate_limited", False), ("banned", True)])
async def test_too_many_requests_is_a_safe_refusal_and_the_budget_learns_it(
    venue: CcxtVenue, exchange: SimExchangeProcess, budget: OpenBudget, kind: str, banned: bool
) -> None:
    order = an_order(price=await price_near(venue, "0.9"))
    exchange.sim("demo").fault(match=POST, kind=kind, retry_after=7)

    answer = await venue.place(order)

    assert isinstance(answer, Rejected)
    assert (answer.again, answer.retry_after_s) == (True, 7.0)
    assert budget.learned[-1][1:] == (7.0, banned)
    assert ledger_orders(exchange, order.client_order_id) == []


async def test_a_timestamp_from_the_past_is_a_safe_refusal(
    venue: CcxtVenue, exchange: SimExchangeProcess
) -> None:
    price = await price_near(venue, "0.9")
    order = an_order(price=price, signed_at=time.time_ns() // 1_000_000 - 2 * RECV_WINDOW_MS)

    answer = await venue.place(order)

    assert isinstance(answer, Rejected)
    assert (answer.code, answer.again) == ("clock", True)
    assert ledger_orders(exchange, order.client_order_id) == []


async def test_an_order_delivered_after_its_window_is_refused_by_the_exchange_itself(
    venue: CcxtVenue, exchange: SimExchangeProcess
) -> None:
    order = an_order(price=await price_near(venue, "0.9"))
    exchange.sim("demo").fault(match=POST, kind="delay", delay_ms=RECV_WINDOW_MS + 400)

    answer = await venue.place(order)

    assert isinstance(answer, Rejected)
    assert answer.code == "clock"
    assert ledger_orders(exchange, order.client_order_id) == []


async def test_a_wrong_secret_is_refused_for_good_and_says_nothing_secret(
    venue: CcxtVenue,
) -> None:
    order = an_order(price=await price_near(venue, "0.9"))
    venue._questions.line.client.secret = "canary-secret"

    answer = await venue.place(order)
    with pytest.raises(VenueUnavailable) as refused:
        await venue.balances()

    assert isinstance(answer, Rejected)
    assert not answer.again
    for text in (answer.message, str(refused.value), repr(refused.value.__cause__)):
        assert "canary" not in text
        assert "signature=" not in text
        assert venue._questions.line.client.apiKey not in text


async def test_a_cut_question_is_unavailable_and_names_no_url(
    venue: CcxtVenue, exchange: SimExchangeProcess
) -> None:
    await venue.balances()
    # A GET is sent again by the HTTP client when a kept connection was closed under it.
    exchange.sim("demo").fault(match="GET /api/v3/account", kind="drop", count=2)

    with pytest.raises(VenueUnavailable) as cut:
        await venue.balances()

    assert "http" not in cut.value.reason
    assert cut.value.__cause__ is None


async def test_a_cancel_without_answer_is_unknown_and_may_be_repeated(
    venue: CcxtVenue, exchange: SimExchangeProcess
) -> None:
    order = an_order(price=await price_near(venue, "0.9"))
    await venue.place(order)
    exchange.sim("demo").fault(match="DELETE /api/v3/order", kind="truncated_json")
    terms = {"symbol": SYMBOL, "client_order_id": order.client_order_id}

    first = await venue.cancel(**terms, signed_at=order.signed_at, recv_window_ms=60_000)
    second = await venue.cancel(**terms, signed_at=order.signed_at, recv_window_ms=60_000)

    assert isinstance(first, Unknown)
    assert isinstance(second, NothingToCancel)


async def test_an_order_hidden_by_read_lag_is_reported_not_found_before_it_is_found(
    venue: CcxtVenue, exchange: SimExchangeProcess
) -> None:
    price = await price_near(venue, "0.9")
    exchange.sim("demo").fault(kind="read_lag", delay_ms=700)
    order = an_order(price=price)
    answer = await venue.place(order)
    assert isinstance(answer, Accepted)

    first = await venue.find_order(symbol=SYMBOL, client_order_id=order.client_order_id)
    deadline = time.monotonic() + 10
    found: Any = first
    while not isinstance(found, VenueOrder) and time.monotonic() < deadline:
        found = await venue.find_order(symbol=SYMBOL, client_order_id=order.client_order_id)

    assert isinstance(first, NotFound)
    assert first.venue_at < answer.order.updated_at + 700
    assert isinstance(found, VenueOrder)


async def test_too_many_orders_are_told_to_the_budget_as_a_wait_of_orders_only(
    venue: CcxtVenue, exchange: SimExchangeProcess, budget: OpenBudget
) -> None:
    price = await price_near(venue, "0.9")
    exchange.sim("demo").fault(
        match=POST, kind="error", status=429, code=-1015, message="Too many new orders."
    )

    refused = await venue.place(an_order(price=price))
    await venue.admit(lane=Lane.EXIT)
    await venue.server_time()

    assert isinstance(refused, Rejected)
    assert (refused.code, refused.again) == ("order_rate", True)
    # Only orders wait for that: the budget is told so, and asked for orders as such.
    assert budget.orders_retry_after_s == refused.retry_after_s > 0
    assert {learned[1] for learned in budget.learned} <= {0.0}
    assert budget.orders == [Lane.EXIT]


async def test_the_budget_learns_how_many_orders_the_exchange_counts(
    venue: CcxtVenue, budget: OpenBudget
) -> None:
    price = await price_near(venue, "0.9")
    venue._line._learned_at = None

    await venue.place(an_order(price=price))

    assert budget.order_counts[-1] == (1, 1)


async def test_a_market_order_whose_answer_is_lost_is_found_filled_once(
    venue: CcxtVenue, exchange: SimExchangeProcess
) -> None:
    await venue.instruments()
    order = an_order(kind=OrderType.MARKET, quantity="0.01")
    exchange.sim("demo").fault(match=POST, kind="lost_ack")

    answer = await venue.place(order)

    assert isinstance(answer, Unknown)
    found = await venue.find_order(symbol=SYMBOL, client_order_id=order.client_order_id)
    assert isinstance(found, VenueOrder)
    assert found.filled == order.quantity
    fills = await venue.order_fills(symbol=SYMBOL, venue_order_id=found.venue_order_id)
    assert sum(fill.quantity for fill in fills) == order.quantity
