"""A market's rules from configuration, with the catalogue's as the default."""

from collections.abc import Mapping
from dataclasses import fields
from decimal import InvalidOperation
from typing import Any

from apps.venues.simexchange.amounts import SCALE
from apps.venues.simexchange.prices.catalogue import generated_symbols, pair
from apps.venues.simexchange.prices.moves import MarketRules, PriceSourceError, scaled

_AMOUNTS = tuple(
    field.name for field in fields(MarketRules) if field.name not in ("symbol", "base", "quote")
)


def market_rules(*, symbol: str, overrides: Mapping[str, Any]) -> MarketRules:
    """Rules of a market: the catalogue's or generous ones, with `overrides` as decimals."""
    base, slash, quote = symbol.partition("/")
    if not (base and slash and quote):
        raise PriceSourceError(f'prices.markets names {symbol!r}; write it as "BASE/QUOTE"')
    rules = pair(symbol).rules if symbol in generated_symbols() else _generous(symbol, base, quote)
    amounts: dict[str, int] = {name: getattr(rules, name) for name in _AMOUNTS}
    for name, value in overrides.items():
        if name not in _AMOUNTS:
            raise PriceSourceError(
                f"rules of {symbol} have no {name!r}; use some of {', '.join(_AMOUNTS)}"
            )
        try:
            amounts[name] = scaled(value)
        except (InvalidOperation, ValueError, OverflowError):
            amounts[name] = 0
        if amounts[name] <= 0:
            raise PriceSourceError(
                f'rules of {symbol}: {name} is {value!r}; give a positive decimal such as "0.01"'
            )
    return MarketRules(symbol=symbol, base=base, quote=quote, **amounts)


def _generous(symbol: str, base: str, quote: str) -> MarketRules:
    return MarketRules(
        symbol=symbol,
        base=base,
        quote=quote,
        tick=1,
        lot=1,
        min_notional=1,
        min_quantity=1,
        max_quantity=9_000_000 * SCALE,
        max_market_quantity=9_000_000 * SCALE,
        max_notional=9_000_000 * SCALE,
        min_price=1,
        max_price=9_000_000 * SCALE,
    )


def markets_of(config: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The `markets` of a recorded or scripted source: symbol to its settings."""
    markets = config.get("markets")
    if not isinstance(markets, Mapping) or not markets:
        raise PriceSourceError(
            'prices.markets must map each symbol to its settings, such as {"BTC/USDT": {}}'
        )
    for symbol, settings in markets.items():
        if not isinstance(settings, Mapping):
            raise PriceSourceError(f"prices.markets.{symbol} must be a mapping of settings")
    return dict(markets)
