"""Admin pages of markets and stored bars: filled by workers, read by everybody."""

from datetime import UTC, datetime

from django.contrib import admin

from apps.common.admin import ReadOnlyAdmin
from apps.common.api import plain
from apps.common.shown import ago
from apps.markets.models import CandleBlock, Market, MarketPrice


@admin.register(Market)
class MarketAdmin(ReadOnlyAdmin):
    """What can be traded where, with the exchange's rules."""

    shared = True
    list_display = (
        "symbol",
        "exchange",
        "environment",
        "venue_name",
        "tick_size_quote",
        "lot_size_base",
        "min_notional_quote",
        "maker_fee_percent",
        "taker_fee_percent",
        "active",
        "refreshed_at",
    )
    list_filter = ("exchange", "environment", "venue_name", "quote", "active")
    search_fields = ("symbol", "base", "quote")
    search_help_text = "Symbol such as BTC/USDT, or an asset"
    ordering = ("exchange", "environment", "venue_name", "symbol")

    @admin.display(description="tick size (quote)", ordering="tick_size")
    def tick_size_quote(self, market: Market) -> str:
        return f"{market.tick_size.normalize():f} {market.quote}"

    @admin.display(description="lot size (base)", ordering="lot_size")
    def lot_size_base(self, market: Market) -> str:
        return f"{market.lot_size.normalize():f} {market.base}"

    @admin.display(description="min notional (quote)", ordering="min_notional")
    def min_notional_quote(self, market: Market) -> str:
        return f"{market.min_notional.normalize():f} {market.quote}"

    @admin.display(description="maker fee", ordering="maker_fee")
    def maker_fee_percent(self, market: Market) -> str:
        return f"{(market.maker_fee * 100).normalize():f} %"

    @admin.display(description="taker fee", ordering="taker_fee")
    def taker_fee_percent(self, market: Market) -> str:
        return f"{(market.taker_fee * 100).normalize():f} %"


@admin.register(MarketPrice)
class MarketPriceAdmin(ReadOnlyAdmin):
    """The last price of each market that somebody's bots watch."""

    shared = True
    list_display = ("market", "price_quote", "heard")
    list_select_related = ("market",)
    search_fields = ("market__symbol",)
    ordering = ("-at_ms",)

    @admin.display(description="price (quote)", ordering="price")
    def price_quote(self, row: MarketPrice) -> str:
        return f"{plain(row.price)} {row.market.quote}"

    @admin.display(description="heard", ordering="at_ms")
    def heard(self, row: MarketPrice) -> str:
        return ago(datetime.fromtimestamp(row.at_ms / 1000, UTC), stale_s=10)


@admin.register(CandleBlock)
class CandleBlockAdmin(ReadOnlyAdmin):
    """Which bars are stored; the bars themselves are packed."""

    shared = True
    list_display = ("market", "timeframe", "first", "last", "count")
    list_filter = ("timeframe",)
    list_select_related = ("market",)
    search_fields = ("market__symbol",)
    ordering = ("-last_ms", "market", "timeframe")
    fields = ("market", "timeframe", "first", "last", "count")

    @admin.display(description="first bar", ordering="first_ms")
    def first(self, block: CandleBlock) -> str:
        return _opened(block.first_ms)

    @admin.display(description="last bar", ordering="last_ms")
    def last(self, block: CandleBlock) -> str:
        return _opened(block.last_ms)


def _opened(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"
