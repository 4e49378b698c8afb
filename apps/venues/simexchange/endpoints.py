"""The route table: one row per endpoint."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from apps.venues.simexchange import account_api as accounts
from apps.venues.simexchange import lists_api as lists
from apps.venues.simexchange import market_api as markets
from apps.venues.simexchange import trading_api as trading
from apps.venues.simexchange.calls import Call
from apps.venues.simexchange.requests import Parameters

Weight = int | Callable[[Parameters], int]

PUBLIC: Final = "public"
KEYED: Final = "keyed"
SIGNED: Final = "signed"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What a request costs, who may ask, and what answers."""

    weight: Weight
    security: str
    run: Callable[[Call], Any]
    # Awaited before `run` where answering may need much that is not made yet.
    prepare: Callable[[Call], Awaitable[None]] | None = None

    def weigh(self, parameters: Parameters) -> int:
        """Return the weight of one request."""
        return self.weight if isinstance(self.weight, int) else self.weight(parameters)


_by_symbol = markets.symbol_weight
_ROWS: Final[tuple[tuple[str, Weight, str, Callable[[Call], Any]], ...]] = (
    ("GET /api/v3/ping", 1, PUBLIC, markets.ping),
    ("GET /api/v3/time", 1, PUBLIC, markets.server_time),
    ("GET /api/v3/exchangeInfo", 20, PUBLIC, markets.exchange_info),
    ("GET /api/v3/depth", markets.depth_weight, PUBLIC, markets.depth),
    ("GET /api/v3/trades", 25, PUBLIC, markets.trades),
    ("GET /api/v3/historicalTrades", 25, PUBLIC, markets.trades),
    ("GET /api/v3/aggTrades", 4, PUBLIC, markets.aggregate_trades),
    ("GET /api/v3/klines", 2, PUBLIC, markets.klines),
    ("GET /api/v3/uiKlines", 2, PUBLIC, markets.klines),
    ("GET /api/v3/avgPrice", 2, PUBLIC, markets.average_price),
    ("GET /api/v3/ticker/24hr", _by_symbol(2, 80), PUBLIC, markets.ticker_day),
    ("GET /api/v3/ticker/tradingDay", _by_symbol(4, 80), PUBLIC, markets.ticker_day),
    ("GET /api/v3/ticker/price", _by_symbol(2, 4), PUBLIC, markets.ticker_price),
    ("GET /api/v3/ticker/bookTicker", _by_symbol(2, 4), PUBLIC, markets.ticker_book),
    ("POST /api/v3/order", 1, SIGNED, trading.place),
    ("POST /api/v3/order/test", 1, SIGNED, trading.test),
    ("GET /api/v3/order", 4, SIGNED, trading.status),
    ("DELETE /api/v3/order", 1, SIGNED, trading.cancel),
    ("POST /api/v3/order/cancelReplace", 1, SIGNED, trading.cancel_replace),
    ("GET /api/v3/openOrders", _by_symbol(6, 80), SIGNED, trading.open_orders),
    ("DELETE /api/v3/openOrders", 1, SIGNED, trading.cancel_all),
    ("GET /api/v3/allOrders", 20, SIGNED, trading.all_orders),
    ("GET /api/v3/myTrades", trading.trades_weight, SIGNED, trading.my_trades),
    ("POST /api/v3/orderList/oco", 1, SIGNED, lists.place_oco),
    ("POST /api/v3/order/oco", 1, SIGNED, lists.place_oco_old),
    ("DELETE /api/v3/orderList", 1, SIGNED, lists.cancel_list),
    ("GET /api/v3/orderList", 4, SIGNED, lists.list_status),
    ("GET /api/v3/allOrderList", 20, SIGNED, lists.all_lists),
    ("GET /api/v3/openOrderList", 6, SIGNED, lists.open_lists),
    ("GET /api/v3/account", 20, SIGNED, accounts.account),
    ("GET /api/v3/account/commission", 20, SIGNED, accounts.commission),
    ("GET /api/v3/rateLimit/order", 40, SIGNED, accounts.order_limits),
    ("POST /api/v3/userDataStream", 2, KEYED, accounts.open_listen_key),
    ("PUT /api/v3/userDataStream", 2, KEYED, accounts.renew_listen_key),
    ("DELETE /api/v3/userDataStream", 2, KEYED, accounts.close_listen_key),
    ("GET /sapi/v1/system/status", 1, PUBLIC, accounts.system_status),
    ("GET /sapi/v1/account/apiRestrictions", 1, SIGNED, accounts.restrictions),
    ("GET /sapi/v1/asset/tradeFee", 1, SIGNED, accounts.trade_fees),
    ("GET /sapi/v1/capital/config/getall", 10, SIGNED, accounts.coins),
)  # fmt: skip
_PREPARED: Final[Mapping[Callable[[Call], Any], Callable[[Call], Awaitable[None]]]] = {
    markets.klines: markets.prepare_klines,
    markets.ticker_day: markets.prepare_days,
}
REST: Final[Mapping[str, Endpoint]] = {
    name: Endpoint(weight, security, run, _PREPARED.get(run))
    for name, weight, security, run in _ROWS
}
# Methods of the websocket API -> the REST endpoint that does the same.
WEBSOCKET: Final[Mapping[str, Endpoint]] = {
    method: REST[name]
    for method, name in (
        ("ping", "GET /api/v3/ping"),
        ("time", "GET /api/v3/time"),
        ("exchangeInfo", "GET /api/v3/exchangeInfo"),
        ("depth", "GET /api/v3/depth"),
        ("trades.recent", "GET /api/v3/trades"),
        ("trades.historical", "GET /api/v3/historicalTrades"),
        ("trades.aggregate", "GET /api/v3/aggTrades"),
        ("klines", "GET /api/v3/klines"),
        ("uiKlines", "GET /api/v3/uiKlines"),
        ("avgPrice", "GET /api/v3/avgPrice"),
        ("ticker.24hr", "GET /api/v3/ticker/24hr"),
        ("ticker.tradingDay", "GET /api/v3/ticker/tradingDay"),
        ("ticker.price", "GET /api/v3/ticker/price"),
        ("ticker.book", "GET /api/v3/ticker/bookTicker"),
        ("order.place", "POST /api/v3/order"),
        ("order.test", "POST /api/v3/order/test"),
        ("order.status", "GET /api/v3/order"),
        ("order.cancel", "DELETE /api/v3/order"),
        ("order.cancelReplace", "POST /api/v3/order/cancelReplace"),
        ("openOrders.status", "GET /api/v3/openOrders"),
        ("openOrders.cancelAll", "DELETE /api/v3/openOrders"),
        ("orderList.place.oco", "POST /api/v3/orderList/oco"),
        ("orderList.place", "POST /api/v3/order/oco"),
        ("orderList.status", "GET /api/v3/orderList"),
        ("orderList.cancel", "DELETE /api/v3/orderList"),
        ("openOrderLists.status", "GET /api/v3/openOrderList"),
        ("allOrders", "GET /api/v3/allOrders"),
        ("allOrderLists", "GET /api/v3/allOrderList"),
        ("myTrades", "GET /api/v3/myTrades"),
        ("account.status", "GET /api/v3/account"),
        ("account.commission", "GET /api/v3/account/commission"),
        ("account.rateLimits.orders", "GET /api/v3/rateLimit/order"),
        ("userDataStream.start", "POST /api/v3/userDataStream"),
        ("userDataStream.ping", "PUT /api/v3/userDataStream"),
        ("userDataStream.stop", "DELETE /api/v3/userDataStream"),
    )
}
