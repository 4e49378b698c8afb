"""Whatever bytes come back, the adapter never raises and never believes in a wrong order."""

import json
import random
from collections.abc import AsyncIterator, Callable
from decimal import Decimal, InvalidOperation
from typing import Any

import pytest

from apps.trading.order import OrderType
from apps.trading.outcome import Accepted, NothingToCancel, Rejected, Unknown, VenueOrder
from apps.trading.ports import PlaceOrder, VenueUnavailable
from apps.venues import open_venue
from apps.venues.ccxt import CcxtVenue
from apps.venues.rejections import verdict_of
from tests.support.raw_http import RawServer, Request, answer, json_answer
from tests.support.venues import (
    SYMBOL,
    ManualClock,
    OpenBudget,
    an_order,
    exchange_basics,
    order_answer,
    simulated_account,
)

ROUNDS = 4_000
ODD_VALUES: list[Any] = [
    None, True, False, 0, -1, 1.5, "", "abc", "NaN", "Infinity", "-0.01", "1e400", "0x10",
    float("nan"), float("inf"), [], {}, ["0.01"], {"value": 1}, "9" * 300, "\u0000", "0.010000001",
    "ETHUSDT", "BTCUSD", "SELL", "BUY", "sell", "MARKET", "REJECTED", "FILLED", "PENDING_NEW",
    "another1", 2**70, -(2**63), "1700000000123",
]  # fmt: skip
ODD_BODIES = [
    b"",
    b"{}",
    b"[]",
    b"null",
    b"0",
    b'"ok"',
    b"<html><body>502 Bad Gateway</body></html>",
    b"\xff\xfe\x00",
    b'{"code":200,"msg":"success"}',
    b'{"status":"ok"}',
    b"[[[[[[",
    b"NaN",
]
STATUSES = [
    200,
    200,
    200,
    200,
    201,
    204,
    301,
    400,
    401,
    403,
    404,
    409,
    418,
    429,
    500,
    502,
    503,
    504,
]
ERRORS = [-1000, -1001, -1003, -1006, -1007, -1013, -1015, -1021, -1100, -2010, -2011, -2013, -9999]


def _mutated(good: dict[str, Any], dice: random.Random) -> bytes:
    kind = dice.randrange(7)
    if kind == 0:
        return dice.choice(ODD_BODIES)
    if kind == 1:
        whole = json.dumps(good).encode()
        return whole[: dice.randrange(len(whole))]
    if kind == 2:
        return json.dumps({"code": dice.choice(ERRORS), "msg": "Told."}).encode()
    changed = dict(good)
    for _ in range(dice.randint(0, 3)):
        name = dice.choice(sorted(changed) or ["orderId"])
        if dice.random() < 0.3:
            changed.pop(name, None)
        else:
            changed[name] = dice.choice(ODD_VALUES)
    return json.dumps(changed).encode()


def _response(body: bytes, status: int, dice: random.Random) -> bytes | None:
    kind = dice.randrange(12)
    if kind == 0:
        return None
    if kind == 1:
        # Promises more than it sends.
        return answer(body, status=status).replace(
            f"Content-Length: {len(body)}".encode(), f"Content-Length: {len(body) + 9}".encode()
        )
    if kind == 2:
        return b"garbage that is no HTTP\r\n\r\n"
    return answer(body, status=status, headers={"Retry-After": dice.choice(["1", "x", "-3", ""])})


def _is_this_order(body: bytes, status: int, order: PlaceOrder) -> bool:
    """Judged from the bytes alone, independently of ccxt and of the adapter."""
    try:
        told = json.loads(body)
        return (
            200 <= status < 300
            and isinstance(told["orderId"], int)
            and not isinstance(told["orderId"], bool)
            and told["orderId"] > 0
            and told["clientOrderId"] == order.client_order_id
            and told["symbol"] == "BTCUSDT"
            and told["side"].lower() == order.side.value
            and Decimal(told["origQty"]) == order.quantity
            and 0 <= Decimal(told["executedQty"]) <= order.quantity
        )
    except (ValueError, KeyError, TypeError, AttributeError, InvalidOperation):
        return False


def _is_definite(body: bytes, status: int) -> bool:
    try:
        told = json.loads(body)
    except ValueError:
        told = None
    return verdict_of(dialect="binance", status=status, answer=told, raised=None) is not None


@pytest.fixture
async def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def fuzzed(server: RawServer, clock: ManualClock) -> AsyncIterator[CcxtVenue]:
    """On a clock of its own, so that no round waits for the Retry-After of the one before."""
    made = open_venue(simulated_account(server.url), budget=OpenBudget(), clock=clock)
    await made.instruments()
    yield made
    await made.close()


