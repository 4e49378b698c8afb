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
    # Each kind is imported when asked for: a generated market needs no ccxt, no Parquet.
    if kind == "generated":
        from apps.venues.simexchange.prices.generator import open_generated

        return open_generated(config)
    if kind == "bars":
        from apps.venues.simexchange.prices.bars import open_bars

        return open_bars(config)
    if kind == "ticks":
        from apps.venues.simexchange.prices.ticks import open_ticks

        return open_ticks(config)
    if kind == "path":
        from apps.venues.simexchange.prices.path import open_path

        return open_path(config)
    if kind == "mirrored":
        from apps.venues.simexchange.prices.mirrored import open_mirrored

        return open_mirrored(config)
    raise PriceSourceError(f"prices.kind is {kind!r}; use generated, bars, ticks, mirrored or path")
