"""The configuration file: which venues exist, with what prices, fees, filters and limits."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final

import orjson

from apps.venues.simexchange.amounts import LARGEST, exact, text
from apps.venues.simexchange.fees import Fees
from apps.venues.simexchange.prices import MarketRules
from apps.venues.simexchange.rules import Rules

DEMO: Final[Mapping[str, Any]] = {
    "venues": {
        "demo": {
            "prices": {
                "kind": "generated",
                "seed": 7,
                "markets": ["BTC/USDT", "ETH/USDT", "ETH/BTC", "SOL/USDT"],
            }
        }
    },
    "mode": "wall",
}
MODES: Final = ("wall", "lockstep")
_AMOUNT_RULES: Final = frozenset(
    {
        "tick", "lot", "min_notional", "min_quantity", "max_quantity", "market_max_quantity",
        "max_notional", "max_price", "multiplier_up", "multiplier_down",
    }
)  # fmt: skip
_COUNT_RULES: Final = frozenset({"max_orders", "max_algo_orders"})
_TEXT_RULES: Final = frozenset({"status"})


class ConfigError(ValueError):
    """The configuration cannot be used; the message names the field and the remedy."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Request limits; see Binance's `rateLimits`."""

    weight_per_minute: int = 6_000
    orders_per_10s: int = 100
    orders_per_day: int = 200_000
    ban_seconds: int = 120


@dataclass(frozen=True, slots=True)
class VenueConfig:
    """One venue's section."""

    prices: Mapping[str, Any]
    instruments: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    fees: Fees = field(default_factory=lambda: Fees(maker=100_000, taker=100_000))
    limits: Limits = field(default_factory=Limits)
    partial_fills: bool = False
    cross_accounts: bool = False

    def rules_for(self, instrument: MarketRules, *, kept: Mapping[str, str]) -> Rules:
        """Return a market's filters: the source's, then the file's, then what /sim changed."""
        symbol = instrument.base + instrument.quote
        rules = Rules(
            symbol=symbol,
            base=instrument.base,
            quote=instrument.quote,
            tick=instrument.tick,
            lot=instrument.lot,
            min_notional=instrument.min_notional,
            min_quantity=instrument.min_quantity or instrument.lot,
            max_quantity=min(instrument.max_quantity, LARGEST),
            market_max_quantity=min(instrument.max_market_quantity, LARGEST),
            max_notional=min(instrument.max_notional, LARGEST),
            max_price=min(instrument.max_price, LARGEST),
        )
        names = (symbol, f"{instrument.base}/{instrument.quote}")
        for name in names:
            if name in self.instruments:
                rules = change_rules(rules, self.instruments[name], where=f"instruments.{name}")
        if f"rules {symbol}" in kept:
            rules = change_rules(rules, orjson.loads(kept[f"rules {symbol}"]), where="kept rules")
        return rules


@dataclass(frozen=True, slots=True)
class ExchangeConfig:
    """The whole file."""

    venues: Mapping[str, VenueConfig]
    mode: str = "wall"


def read_config(path: Path | None) -> ExchangeConfig:
    """Read the file, or use the demo venue when there is none."""
    if path is None:
        return parse_config(DEMO)
    try:
        content = orjson.loads(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"--config {path} cannot be read: {error.strerror}") from None
    except orjson.JSONDecodeError as error:
        raise ConfigError(f"--config {path} is not JSON: {error}") from None
    return parse_config(content)


def parse_config(content: Any) -> ExchangeConfig:
    """Check a configuration; raise ConfigError naming the field."""
    section = _section(content, "the configuration", {"venues", "mode"})
    venues = _section(section.get("venues"), "venues", None)
    if not venues:
        raise ConfigError('venues is empty; name at least one, such as {"venues": {"demo": ...}}')
    mode = section.get("mode", "wall")
    if mode not in MODES:
        raise ConfigError(f"mode is {mode!r}; use one of {', '.join(MODES)}")
    for name in venues:
        if not name.isidentifier() or name == "sim":
            raise ConfigError(f"venues.{name}: a name is letters, digits and _, and not 'sim'")
    return ExchangeConfig(
        venues={name: _venue(value, f"venues.{name}") for name, value in venues.items()},
        mode=mode,
    )