@pytest.mark.timeout(300)
async def test_thousands_of_malformed_answers_are_never_taken_for_the_order(
    server: RawServer, fuzzed: CcxtVenue, clock: ManualClock
) -> None:
    dice = random.Random(20_261_121)
    seen = {Accepted: 0, Rejected: 0, Unknown: 0}

    for number in range(ROUNDS):
        clock.move(3_600)
        order = an_order(kind=dice.choice([OrderType.LIMIT, OrderType.MARKET, OrderType.POST_ONLY]))
        body = _mutated(order_answer(order), dice)
        status = dice.choice(STATUSES)
        reply = _response(body, status, dice)
        server.respond = lambda request, reply=reply: (
            reply if request.method == "POST" else exchange_basics(request)
        )
        server.requests.clear()

        outcome = await fuzzed.place(order)

        case = f"round {number}: HTTP {status} {body[:300]!r} -> {outcome}"
        seen[type(outcome)] += 1
        assert len(server.sent("POST", "/order")) == 1, case
        if isinstance(outcome, Accepted):
            assert _is_this_order(body, status, order), case
            assert outcome.order.client_order_id == order.client_order_id, case
        elif isinstance(outcome, Rejected):
            assert _is_definite(body, status), case

    assert seen[Accepted] > 50
    assert seen[Rejected] > 50
    assert seen[Unknown] > ROUNDS / 3


QUESTIONS: dict[str, Callable[[CcxtVenue], Any]] = {
    "open_orders": lambda venue: venue.open_orders(symbol=SYMBOL),
    "fills": lambda venue: venue.fills(symbol=SYMBOL, since=0),
    "order_fills": lambda venue: venue.order_fills(symbol=SYMBOL, venue_order_id="1"),
    "balances": lambda venue: venue.balances(),
    "refresh_instruments": lambda venue: venue.refresh_instruments(),
    "server_time": lambda venue: venue.server_time(),
}


@pytest.mark.parametrize("question", sorted(QUESTIONS))
@pytest.mark.parametrize(
    "body", [b"", b"{}", b"<html></html>", b"null", b'{"a":', b'[{"symbol":1}]', b"[1]", b'"x"']
)
async def test_a_question_answered_with_nonsense_is_unavailable_not_empty(
    server: RawServer, raw_venue: CcxtVenue, question: str, body: bytes
) -> None:
    server.respond = lambda request: (
        exchange_basics(request)
        if request.path.endswith("/time") and question != "server_time"
        else answer(body)
    )

    with pytest.raises(VenueUnavailable):
        await QUESTIONS[question](raw_venue)


@pytest.mark.parametrize("body", [*ODD_BODIES, b'{"orderId": 5}'])
async def test_looking_for_an_order_in_nonsense_is_unknown_not_absent(
    server: RawServer, raw_venue: CcxtVenue, body: bytes
) -> None:
    server.respond = lambda request: exchange_basics(request) or answer(body)

    found = await raw_venue.find_order(symbol=SYMBOL, client_order_id="1nothing")

    assert isinstance(found, Unknown)


async def test_another_orders_answer_is_not_the_order_looked_for(
    server: RawServer, raw_venue: CcxtVenue
) -> None:
    other = order_answer(an_order(), time=1_700_000_000_000, updateTime=1_700_000_000_000)
    server.respond = lambda request: exchange_basics(request) or json_answer(other)

    found = await raw_venue.find_order(symbol=SYMBOL, client_order_id="1mine")

    assert isinstance(found, Unknown)


@pytest.mark.parametrize("body", ODD_BODIES)
async def test_a_cancel_answered_with_nonsense_is_unknown(
    server: RawServer, raw_venue: CcxtVenue, body: bytes
) -> None:
    server.respond = lambda request: exchange_basics(request) or answer(body)

    outcome = await raw_venue.cancel(
        symbol=SYMBOL, client_order_id="1mine", signed_at=1_700_000_000_000, recv_window_ms=5_000
    )

    assert isinstance(outcome, Unknown)


async def test_a_cancels_own_id_is_not_taken_for_the_orders(
    server: RawServer, raw_venue: CcxtVenue
) -> None:
    order = an_order()
    told = order_answer(order, status="CANCELED", clientOrderId="cancel77")

    def respond(request: Request) -> bytes | None:
        mine = told | {"origClientOrderId": request.fields.get("origClientOrderId")}
        return exchange_basics(request) or json_answer(mine)

    server.respond = respond
    canceled = await raw_venue.cancel(
        symbol=SYMBOL,
        client_order_id=order.client_order_id,
        signed_at=order.signed_at,
        recv_window_ms=5_000,
    )

    assert isinstance(canceled, Accepted)
    assert isinstance(canceled.order, VenueOrder)
    assert canceled.order.client_order_id == order.client_order_id
    assert not isinstance(canceled, NothingToCancel)
