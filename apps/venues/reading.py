"""ccxt's dictionaries -> our orders, fills and balances, read strictly."""

from collections.abc import Mapping
from decimal import ROUND_DOWN, Decimal, InvalidOperation
from typing import Any

from apps.trading.order import OrderType, Side, VenueStatus
from apps.trading.outcome import Balance, VenueFill, VenueOrder

_STATUSES = {
    "open": VenueStatus.OPEN,
    "canceling": VenueStatus.OPEN,
    "closed": VenueStatus.FILLED,
    "canceled": VenueStatus.CANCELED,
    "expired": VenueStatus.EXPIRED,
    "rejected": VenueStatus.REJECTED,
}
_TYPES = {
    "market": OrderType.MARKET,
    "limit": OrderType.LIMIT,
    "limit_maker": OrderType.POST_ONLY,
    "stop_loss": OrderType.STOP_MARKET,
    "stop_market": OrderType.STOP_MARKET,
}
# Beyond this a number is not a price, quantity or time of any market.
_LARGEST = Decimal("1e18")
_YEAR_2100_MS = 4_102_444_800_000
# Exchanges book amounts with eight digits; ccxt's own product of price and quantity has more.
_BOOKED = Decimal("1e-8")


class Malformed(Exception):
    """An answer that does not say what it must; the text names the field."""


def number(raw: Mapping[str, Any], name: str) -> Decimal:
    """A finite Decimal >= 0."""
    value = raw.get(name)
    if value is None or isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Malformed(f"{name} is {type(value).__name__}")
    try:
        result = Decimal(str(value))
    except InvalidOperation:
        raise Malformed(f"{name} is not a number") from None
    if not result.is_finite() or result < 0 or result > _LARGEST:
        raise Malformed(f"{name} is out of range")
    return result


def optional_number(raw: Mapping[str, Any], name: str) -> Decimal | None:
    return None if raw.get(name) is None else number(raw, name)


def text(raw: Mapping[str, Any], name: str) -> str:
    """A non-empty string."""
    value = raw.get(name)
    if not isinstance(value, str) or not value or len(value) > 200:
        raise Malformed(f"{name} is missing")
    return value


def moment(raw: Mapping[str, Any], *names: str) -> int:
    """The first of `names` that holds a time in ms."""
    for name in names:
        value = raw.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and 0 < value < _YEAR_2100_MS:
            return value
    raise Malformed(f"{names[0]} is not a time")


def side_of(raw: Mapping[str, Any]) -> Side:
    try:
        return Side(text(raw, "side").lower())
    except ValueError:
        raise Malformed("side is neither buy nor sell") from None


def our_id(raw: Mapping[str, Any], prefix: str) -> str | None:
    """The client order id without the exchange's own prefix; None when there is none."""
    value = raw.get("clientOrderId")
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise Malformed("clientOrderId is not text")
    return value.removeprefix(prefix) if prefix else value


def order_type_of(raw: Mapping[str, Any]) -> OrderType | None:
    """None for a type that is not one of ours."""
    kind = raw.get("type")
    if kind == "limit" and raw.get("postOnly") is True:
        return OrderType.POST_ONLY
    if kind == "market" and raw.get("triggerPrice") is not None:
        return OrderType.STOP_MARKET
    return _TYPES.get(kind) if isinstance(kind, str) else None


def status_of(
    raw: Mapping[str, Any], *, quantity: Decimal, filled: Decimal, strict: bool
) -> VenueStatus:
    status = _STATUSES.get(str(raw.get("status")))
    if status is None:
        raise Malformed("status is unknown")
    if status is VenueStatus.FILLED and filled < quantity:
        if strict:
            raise Malformed("status is filled but filled is less than amount")
        # Some exchanges call an order closed when its rest was cancelled.
        return VenueStatus.CANCELED
    return status


