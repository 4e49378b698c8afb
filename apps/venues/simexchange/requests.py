"""Reads the parameters of an order and refuses what is malformed, in Binance's words."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from apps.venues.simexchange.amounts import parse
from apps.venues.simexchange.errors import (
    VenueError,
    illegal_parameter,
    missing_parameter,
    unwanted_parameter,
)
from apps.venues.simexchange.rules import ORDER_TYPES, PREVENTION_MODES, check_size

Parameters = Mapping[str, str]
CLIENT_ID: Final = re.compile(r"[.A-Z:/a-z0-9_-]{1,36}")
_TIMES_IN_FORCE: Final = ("GTC", "IOC", "FOK")
_RESPONSES: Final = ("ACK", "RESULT", "FULL")
_PRICED: Final = ("LIMIT", "LIMIT_MAKER", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT")
_TIMED: Final = ("LIMIT", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT")
_STOPPED: Final = ("STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT")


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """One order as asked for; amounts scaled 1e8, 0 when not given."""

    symbol: str
    side: str
    type: str
    time_in_force: str
    quantity: int
    quote_quantity: int
    price: int
    stop_price: int
    iceberg_quantity: int
    client_order_id: str
    response: str
    prevention: str

    @property
    def is_buy(self) -> bool:
        """Whether the order buys the base asset."""
        return self.side == "BUY"


def read_order(parameters: Parameters) -> OrderRequest:
    """Read a new order from request parameters."""
    symbol = required(parameters, "symbol")
    side = one_of(required(parameters, "side"), ("BUY", "SELL"), code=-1117, text="Invalid side.")
    kind = one_of(required(parameters, "type"), ORDER_TYPES, code=-1116, text="Invalid orderType.")
    request = OrderRequest(
        symbol=symbol,
        side=side,
        type=kind,
        time_in_force=_time_in_force(parameters, kind),
        quantity=_amount(parameters, "quantity"),
        quote_quantity=_amount(parameters, "quoteOrderQty"),
        price=_amount(parameters, "price"),
        stop_price=_amount(parameters, "stopPrice"),
        iceberg_quantity=_amount(parameters, "icebergQty"),
        client_order_id=client_id(parameters, "newClientOrderId"),
        response=_response(parameters, kind),
        prevention=one_of(
            parameters.get("selfTradePreventionMode") or "EXPIRE_MAKER",
            PREVENTION_MODES,
            code=-1130,
            text="Data sent for parameter 'selfTradePreventionMode' is not valid.",
        ),
    )
    _check_presence(parameters, request)
    return request


def required(parameters: Parameters, name: str) -> str:
    """Return a parameter or refuse with -1102."""
    value = parameters.get(name)
    if not value:
        raise missing_parameter(name)
    return value


def integer(parameters: Parameters, name: str, default: int) -> int:
    """Return a whole-number parameter."""
    value = parameters.get(name)
    if value is None or value == "":
        return default
    if not value.isascii() or not value.isdigit() or len(value) > 19:
        raise VenueError(
            code=-1100,
            message=(
                f"Illegal characters found in parameter '{name}'; legal range is '^[0-9]{{1,20}}$'."
            ),
        )
    return int(value)


def row_limit(parameters: Parameters) -> int:
    """Return how many rows to answer: 500 unless told, at most 1000."""
    return max(1, min(integer(parameters, "limit", 500), 1_000))


def client_id(parameters: Parameters, name: str) -> str:
    """Return a client order id, empty when none was given."""
    value = parameters.get(name, "")
    if value and not CLIENT_ID.fullmatch(value):
        raise VenueError(
            code=-1100,
            message=(
                f"Illegal characters found in parameter '{name}'; "
                "legal range is '^[\\.A-Z\\:/a-z0-9_-]{1,36}$'."
            ),
        )
    return value


def one_of(value: str, known: tuple[str, ...], *, code: int, text: str) -> str:
    """Return the value if it is one of the known ones."""
    if value not in known:
        raise VenueError(code=code, message=text)
    return value


def _amount(parameters: Parameters, name: str) -> int:
    value = parameters.get(name)
    if value is None or value == "":
        return 0
    amount = parse(value, name=name)
    if name != "icebergQty":
        check_size(amount, name="price" if name.endswith("rice") else "quantity")
    return amount


def _time_in_force(parameters: Parameters, kind: str) -> str:
    if kind not in _TIMED:
        if parameters.get("timeInForce") and kind != "LIMIT_MAKER":
            raise unwanted_parameter("timeInForce")
        return "GTC"
    return one_of(
        required(parameters, "timeInForce"),
        _TIMES_IN_FORCE,
        code=-1115,
        text="Invalid timeInForce.",
    )


def _response(parameters: Parameters, kind: str) -> str:
    usual = "FULL" if kind in ("LIMIT", "MARKET") else "ACK"
    value = parameters.get("newOrderRespType") or usual
    if value not in _RESPONSES:
        raise illegal_parameter("newOrderRespType")
    return value


def _check_presence(parameters: Parameters, request: OrderRequest) -> None:
    kind = request.type
    if kind == "MARKET" and request.quote_quantity:
        if request.quantity:
            raise VenueError(code=-1128, message="Combination of optional parameters invalid.")
    elif not request.quantity:
        raise missing_parameter("quantity")
    elif request.quote_quantity:
        raise unwanted_parameter("quoteOrderQty")
    for name, kinds, amount in (
        ("price", _PRICED, request.price),
        ("stopPrice", _STOPPED, request.stop_price),
    ):
        if kind in kinds and not amount:
            raise missing_parameter(name)
        if kind not in kinds and amount:
            raise unwanted_parameter(name)
    if parameters.get("trailingDelta"):
        raise unwanted_parameter("trailingDelta")
    if request.iceberg_quantity and (kind not in _PRICED or request.time_in_force != "GTC"):
        raise unwanted_parameter("icebergQty")
