"""Changes of the market table: what a venue says it trades."""

from collections.abc import Mapping
from dataclasses import asdict

from django.db import transaction
from django.utils import timezone

from apps.audit import services as audit
from apps.markets.models import Market
from apps.trading.instrument import Instrument


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
