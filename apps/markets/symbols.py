"""Symbols in any spelling: BTC/USDT, BTC-USDT, btc_usdt and BTCUSDT mean one market."""

from django.db.models import QuerySet, Value
from django.db.models.functions import Replace

from apps.markets.models import Market

_SEPARATORS = str.maketrans("", "", "/-_: ")


def spelled(symbol: str) -> QuerySet[Market]:
    """Markets, on any venue, whose symbol is the one meant."""
    compact = symbol.upper().translate(_SEPARATORS)
    return Market.objects.annotate(compact=Replace("symbol", Value("/"), Value(""))).filter(
        compact=compact
    )


def unified(symbol: str) -> list[str]:
    """Return the unified forms that a spelling may mean; empty when no market has it."""
    return sorted(set(spelled(symbol).values_list("symbol", flat=True)))
