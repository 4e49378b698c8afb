"""Admin pages of markets and stored bars: filled by workers, read by everybody."""

from django.contrib import admin

from apps.common.admin import ReadOnlyAdmin
from apps.markets.models import CandleBlock, Market


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
        "maker_fee_fraction",
        "taker_fee_fraction",
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

    @admin.display(description="maker fee (fraction)", ordering="maker_fee")
    def maker_fee_fraction(self, market: Market) -> str:
        return f"{market.maker_fee.normalize():f}"

    @admin.display(description="taker fee (fraction)", ordering="taker_fee")
    def taker_fee_fraction(self, market: Market) -> str:
        return f"{market.taker_fee.normalize():f}"


@admin.register(CandleBlock)
class CandleBlockAdmin(ReadOnlyAdmin):
    """Which bars are stored; the bars themselves are packed."""

    shared = True
    list_display = ("market", "timeframe", "day", "count", "first_ms", "last_ms")
    list_filter = ("timeframe",)
    list_select_related = ("market",)
    search_fields = ("market__symbol",)
    date_hierarchy = "day"
    ordering = ("-day", "market", "timeframe")
    fields = ("market", "timeframe", "day", "count", "first_ms", "last_ms")
