"""How the admin's page of one bot is laid out."""

from typing import Any

from apps.bots.catalogue import known_strategies
from apps.bots.forms import LIMITS, PLAN, PRESET
from apps.bots.models import Bot
from apps.bots.parameter_fields import field_name
from apps.bots.seen import SEEN
from apps.trading.params import Parameter
from apps.trading.strategy import Strategy
from apps.trading.terms import LIMIT_TERMS, PLAN_TERMS

_WORDS = ("name", "description")
_NOW = (
    "status",
    "orders",
    "status_reason",
    "stop_kind",
    "heartbeat",
    "signal_check",
    "last_trade",
    "last_price_at",
    "preflight",
)
_COUNTERS = (
    "number",
    "user",
    "quote",
    "desired_status",
    "observed_status",
    "config",
    "heartbeat_at",
    "last_signal_check",
    "last_trade_at",
    "taken_at",
    "process",
    "fence",
    "seq",
    "performance_metrics",
    "created_at",
    "updated_at",
)


def reported() -> tuple[str, ...]:
    """Everything of a bot's page that nobody types in."""
    return (*_NOW, *_COUNTERS)


def fieldsets_of_new_bot() -> list[Any]:
    """What is asked of every bot, then each strategy's own fields; a script shows the chosen."""
    asked = (*_WORDS, "account", "symbol", "timeframe", "capital", "strategy", SEEN)
    parts: list[Any] = [(None, {"fields": asked})]
    for strategy in known_strategies().values():
        names = (PRESET, *(item.name for item in strategy.parameters))
        parts.append(
            (
                strategy.title,
                {
                    "fields": _named(strategy, names),
                    "classes": ("strategy-fields", f"strategy-{strategy.name}"),
                    "description": strategy.help,
                },
            )
        )
    return [*parts, *_of_every_bot()]


def fieldsets_of_bot(bot: Bot, *, may_change: bool) -> list[Any]:
    """How the bot does, what it is to do, and what the machinery counts."""
    now = _NOW if may_change else tuple(name for name in _NOW if name != "orders")
    strategy = known_strategies().get(bot.strategy)
    parts: list[Any] = [
        ("Now", {"fields": now}),
        (
            "What it trades",
            {"fields": (*_WORDS, "account", "symbol", "timeframe", "strategy", "capital")},
        ),
    ]
    if may_change and strategy is not None:
        names = tuple(item.name for item in strategy.parameters)
        parts.append(
            (
                f"{strategy.title}: parameters",
                {
                    "fields": _named(strategy, names),
                    "description": f"{strategy.help} A change makes a new version, which a running "
                    "bot takes over at once.",
                },
            )
        )
        parts += _of_every_bot()
        parts.append(("When it is saved", {"fields": ("apply_to_open", SEEN)}))
    parts.append(("Counters and times", {"fields": _COUNTERS, "classes": ("collapse",)}))
    return parts


def _of_every_bot() -> list[Any]:
    """What may be set whatever the strategy."""
    return [
        (
            "Plan",
            {
                "fields": _terms(PLAN, PLAN_TERMS),
                "description": "What stands here takes the place of the strategy's own plan.",
            },
        ),
        (
            "Limits",
            {
                "fields": _terms(LIMITS, LIMIT_TERMS),
                "description": "They refuse entries; what reduces risk is never refused.",
            },
        ),
    ]


def _terms(of: str, terms: tuple[Parameter, ...]) -> tuple[str, ...]:
    return tuple(field_name(strategy=of, parameter=item.name) for item in terms)


def _named(strategy: Strategy, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(field_name(strategy=strategy.name, parameter=name) for name in names)
