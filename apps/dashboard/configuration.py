"""A bot's configuration in words: parameters with their units, and what of the plan matters."""

from collections.abc import Iterator, Mapping
from typing import Any

from apps.bots.catalogue import known_strategies
from apps.bots.models import Bot
from apps.dashboard.numbers import percent
from apps.trading.plan import Plan
from apps.trading.terms import LIMIT_TERMS, PLAN_TERMS

# Fields of a plan and of limits that are fractions; pages show percent.
_TERMS = (*PLAN_TERMS, *LIMIT_TERMS)
FRACTIONS = frozenset(
    {
        "capital_per_entry",
        "deviation",
        "grid_capital",
        "profit",
        "share",
        *(term.name for term in _TERMS if term.unit == "fraction"),
    }
)
Pairs = list[tuple[str, str]]


def configuration_shown(bot: Bot) -> list[tuple[str, Pairs]]:
    """Groups of (name, value); of the plan only what differs from doing nothing special."""
    config = bot.config
    if config is None:
        return []
    groups = [
        ("Parameters", list(_parameters(bot.strategy, config.parameters))),
        ("Plan", list(_plan(config.plan))),
        ("Limits", list(_pairs(config.limits))),
    ]
    return [(title, pairs) for title, pairs in groups if pairs]


def _parameters(strategy: str, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    # A strategy of the person's own may not be on this machine any more.
    declared = known_strategies().get(strategy)
    known = declared.schema()["properties"] if declared else {}
    for name, value in values.items():
        schema = known.get(name, {})
        if value is not None:
            label = str(schema.get("title", _label(name)))
            yield label, _value(value, unit=str(schema.get("x-unit", "")))


def _plan(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    usual = Plan(quote_per_entry=1.0).to_json()
    return _pairs({name: value for name, value in values.items() if value != usual.get(name)})


def _pairs(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if value not in (None, "", [], {}):
            yield _label(name), _value(value, unit=_unit(name))


def _label(name: str) -> str:
    return name.removesuffix("_s").replace("_", " ").capitalize()


def _unit(name: str) -> str:
    return "fraction" if name in FRACTIONS else "s" if name.endswith("_s") else ""


def _value(value: Any, *, unit: str) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "; ".join(_value(part, unit="") for part in value)
    if isinstance(value, dict):
        parts = (f"{_label(name)} {_value(part, unit=_unit(name))}" for name, part in value.items())
        return ", ".join(parts)
    if unit == "fraction":
        return percent(value)
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return f"{text} s" if unit == "s" else text