def change_rules(rules: Rules, changes: Any, *, where: str) -> Rules:
    """Return rules with some fields changed; amounts are decimal strings."""
    known = _AMOUNT_RULES | _COUNT_RULES | _TEXT_RULES
    values = dict(_section(changes, where, set(known)))
    for name, value in values.items():
        if name in _AMOUNT_RULES:
            values[name] = _amount(value, f"{where}.{name}")
        elif name in _COUNT_RULES:
            values[name] = _count(value, f"{where}.{name}")
        elif value not in ("TRADING", "HALT", "BREAK"):
            raise ConfigError(f"{where}.{name} is {value!r}; use TRADING, HALT or BREAK")
    changed = replace(rules, **values)
    if changed.tick <= 0 or changed.lot <= 0:
        raise ConfigError(f"{where}: tick and lot must be above zero")
    return changed


def rules_text(rules: Rules) -> str:
    """Print the changeable part of a market's rules so that `change_rules` reads it back."""
    values = asdict(rules)
    kept = {name: text(values[name]) for name in _AMOUNT_RULES}
    kept |= {name: values[name] for name in _COUNT_RULES | _TEXT_RULES}
    return orjson.dumps(kept).decode()


def _venue(value: Any, where: str) -> VenueConfig:
    section = _section(value, where, {entry.name for entry in fields(VenueConfig)})
    prices = _section(section.get("prices"), f"{where}.prices", None)
    if "kind" not in prices:
        raise ConfigError(f'{where}.prices.kind is missing; use "generated" for a demo market')
    return VenueConfig(
        prices=prices,
        instruments=_section(section.get("instruments", {}), f"{where}.instruments", None),
        fees=_fees(section.get("fees", {}), f"{where}.fees"),
        limits=_limits(section.get("limits", {}), f"{where}.limits"),
        partial_fills=_flag(section.get("partial_fills", False), f"{where}.partial_fills"),
        cross_accounts=_flag(section.get("cross_accounts", False), f"{where}.cross_accounts"),
    )


def _fees(value: Any, where: str) -> Fees:
    section = _section(value, where, {"maker", "taker", "taken_in", "prices"})
    taken_in = section.get("taken_in", "received")
    if not isinstance(taken_in, str) or not taken_in:
        raise ConfigError(f"{where}.taken_in must be received, quote or an asset such as BNB")
    prices = _section(section.get("prices", {}), f"{where}.prices", None)
    return Fees(
        maker=_rate(section.get("maker", "0.001"), f"{where}.maker"),
        taker=_rate(section.get("taker", "0.001"), f"{where}.taker"),
        taken_in=taken_in,
        prices={name: _amount(price, f"{where}.prices.{name}") for name, price in prices.items()},
    )


def _limits(value: Any, where: str) -> Limits:
    section = _section(value, where, {entry.name for entry in fields(Limits)})
    return Limits(**{name: _count(entry, f"{where}.{name}") for name, entry in section.items()})


def _section(value: Any, where: str, known: set[str] | None) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ConfigError(f"{where} must be a JSON object; got {type(value).__name__}")
    unknown = set(value) - known if known is not None else set()
    if known is not None and unknown:
        raise ConfigError(
            f"{where} has no field {min(unknown)!r}; known: {', '.join(sorted(known))}"
        )
    return value


def _amount(value: Any, where: str) -> int:
    try:
        return exact(value, field=where)
    except ValueError as error:
        raise ConfigError(str(error)) from None


def _rate(value: Any, where: str) -> int:
    rate = _amount(value, where)
    if rate >= 10_000_000:
        raise ConfigError(f"{where} is {value!r}; a fee is a fraction below 0.1, such as 0.001")
    return rate


def _count(value: Any, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigError(f"{where} must be a whole number above 0; got {value!r}")
    return value


def _flag(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise ConfigError(f"{where} must be true or false; got {value!r}")
    return value
