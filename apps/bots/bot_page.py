"""How the admin's page of one bot is laid out."""

from typing import Any

from apps.bots.catalogue import known_strategies
from apps.bots.forms import PRESET
from apps.bots.models import Bot
from apps.bots.parameter_fields import field_name
from apps.trading.strategy import Strategy

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
    asked = (*_WORDS, "account", "symbol", "timeframe", "capital", "strategy")
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
    return parts


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
                    "fields": (*_named(strategy, names), "apply_to_open"),
                    "description": f"{strategy.help} A change makes a new version, which a running "
                    "bot takes over at once.",
                },
            )
        )
    parts.append(("Counters and times", {"fields": _COUNTERS, "classes": ("collapse",)}))
    return parts


def _named(strategy: Strategy, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(field_name(strategy=strategy.name, parameter=name) for name in names)
