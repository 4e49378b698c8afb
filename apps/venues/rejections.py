"""The answers that prove an order was not executed, per dialect: an allow-list."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import ccxt

DUPLICATE = "duplicate"
NOTHING_TO_CANCEL = "nothing_to_cancel"
NOT_FOUND = "not_found"
RATE = "rate"
ORDER_RATE = "order_rate"
CLOCK = "clock"
KEY_REFUSED = frozenset({"unauthorized", "signature"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an error answer means. `again`: nothing is wrong with the order itself."""

    code: str
    message: str
    again: bool = False


# Binance Spot's public error list. Not here, hence unknown: -1000 -1001 -1006 -1007 -1008 -1016,
# and every code added later.
_BINANCE_CODES: dict[int, str] = {
    -1002: "unauthorized",
    -1003: RATE,
    -1013: "filter",
    -1015: ORDER_RATE,
    -1021: CLOCK,
    -1022: "signature",
    -1100: "parameter",
    -1101: "parameter",
    -1102: "parameter",
    -1103: "parameter",
    -1104: "parameter",
    -1105: "parameter",
    -1106: "parameter",
    -1111: "precision",
    -1112: "no_liquidity",
    -1114: "parameter",
    -1115: "parameter",
    -1116: "order_type",
    -1117: "parameter",
    -1121: "symbol",
    -1128: "parameter",
    -1130: "parameter",
    -1131: "parameter",
    -2010: "rejected",
    -2011: NOTHING_TO_CANCEL,
    -2013: NOT_FOUND,
    -2014: "unauthorized",
    -2015: "unauthorized",
}
_BINANCE_TEXTS = (
    ("duplicate order", DUPLICATE),
    ("insufficient balance", "insufficient_funds"),
    ("immediately match and take", "post_only"),
    ("market is closed", "market_closed"),
)
_AGAIN = frozenset({RATE, ORDER_RATE, CLOCK})

# Through ccxt alone only classes that no exchange uses for an order which exists.
_CCXT_CLASSES: tuple[tuple[type[Exception], str], ...] = (
    (ccxt.InsufficientFunds, "insufficient_funds"),
    (ccxt.AuthenticationError, "unauthorized"),
    (ccxt.BadSymbol, "symbol"),
    (ccxt.OrderImmediatelyFillable, "post_only"),
)


def verdict_of(
    *, dialect: str, status: int | None, answer: Any, raised: BaseException | None
) -> Verdict | None:
    """What the venue definitely said, or None when it is not definite.

    Only a complete answer with a 4xx status counts; 429 and 418 are refusals before execution.
    """
    if status is None:
        return None
    if status in {418, 429}:
        return _rate_verdict(dialect, status, answer)
    if not 400 <= status < 500 and dialect == "binance":
        return None
    if dialect == "binance":
        return _binance_verdict(answer)
    return _ccxt_verdict(status, answer, raised)


def _rate_verdict(dialect: str, status: int, answer: Any) -> Verdict:
    known = _binance_verdict(answer) if dialect == "binance" else None
    if known is not None and known.code == ORDER_RATE:
        return known
    return Verdict(RATE, f"the exchange answered {status}: too many requests", again=True)


def _binance_verdict(answer: Any) -> Verdict | None:
    if not isinstance(answer, Mapping):
        return None
    code, message = answer.get("code"), answer.get("msg")
    if not isinstance(code, int) or isinstance(code, bool) or not isinstance(message, str):
        return None
    name = _BINANCE_CODES.get(code)
    if name is None:
        return None
    if name == "rejected":
        lowered = message.lower()
        name = next((known for part, known in _BINANCE_TEXTS if part in lowered), name)
    return Verdict(name, f"{code}: {message[:200]}", again=name in _AGAIN)


def _ccxt_verdict(status: int, answer: Any, raised: BaseException | None) -> Verdict | None:
    if status >= 500 or not isinstance(answer, Mapping) or raised is None:
        return None
    if isinstance(raised, ccxt.OrderNotFound):
        return Verdict(NOT_FOUND, "the exchange does not show this order")
    for kind, name in _CCXT_CLASSES:
        if isinstance(raised, kind):
            return Verdict(name, f"the exchange refused: {name}")
    return None
