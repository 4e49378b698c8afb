"""What a symbol typed into a search may mean, on whatever venue."""

from django.db.models import Value
from django.db.models.functions import Concat, Upper

from apps.markets.models import Market

_SEPARATORS = str.maketrans("", "", "/-_: ")


def meant_by(symbol: str) -> list[str]:
    """Return the unified symbols that BTC-USDT or btcusdt may mean; empty when none is known."""
    joined = Upper(Concat("base", Value(""), "quote"))
    markets = Market.objects.annotate(joined=joined)
    found = markets.filter(joined=symbol.upper().translate(_SEPARATORS))
    return sorted(set(found.values_list("symbol", flat=True)))
