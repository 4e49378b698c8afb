"""What each answer of the exchange means, row by row."""

from typing import Any

import ccxt
import pytest

from apps.trading.order import OrderType
from apps.trading.outcome import Accepted, Rejected, Unknown
from apps.venues.capabilities import Profile, Tier, profile_of
from apps.venues.guarded import Call
from apps.venues.outcome import after_answer, after_failure, retry_after_s
from apps.venues.rejections import Verdict
from tests.support.venues import an_order

UNKNOWN = "unknown"
OTHER = Profile(exchange="other", tier=Tier.C)


def a_call(status: int | None, answer: Any = None, **headers: str) -> Call:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Call(sent=True, status=status, answer=answer, headers=named)


def error(code: int, message: str = "Told.") -> dict[str, Any]:
    return {"code": code, "msg": message}


# HTTP status, answer, what ccxt raises for it -> code of the verdict (again: "!"), or unknown.
BINANCE_ROWS = [
    (None, None, ccxt.RequestTimeout, UNKNOWN),
    (None, None, ccxt.NetworkError, UNKNOWN),
    (None, None, ccxt.ExchangeNotAvailable, UNKNOWN),
    (502, None, ccxt.ExchangeNotAvailable, UNKNOWN),
    (403, None, ccxt.ExchangeNotAvailable, UNKNOWN),
    (503, error(-1000), ccxt.OperationFailed, UNKNOWN),
    (400, error(-1000), ccxt.OperationFailed, UNKNOWN),
    (400, error(-1006), ccxt.OperationFailed, UNKNOWN),
    (504, error(-1007), ccxt.RequestTimeout, UNKNOWN),
    (408, error(-1007), ccxt.RequestTimeout, UNKNOWN),
    (503, error(-1008), ccxt.OperationFailed, UNKNOWN),
    (400, error(-9999), ccxt.ExchangeError, UNKNOWN),
    (500, error(-2010), ccxt.InvalidOrder, UNKNOWN),
    (200, error(-2010), ccxt.InvalidOrder, UNKNOWN),
    (400, {"code": "-2010", "msg": "as text"}, ccxt.InvalidOrder, UNKNOWN),
    (400, {"code": -2010}, ccxt.InvalidOrder, UNKNOWN),
    (200, {}, KeyError, UNKNOWN),
    (200, {"orderId": 1}, TypeError, UNKNOWN),
    (429, error(-1003), ccxt.DDoSProtection, "rate!"),
    (429, None, ccxt.DDoSProtection, "rate!"),
    (418, error(-1003), ccxt.DDoSProtection, "rate!"),
    (429, error(-1015), ccxt.DDoSProtection, "order_rate!"),
    (400, error(-1015), ccxt.DDoSProtection, "order_rate!"),
    (400, error(-1021), ccxt.InvalidNonce, "clock!"),
    (400, error(-1022), ccxt.AuthenticationError, "signature"),
    (401, error(-2015), ccxt.AuthenticationError, "unauthorized"),
    (400, error(-1013, "Filter failure: NOTIONAL"), ccxt.BadRequest, "filter"),
    (400, error(-1111), ccxt.BadRequest, "precision"),
    (400, error(-1121), ccxt.BadSymbol, "symbol"),
    (400, error(-2010, "Duplicate order sent."), ccxt.InvalidOrder, "duplicate"),
    (
        400,
        error(-2010, "Account has insufficient balance for requested action."),
        ccxt.InsufficientFunds,
        "insufficient_funds",
    ),
    (
        400,
        error(-2010, "Order would immediately match and take."),
        ccxt.OrderImmediatelyFillable,
        "post_only",
    ),
    (400, error(-2010, "Something new."), ccxt.InvalidOrder, "rejected"),
]


@pytest.mark.parametrize(("status", "answer", "raised", "expected"), BINANCE_ROWS)
def test_a_binance_failure_is_definite_only_by_its_code(
    status: int | None, answer: Any, raised: type[Exception], expected: str
) -> None:
    result = after_failure(raised("x"), a_call(status, answer), profile_of("binance"))

    if expected == UNKNOWN:
        assert isinstance(result, Unknown)
    else:
        assert isinstance(result, Verdict)
        assert (result.code, result.again) == (expected.rstrip("!"), expected.endswith("!"))


