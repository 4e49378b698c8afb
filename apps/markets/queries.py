"""Reads of the market table, in whatever way a person spells a symbol."""

from django.db.models import QuerySet, Value
from django.db.models.functions import Concat, Upper

from apps.markets.models import Market


def markets_of(*, exchange: str, environment: str, venue_name: str = "") -> QuerySet[Market]:
    """Active markets of one venue, by symbol."""
    return Market.objects.filter(
        exchange=exchange, environment=environment, venue_name=venue_name, active=True
    ).order_by("symbol")


def find_market(
    *, exchange: str, environment: str, venue_name: str = "", symbol: str
) -> Market | None:
    """The active market meant by BTC/USDT, BTC-USDT, btc_usdt or BTCUSDT; None if there is none.

    Run together, a symbol that could mean two markets means neither.
    """
    spelled = symbol.strip().upper()
    markets = markets_of(exchange=exchange, environment=environment, venue_name=venue_name)
    for separator in "/-_ :":
        base, found, quote = spelled.partition(separator)
        if found:
            return markets.filter(base__iexact=base, quote__iexact=quote).first()
    matching = list(
        markets.annotate(joined=Upper(Concat("base", Value(""), "quote"))).filter(joined=spelled)[
            :2
        ]
    )
    return matching[0] if len(matching) == 1 else None


def unified(*, symbol: str) -> str:
    """A symbol with its parts apart, in the unified form; run together it stays as it is."""
    spelled = symbol.strip().upper()
    for separator in "-_ :":
        spelled = spelled.replace(separator, "/")
    return spelled
