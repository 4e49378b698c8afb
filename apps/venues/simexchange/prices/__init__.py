"""Where the simulated exchange's prices come from: `open_source` is the only way in."""

from collections.abc import Mapping
from typing import Any

from apps.venues.simexchange.amounts import SCALE
from apps.venues.simexchange.prices.moves import (
    Kline,
    MarketMove,
    MarketRules,
    PriceSource,
    PriceSourceError,
    PublicTrade,
)

__all__ = [
    "SCALE",
    "Kline",
    "MarketMove",
    "MarketRules",
    "PriceSource",
    "PriceSourceError",
    "PublicTrade",
    "open_source",
]


def open_source(config: Mapping[str, Any]) -> PriceSource:
    """The price source a configuration names by `kind`; PriceSourceError says what is wrong."""
    kind = config.get("kind")
    if kind == "generated":
        from apps.venues.simexchange.prices.generator import open_generated

        return open_generated(config)
    known = "generated"
    raise PriceSourceError(f"prices.kind is {kind!r}; use one of {known}")