@pytest.mark.parametrize(
    ("status", "answer", "raised", "expected"),
    [
        (None, None, ccxt.InsufficientFunds, UNKNOWN),
        (500, {"ret": 1}, ccxt.InsufficientFunds, UNKNOWN),
        (200, None, ccxt.InsufficientFunds, UNKNOWN),
        (200, {"ret": 1}, ccxt.InsufficientFunds, "insufficient_funds"),
        (400, {"ret": 1}, ccxt.PermissionDenied, "unauthorized"),
        (400, {"ret": 1}, ccxt.BadSymbol, "symbol"),
        (429, None, ccxt.RateLimitExceeded, "rate"),
        # Elsewhere these classes also stand for orders that exist.
        (400, {"ret": 1}, ccxt.InvalidOrder, UNKNOWN),
        (400, {"ret": 1}, ccxt.DuplicateOrderId, UNKNOWN),
        (400, {"ret": 1}, ccxt.BadRequest, UNKNOWN),
        (400, {"ret": 1}, ccxt.InvalidNonce, UNKNOWN),
        (400, {"ret": 1}, ccxt.ExchangeError, UNKNOWN),
        (400, {"ret": 1}, ccxt.NetworkError, UNKNOWN),
    ],
)
def test_another_exchanges_failure_is_definite_only_by_a_safe_class(
    status: int | None, answer: Any, raised: type[Exception], expected: str
) -> None:
    result = after_failure(raised("x"), a_call(status, answer), OTHER)

    assert (result.code if isinstance(result, Verdict) else UNKNOWN) == expected


def test_what_was_never_sent_is_rejected() -> None:
    result = after_failure(ccxt.InvalidOrder("x"), Call(sent=False), profile_of("binance"))

    assert isinstance(result, Rejected)
    assert result.code == "not_sent"


def test_the_reason_of_an_unknown_outcome_never_quotes_the_exception() -> None:
    trouble = ccxt.RequestTimeout("GET https://x/?signature=abc")
    trouble.__cause__ = TimeoutError("signature=abc")

    result = after_failure(trouble, a_call(None), profile_of("binance"))

    assert result == Unknown("RequestTimeout (TimeoutError)")


@pytest.mark.parametrize(
    ("status", "told", "expected"),
    [
        (429, "7", 7.0),
        (418, "120", 120.0),
        (429, None, 10.0),
        (429, "soon", 10.0),
        (429, "-5", 10.0),
        (429, "nan", 10.0),
        (429, "1e30", 10.0),
        (400, None, 0.0),
    ],
)
def test_a_retry_after_is_read_or_assumed(status: int, told: str | None, expected: float) -> None:
    headers = {} if told is None else {"retry-after": told}

    assert retry_after_s(Call(status=status, headers=headers)) == expected


def an_answer(**changes: Any) -> dict[str, Any]:
    """ccxt's reading of an exchange that answers with ids only."""
    return {"id": "9", "clientOrderId": "1mine", "info": {}} | changes


@pytest.mark.parametrize(
    ("changes", "accepted"),
    [
        ({}, True),
        ({"amount": "0.01", "side": "buy", "symbol": "BTC/USDT"}, True),
        ({"id": None}, False),
        ({"id": ""}, False),
        ({"clientOrderId": None}, False),
        ({"clientOrderId": "1other"}, False),
        ({"side": "sell"}, False),
        ({"symbol": "ETH/USDT"}, False),
        ({"amount": "0.02"}, False),
        ({"amount": "NaN"}, False),
        ({"filled": "-1"}, False),
        ({"filled": "1"}, False),
        ({"status": "weird"}, False),
        ({"price": "1"}, False),
        ({"type": "market"}, False),
        ({"timestamp": "yesterday"}, False),
    ],
)
def test_an_answer_of_ids_only_is_accepted_when_nothing_in_it_differs(
    changes: dict[str, Any], accepted: bool
) -> None:
    asked = an_order(client_order_id="1mine")

    result = after_answer(an_answer(**changes), a_call(200, {"ok": 1}), asked=asked, profile=OTHER)

    assert isinstance(result, Accepted if accepted else Unknown)


@pytest.mark.parametrize("status", [None, 199, 301, 404, 500])
def test_an_answer_outside_2xx_is_never_accepted(status: int | None) -> None:
    asked = an_order(client_order_id="1mine", kind=OrderType.LIMIT)

    result = after_answer(an_answer(), a_call(status), asked=asked, profile=OTHER)

    assert isinstance(result, Unknown)