def read_order(raw: Any, *, id_prefix: str = "", strict: bool = False) -> VenueOrder:
    """An order with every field an order must have; Malformed names what is missing.

    strict: this exchange calls an order filled only when all of it is.
    """
    if not isinstance(raw, Mapping):
        raise Malformed("order is not an object")
    quantity, filled = number(raw, "amount"), number(raw, "filled")
    if quantity <= 0:
        raise Malformed("amount is zero")
    if filled > quantity:
        raise Malformed("filled is more than amount")
    kind = order_type_of(raw)
    symbol, venue_order_id, side = text(raw, "symbol"), text(raw, "id"), side_of(raw)
    client_order_id = our_id(raw, id_prefix)
    updated_at = moment(raw, "lastUpdateTimestamp", "lastTradeTimestamp", "timestamp")
    return VenueOrder(
        symbol=symbol,
        client_order_id=client_order_id,
        venue_order_id=venue_order_id,
        side=side,
        order_type=kind,
        status=status_of(raw, quantity=quantity, filled=filled, strict=strict),
        price=_price_of(raw, kind),
        quantity=quantity,
        filled=filled,
        updated_at=updated_at,
        fills=_fills_of(raw, symbol, venue_order_id, client_order_id, side, updated_at),
    )


def _price_of(raw: Mapping[str, Any], kind: OrderType | None) -> Decimal | None:
    """The limit or trigger price; ccxt puts a market order's average where its price would be."""
    if kind is OrderType.MARKET:
        return None
    name = "triggerPrice" if kind is OrderType.STOP_MARKET else "price"
    return optional_number(raw, name) or None


def _fills_of(
    raw: Mapping[str, Any],
    symbol: str,
    venue_order_id: str,
    client_order_id: str | None,
    side: Side,
    at: int,
) -> tuple[VenueFill, ...]:
    """Fills told with their order leave out what the order says: its id, side and time."""
    trades = raw.get("trades") or ()
    if not isinstance(trades, list | tuple):
        raise Malformed("trades is not a list")
    known = {"symbol": symbol, "order": venue_order_id, "side": side.value, "timestamp": at}
    fills = []
    for trade in trades:
        if not isinstance(trade, Mapping):
            raise Malformed("trade is not an object")
        told = {key: value for key, value in trade.items() if value is not None}
        # An order that fills while it is being placed takes.
        full = {"takerOrMaker": "taker", **known, **told}
        fills.append(read_fill(full, client_order_id=client_order_id))
    return tuple(fills)


def read_fill(raw: Any, *, client_order_id: str | None) -> VenueFill:
    """A fill with its fee; a fee of several assets is Malformed."""
    if not isinstance(raw, Mapping):
        raise Malformed("trade is not an object")
    price, quantity = number(raw, "price"), number(raw, "amount")
    if price <= 0 or quantity <= 0:
        raise Malformed("trade has no price or amount")
    fee, fee_asset = _fee_of(raw)
    return VenueFill(
        symbol=text(raw, "symbol"),
        trade_id=text(raw, "id"),
        venue_order_id=text(raw, "order"),
        client_order_id=client_order_id,
        side=side_of(raw),
        price=price,
        quantity=quantity,
        quote_quantity=_quote_of(raw, price * quantity),
        fee=fee,
        fee_asset=fee_asset,
        is_maker=raw.get("takerOrMaker") == "maker",
        filled_at=moment(raw, "timestamp"),
    )


def _quote_of(raw: Mapping[str, Any], product: Decimal) -> Decimal:
    told = optional_number(raw, "cost")
    return (product if told is None else told).quantize(_BOOKED, ROUND_DOWN)


def _fee_of(raw: Mapping[str, Any]) -> tuple[Decimal, str]:
    listed = raw.get("fees") or ([raw["fee"]] if raw.get("fee") else [])
    paid = [fee for fee in listed if isinstance(fee, Mapping) and fee.get("cost") is not None]
    if not paid:
        return Decimal(0), ""
    if len(paid) > 1:
        raise Malformed("fee is paid in several assets")
    cost = paid[0]["cost"]
    try:
        fee = Decimal(str(cost))  # a maker's rebate is negative
    except InvalidOperation:
        raise Malformed("fee is not a number") from None
    if not fee.is_finite():
        raise Malformed("fee is not a number")
    return fee, text(paid[0], "currency")


def read_balances(raw: Any) -> dict[str, Balance]:
    """Free and locked per asset, assets without any left out."""
    if not isinstance(raw, Mapping):
        raise Malformed("balance is not an object")
    free, used = raw.get("free"), raw.get("used")
    if not isinstance(free, Mapping) or not isinstance(used, Mapping):
        raise Malformed("balance has no free and used")
    balances = {}
    for asset in free:
        one = Balance(free=number(free, asset), locked=number(used, asset))
        if one.total:
            balances[asset] = one
    return balances
