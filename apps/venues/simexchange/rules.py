"""A market's filters: what size and price an order may have."""

from dataclasses import dataclass
from typing import Any, Final

from apps.venues.simexchange.amounts import LARGEST, SCALE, product, text
from apps.venues.simexchange.errors import VenueError, filter_failure, rejected

ORDER_TYPES: Final = (
    "LIMIT",
    "LIMIT_MAKER",
    "MARKET",
    "STOP_LOSS",
    "STOP_LOSS_LIMIT",
    "TAKE_PROFIT",
    "TAKE_PROFIT_LIMIT",
)
PREVENTION_MODES: Final = ("NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH")


@dataclass(frozen=True, slots=True)
class Rules:
    """One market's filters; amounts and multipliers scaled 1e8."""

    symbol: str
    base: str
    quote: str
    tick: int
    lot: int
    min_notional: int
    min_quantity: int
    max_quantity: int = 9_000_000 * SCALE
    market_max_quantity: int = 9_000_000 * SCALE
    max_notional: int = 9_000_000 * SCALE
    max_price: int = 1_000_000 * SCALE
    multiplier_up: int = 5 * SCALE
    multiplier_down: int = SCALE // 5
    max_orders: int = 200
    max_algo_orders: int = 5
    status: str = "TRADING"

    def check_price(self, price: int, *, last: int) -> None:
        """Refuse a limit price off the tick or too far from the market."""
        if not self.tick <= price <= self.max_price or price % self.tick:
            raise filter_failure("PRICE_FILTER")
        low = product(last, self.multiplier_down)
        high = product(last, self.multiplier_up)
        if last and not low <= price <= high:
            raise filter_failure("PERCENT_PRICE_BY_SIDE")

    def check_stop_price(self, price: int) -> None:
        """Refuse a stop price off the tick."""
        if not self.tick <= price <= self.max_price or price % self.tick:
            raise filter_failure("PRICE_FILTER")

    def check_quantity(self, quantity: int, *, at_market: bool) -> None:
        """Refuse a quantity off the lot or out of bounds."""
        if not self.min_quantity <= quantity <= self.max_quantity or quantity % self.lot:
            raise filter_failure("LOT_SIZE")
        if at_market and quantity > self.market_max_quantity:
            raise filter_failure("MARKET_LOT_SIZE")

    def check_notional(self, value: int, *, at_market: bool) -> None:
        """Refuse an order worth too little or too much in the quote asset."""
        if value < self.min_notional or (not at_market and value > self.max_notional):
            raise filter_failure("NOTIONAL")

    def check_counts(self, *, open_orders: int, open_algo_orders: int, is_algo: bool) -> None:
        """Refuse one order more than an account may have open."""
        if open_orders >= self.max_orders:
            raise filter_failure("MAX_NUM_ORDERS")
        if is_algo and open_algo_orders >= self.max_algo_orders:
            raise filter_failure("MAX_NUM_ALGO_ORDERS")

    def check_trading(self) -> None:
        """Refuse orders while the market is halted."""
        if self.status != "TRADING":
            raise rejected("Market is closed.")

    def filters(self) -> list[dict[str, Any]]:
        """Return the filters as `exchangeInfo` lists them."""
        up, down = text(self.multiplier_up), text(self.multiplier_down)
        return [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": text(self.tick),
                "maxPrice": text(self.max_price),
                "tickSize": text(self.tick),
            },
            {
                "filterType": "LOT_SIZE",
                "minQty": text(self.min_quantity),
                "maxQty": text(self.max_quantity),
                "stepSize": text(self.lot),
            },
            {"filterType": "ICEBERG_PARTS", "limit": 10},
            {
                "filterType": "MARKET_LOT_SIZE",
                "minQty": text(0),
                "maxQty": text(self.market_max_quantity),
                "stepSize": text(0),
            },
            {
                "filterType": "PERCENT_PRICE_BY_SIDE",
                "bidMultiplierUp": up,
                "bidMultiplierDown": down,
                "askMultiplierUp": up,
                "askMultiplierDown": down,
                "avgPriceMins": 0,
            },
            {
                "filterType": "NOTIONAL",
                "minNotional": text(self.min_notional),
                "applyMinToMarket": True,
                "maxNotional": text(self.max_notional),
                "applyMaxToMarket": False,
                "avgPriceMins": 0,
            },
            {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": self.max_orders},
            {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": self.max_algo_orders},
        ]

    def describe(self) -> dict[str, Any]:
        """Return the market as `exchangeInfo` lists it."""
        return {
            "symbol": self.symbol,
            "status": self.status,
            "baseAsset": self.base,
            "baseAssetPrecision": 8,
            "quoteAsset": self.quote,
            "quotePrecision": 8,
            "quoteAssetPrecision": 8,
            "baseCommissionPrecision": 8,
            "quoteCommissionPrecision": 8,
            "orderTypes": list(ORDER_TYPES),
            "icebergAllowed": True,
            "ocoAllowed": True,
            "otoAllowed": False,
            "opoAllowed": False,
            "quoteOrderQtyMarketAllowed": True,
            "allowTrailingStop": False,
            "cancelReplaceAllowed": True,
            "amendAllowed": False,
            "pegInstructionsAllowed": False,
            "isSpotTradingAllowed": True,
            "isMarginTradingAllowed": False,
            "filters": self.filters(),
            "permissions": [],
            "permissionSets": [["SPOT"]],
            "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
            "allowedSelfTradePreventionModes": list(PREVENTION_MODES),
        }


def check_size(amount: int, *, name: str) -> None:
    """Refuse an amount of nothing, or one whose product with a price leaves the books' range."""
    if not 0 < amount <= LARGEST:
        raise VenueError(code=-1013, message=f"Invalid {name}.")
