"""Changes of the market table: what a venue says it trades, and what bars are of."""

from collections.abc import Mapping
from dataclasses import asdict
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from apps.audit import services as audit
from apps.markets.models import Market
from apps.markets.queries import unified
from apps.markets.symbols import meant_by
from apps.trading.instrument import Instrument
from apps.venues import VenueKey


class MarketUnknown(ValueError):
    """No market can be meant; one sentence."""


def refresh_markets(
    *, exchange: str, environment: str, venue_name: str, instruments: Mapping[str, Instrument]
) -> int:
    """Take over a venue's whole list of instruments; what it no longer lists becomes inactive.

    Returns how many markets were added, changed or deactivated. An empty list changes nothing:
    a venue that lists nothing has not answered.
    """
    if not instruments:
        return 0
    with transaction.atomic():
        stored = {
            market.symbol: market
            for market in Market.objects.select_for_update().filter(
                exchange=exchange, environment=environment, venue_name=venue_name
            )
        }
        changed = 0
        for symbol, instrument in sorted(instruments.items()):
            market = stored.get(symbol)
            if market is not None and market.active and market.instrument == instrument:
                continue
            Market.objects.update_or_create(
                exchange=exchange,
                environment=environment,
                venue_name=venue_name,
                symbol=symbol,
                defaults={**asdict(instrument), "active": True, "refreshed_at": timezone.now()},
            )
            changed += 1
        gone = [m.pk for symbol, m in stored.items() if symbol not in instruments and m.active]
        changed += Market.objects.filter(pk__in=gone).update(active=False)
        if changed:
            audit.record(
                actor="markets",
                verb="refresh_markets",
                object=f"{exchange}/{environment}/{venue_name}",
                after={"changed": changed, "deactivated": len(gone)},
            )
    return changed


def learn_market(*, key: VenueKey, instrument: Instrument) -> Market:
    """The market whose bars are to be stored, as its exchange tells it.

    One that is known and active stays as it is: its own accounts may know better fees.
    """
    market, made = Market.objects.get_or_create(
        **_place(key), symbol=instrument.symbol, defaults={**asdict(instrument), "active": True}
    )
    if not made and not market.active:
        for name, value in asdict(instrument).items():
            setattr(market, name, value)
        market.active, market.refreshed_at = True, timezone.now()
        market.save()
    return market


def market_of_bars(*, key: VenueKey, symbol: str) -> Market:
    """The market that bars from a file belong to; made when no exchange has told of it yet.

    Then it is inactive, so nobody trades it, and has no rounding and no minimum until its
    exchange is asked. MarketUnknown when `symbol` is not BASE/QUOTE.
    """
    known = meant_by(symbol)
    symbol = known[0] if len(known) == 1 else unified(symbol=symbol)
    base, _, quote = symbol.partition("/")
    if not (base and quote):
        raise MarketUnknown(f"market {symbol!r} is not known; write it as BASE/QUOTE")
    finest = Decimal("1e-8")
    market, _ = Market.objects.get_or_create(
        **_place(key),
        symbol=symbol,
        defaults={
            "base": base,
            "quote": quote,
            "tick_size": finest,
            "lot_size": finest,
            "min_quantity": 0,
            "min_notional": 0,
            "maker_fee": Decimal("0.001"),
            "taker_fee": Decimal("0.001"),
            "active": False,
        },
    )
    return market


def _place(key: VenueKey) -> dict[str, str]:
    return {
        "exchange": key.exchange,
        "environment": key.environment,
        "venue_name": key.venue_name,
    }
