"""Accepted, rejected or unknown: what is not definite is unknown."""

from typing import Any

from apps.trading.order import OrderType, VenueStatus
from apps.trading.outcome import Accepted, Rejected, Unknown, VenueOrder
from apps.trading.ports import PlaceOrder
from apps.venues.capabilities import Profile
from apps.venues.guarded import Call
from apps.venues.reading import Malformed, our_id, read_order, text
from apps.venues.rejections import Verdict, verdict_of

DEFAULT_RETRY_AFTER_S = 10.0
LONGEST_RETRY_AFTER_S = 3 * 24 * 3600.0


def retry_after_s(call: Call) -> float:
    """The Retry-After header in seconds; DEFAULT_RETRY_AFTER_S after a 429 or 418 without one."""
    told = call.header("Retry-After")
    try:
        seconds = float(told) if told is not None else -1.0
    except ValueError:
        seconds = -1.0
    if 0 <= seconds <= LONGEST_RETRY_AFTER_S:
        return seconds
    return DEFAULT_RETRY_AFTER_S if call.status in {418, 429} else 0.0


def failure_text(raised: BaseException, call: Call) -> str:
    """Why there is no answer. Never the exception's own text: it carries the signed URL."""
    cause = raised.__cause__
    kind = type(raised).__name__
    if cause is not None:
        kind = f"{kind} ({type(cause).__name__})"
    return kind if call.status is None else f"{kind}, HTTP {call.status}"


def after_failure(raised: Exception, call: Call, profile: Profile) -> Verdict | Rejected | Unknown:
    """A request that raised: a verdict to be judged by the caller, or what is already clear."""
    if not call.sent:
        return Rejected("not_sent", f"refused before sending: {type(raised).__name__}")
    verdict = verdict_of(
        dialect=profile.dialect, status=call.status, answer=call.answer, raised=raised
    )
    return verdict if verdict is not None else Unknown(failure_text(raised, call))


def rejected(verdict: Verdict, call: Call) -> Rejected:
    wait = retry_after_s(call) if verdict.again else 0.0
    return Rejected(verdict.code, verdict.message, again=verdict.again, retry_after_s=wait)


def after_answer(
    raw: Any, call: Call, *, asked: PlaceOrder, profile: Profile
) -> Accepted | Unknown:
    """Accepted only when the answer names an order id and echoes everything that was asked."""
    if call.status is None or not 200 <= call.status < 300:
        return Unknown(f"HTTP {call.status} where an order was expected")
    try:
        return Accepted(_echoed(raw, call, asked=asked, profile=profile))
    except Malformed as problem:
        return Unknown(f"malformed answer: {problem}")
    except Exception as surprise:
        return Unknown(f"malformed answer: {type(surprise).__name__}")


def matches(order: VenueOrder, asked: PlaceOrder) -> str | None:
    """How an order differs from the asked one, or None when it is that order."""
    differs = None
    if order.client_order_id != asked.client_order_id:
        differs = "client order id"
    elif order.symbol != asked.symbol:
        differs = "symbol"
    elif order.side is not asked.side:
        differs = "side"
    elif order.quantity != asked.quantity:
        differs = "quantity"
    elif order.order_type is not asked.order_type:
        differs = "type"
    elif asked.order_type is not OrderType.MARKET and order.price != asked.price:
        differs = "price"
    return differs


def _echoed(raw: Any, call: Call, *, asked: PlaceOrder, profile: Profile) -> VenueOrder:
    if not isinstance(raw, dict):
        raise Malformed("answer is not an object")
    if profile.full_answer:
        _check_answer(call.answer, raw, profile)
        order = read_order(raw, id_prefix=profile.id_prefix, strict=True)
        if order.status is VenueStatus.REJECTED:
            raise Malformed("an accepted order is rejected")
    else:
        order = _completed(raw, asked=asked, profile=profile)
    differs = matches(order, asked)
    if differs is not None:
        raise Malformed(f"the answer's {differs} is not the asked one")
    return order


def _check_answer(answer: Any, raw: dict[str, Any], profile: Profile) -> None:
    """ccxt fills a missing market in with the asked one: look at the answer itself."""
    if not isinstance(answer, dict):
        raise Malformed("answer is not an object")
    if profile.dialect == "binance":
        order_id = answer.get("orderId")
        if not isinstance(order_id, int) or isinstance(order_id, bool) or order_id <= 0:
            raise Malformed("orderId is not an order number")
        # ccxt makes these up from the fills when they are missing.
        for name in ("origQty", "executedQty", "status"):
            text(answer, name)
    if profile.raw_symbol is None:
        return
    told = answer.get(profile.raw_symbol)
    asked = str(raw.get("symbol") or "").replace("/", "")
    if not isinstance(told, str) or told.replace("-", "").replace("_", "").upper() != asked:
        raise Malformed("the answer's market is not the asked one")


def _completed(raw: dict[str, Any], *, asked: PlaceOrder, profile: Profile) -> VenueOrder:
    """Exchanges that answer with ids only: what they do tell must agree, the rest is as asked."""
    if our_id(raw, profile.id_prefix) is None:
        raise Malformed("clientOrderId is missing")
    text(raw, "id")
    full = {key: value for key, value in raw.items() if value is not None}
    price_field = "triggerPrice" if asked.order_type is OrderType.STOP_MARKET else "price"
    told = {
        "symbol": asked.symbol,
        "side": asked.side.value,
        "type": _KIND[asked.order_type],
        "postOnly": asked.order_type is OrderType.POST_ONLY,
        "status": "open",
        "amount": str(asked.quantity),
        "filled": "0",
        "timestamp": asked.signed_at,
        **({price_field: str(asked.price)} if asked.price is not None else {}),
        **full,
    }
    return read_order(told, id_prefix=profile.id_prefix)


_KIND = {
    OrderType.MARKET: "market",
    OrderType.LIMIT: "limit",
    OrderType.POST_ONLY: "limit",
    OrderType.STOP_MARKET: "stop_market",
}
