"""Venue accounts, orders and a minimal Binance dialect for the adapter's tests."""

import itertools
import time
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from apps.trading.order import OrderType, Side
from apps.trading.ports import Lane, PlaceOrder
from apps.venues.account import VenueAccount
from tests.support.raw_http import Request, json_answer

SYMBOL = "BTC/USDT"
SECRET = "secret"
RECV_WINDOW_MS = 5_000
_NUMBERS = itertools.count(1)


class OpenBudget:
    """Grants everything; remembers what it was told."""

    def __init__(self) -> None:
        self.asked: list[tuple[Lane, int]] = []
        self.orders: list[Lane] = []
        self.learned: list[tuple[int | None, float, bool]] = []
        self.order_counts: list[tuple[int | None, ...]] = []
        self.orders_retry_after_s = 0.0
        self.wait_s = 0.0

    async def acquire(
        self, *, lane: Lane, weight: int, orders: int = 0, patience_s: float = 0.0
    ) -> float:
        self.asked.append((lane, weight))
        if orders:
            self.orders.append(lane)
        return self.wait_s

    async def learn(
        self,
        *,
        used: int | None,
        retry_after_s: float,
        banned: bool,
        orders: Sequence[int | None] = (),
        orders_retry_after_s: float = 0.0,
    ) -> None:
        self.learned.append((used, retry_after_s, banned))
        self.order_counts.append(tuple(orders))
        self.orders_retry_after_s = max(self.orders_retry_after_s, orders_retry_after_s)


class ManualClock:
    """Time that stands still until it is moved; sleeping moves it."""

    def __init__(self, now: int = 1_700_000_000_000) -> None:
        self.at = now
        self.steady = 1_000.0

    def now(self) -> int:
        return self.at

    def monotonic(self) -> float:
        return self.steady

    async def sleep(self, seconds: float) -> None:
        self.move(seconds)

    def move(self, seconds: float) -> None:
        self.at += round(seconds * 1000)
        self.steady += seconds


def simulated_account(base_url: str, *, api_key: str = "key", secret: str = SECRET) -> VenueAccount:
    return VenueAccount("binance", "simulated", "demo", base_url, api_key, secret)


def fresh_id() -> str:
    """A client order id that no other test uses."""
    return f"1test{next(_NUMBERS):013d}"


def an_order(
    *,
    kind: OrderType = OrderType.LIMIT,
    side: Side = Side.BUY,
    quantity: str = "0.01",
    price: str | None = "50000",
    client_order_id: str | None = None,
    signed_at: int | None = None,
    symbol: str = SYMBOL,
) -> PlaceOrder:
    return PlaceOrder(
        symbol=symbol,
        client_order_id=client_order_id or fresh_id(),
        side=side,
        order_type=kind,
        quantity=Decimal(quantity),
        price=None if price is None or kind is OrderType.MARKET else Decimal(price),
        signed_at=signed_at if signed_at is not None else time.time_ns() // 1_000_000,
        recv_window_ms=RECV_WINDOW_MS,
        lane=Lane.ENTRY,
    )


def market_rules(base: str = "BTC", quote: str = "USDT") -> dict[str, Any]:
    """One market as exchangeInfo tells it."""
    return {
        "symbol": base + quote,
        "status": "TRADING",
        "baseAsset": base,
        "baseAssetPrecision": 8,
        "quoteAsset": quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS"],
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": "0.01",
                "maxPrice": "1000000.00",
                "tickSize": "0.01",
            },
            {
                "filterType": "LOT_SIZE",
                "minQty": "0.00001",
                "maxQty": "9000.00",
                "stepSize": "0.00001",
            },
            {"filterType": "NOTIONAL", "minNotional": "5.00", "applyMinToMarket": True},
        ],
        "permissions": [],
        "permissionSets": [["SPOT"]],
    }


def exchange_basics(request: Request) -> bytes | None:
    """exchangeInfo, time and fees; None for every other request."""
    if request.path.endswith("/exchangeInfo"):
        symbols = [market_rules(), market_rules("ETH")]
        return json_answer({"timezone": "UTC", "serverTime": 1, "symbols": symbols})
    if request.path.endswith("/time"):
        return json_answer({"serverTime": time.time_ns() // 1_000_000})
    if request.path.endswith("/tradeFee"):
        return json_answer([])
    return None


def order_answer(order: PlaceOrder, **changes: Any) -> dict[str, Any]:
    """What Binance answers to this order when it rests."""
    kinds = {OrderType.POST_ONLY: "LIMIT_MAKER", OrderType.STOP_MARKET: "STOP_LOSS"}
    told = {
        "symbol": order.symbol.replace("/", ""),
        "orderId": 4711,
        "orderListId": -1,
        "clientOrderId": order.client_order_id,
        "transactTime": 1_700_000_000_123,
        "price": str(order.price or "0.00000000"),
        "origQty": str(order.quantity),
        "executedQty": "0.00000000",
        "origQuoteOrderQty": "0.00000000",
        "cummulativeQuoteQty": "0.00000000",
        "status": "NEW",
        "timeInForce": "GTC",
        "type": kinds.get(order.order_type, order.order_type.value.upper()),
        "side": order.side.value.upper(),
        "workingTime": 1_700_000_000_123,
        "fills": [],
        "selfTradePreventionMode": "EXPIRE_MAKER",
    }
    if order.order_type is OrderType.STOP_MARKET:
        told |= {"price": "0.00000000", "stopPrice": str(order.price)}
    return told | changes
