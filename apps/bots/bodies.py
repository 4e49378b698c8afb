"""What a request may say of a bot: to create it, to change it, to stop it."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from rest_framework import serializers

from apps.bots.models import Bot
from apps.common.api import Amount
from apps.markets.models import TIMEFRAMES

_EXACT_WHOLE = 2**53


class ParameterValues(serializers.Field[Any, Any, Any, Any]):
    """A JSON object of a strategy's parameters; the strategy checks names and values."""

    default_error_messages = {
        "not_an_object": "This is not a JSON object.",
        "nested": "{name} is neither a number, a text, true, false nor null.",
    }

    def to_internal_value(self, given: Any) -> dict[str, Any]:
        if not isinstance(given, Mapping):
            self.fail("not_an_object")
        return {str(name): self._value(str(name), value) for name, value in given.items()}

    def _value(self, name: str, value: Any) -> Any:
        if isinstance(value, Decimal) or (_is_whole(value) and abs(value) > _EXACT_WHOLE):
            # A whole number too large for a float becomes infinite, which no range admits.
            return float(str(value))
        if value is None or isinstance(value, bool | int | str):
            return value
        return self.fail("nested", name=name[:60])

    def to_representation(self, value: Any) -> Any:
        return value


class PlanValues(serializers.Field[Any, Any, Any, Any]):
    """A JSON object of plan fields or limits, lists of objects among them; the core checks them."""

    default_error_messages = {
        "not_an_object": "This is not a JSON object.",
        "nested": "{name} is nested more deeply than any plan.",
    }

    def to_internal_value(self, given: Any) -> dict[str, Any]:
        if not isinstance(given, Mapping):
            self.fail("not_an_object")
        return {str(name): self._value(str(name), value) for name, value in given.items()}

    def _value(self, name: str, value: Any, depth: int = 0) -> Any:
        if depth == 3:
            self.fail("nested", name=name[:60])
        if isinstance(value, list):
            return [self._value(name, item, depth + 1) for item in value]
        if isinstance(value, Mapping):
            return {str(key): self._value(name, item, depth + 1) for key, item in value.items()}
        exact = not (_is_whole(value) and abs(value) > _EXACT_WHOLE)
        return value if exact and not isinstance(value, Decimal) else float(str(value))

    def to_representation(self, value: Any) -> Any:
        return value


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


class BotWish(serializers.Serializer[Any]):
    """A bot to be created."""

    name = serializers.CharField(
        max_length=100, help_text="Give a name of 1 to 100 characters that no bot of yours has."
    )
    description = serializers.CharField(
        max_length=2000, required=False, allow_blank=True, help_text="At most 2000 characters."
    )
    account = serializers.CharField(
        max_length=60, help_text="Give the number or id of one of your exchange accounts."
    )
    symbol = serializers.CharField(
        max_length=50, help_text="Give a market of the account's exchange, such as BTC/USDT."
    )
    strategy = serializers.CharField(
        max_length=60, help_text="Give the id of a strategy; /api/strategies lists them."
    )
    parameters = ParameterValues(
        required=False, help_text='Give an object such as {"period": 14}; defaults fill the rest.'
    )
    preset = serializers.CharField(
        max_length=60,
        required=False,
        help_text="Give the name of one of the strategy's presets; `parameters` win over it.",
    )
    timeframe = serializers.ChoiceField(
        choices=list(TIMEFRAMES), help_text=f"Give one of {', '.join(TIMEFRAMES)}."
    )
    capital = Amount(
        help_text='Give an amount above 0 in the market\'s quote asset, such as 200 or "200.50".'
    )


class BotChange(serializers.Serializer[Any]):
    """What is to change of a bot; fields left out stay as they are."""

    name = serializers.CharField(
        max_length=100,
        required=False,
        help_text="Give a name of 1 to 100 characters that no other bot of yours has.",
    )
    description = serializers.CharField(
        max_length=2000, required=False, allow_blank=True, help_text="At most 2000 characters."
    )
    parameters = ParameterValues(
        required=False, help_text='Give an object such as {"period": 14}; the others stay.'
    )
    capital = Amount(
        required=False, help_text='Give an amount above 0 in the quote asset, such as "200.50".'
    )
    version = serializers.IntegerField(
        required=False,
        min_value=1,
        help_text="Give the version you began from: a newer one is then not overwritten.",
    )
    apply_to_open = serializers.BooleanField(
        required=False,
        help_text="Give true to move targets and stops of open positions too.",
    )


_PLAN_HELP = 'Give an object of plan fields such as {"stop_loss": 0.05}; they win over the plan.'
_LIMITS_HELP = 'Give an object of limits such as {"max_exposure": 0.5}.'
_PRICE_HELP = "Give a price above 0 to look at, in place of the market's last one."


class ConfigurationCheck(serializers.Serializer[Any]):
    """What would be changed of a bot, to be looked at; fields left out are as they are."""

    parameters = ParameterValues(
        required=False, help_text='Give an object such as {"period": 14}; the others stay.'
    )
    plan = PlanValues(required=False, help_text=_PLAN_HELP)
    limits = PlanValues(required=False, help_text=_LIMITS_HELP)
    capital = Amount(
        required=False, help_text='Give an amount above 0 in the quote asset, such as "200.50".'
    )
    price = Amount(required=False, help_text=_PRICE_HELP)


class DraftCheck(serializers.Serializer[Any]):
    """A bot that is not made yet, to be looked at."""

    account = serializers.CharField(
        max_length=60, help_text="Give the number or id of one of your exchange accounts."
    )
    symbol = serializers.CharField(
        max_length=50, help_text="Give a market of the account's exchange, such as BTC/USDT."
    )
    strategy = serializers.CharField(
        max_length=60, help_text="Give the id of a strategy; /api/strategies lists them."
    )
    parameters = ParameterValues(
        required=False, help_text='Give an object such as {"period": 14}; defaults fill the rest.'
    )
    preset = serializers.CharField(
        max_length=60,
        required=False,
        help_text="Give the name of one of the strategy's presets; `parameters` win over it.",
    )
    timeframe = serializers.ChoiceField(
        choices=list(TIMEFRAMES), default="1m", help_text=f"Give one of {', '.join(TIMEFRAMES)}."
    )
    capital = Amount(
        help_text='Give an amount above 0 in the market\'s quote asset, such as 200 or "200.50".'
    )
    plan = PlanValues(required=False, help_text=_PLAN_HELP)
    limits = PlanValues(required=False, help_text=_LIMITS_HELP)
    price = Amount(required=False, help_text=_PRICE_HELP)


class StopWish(serializers.Serializer[Any]):
    """How to stop: what becomes of an open position."""

    position = serializers.ChoiceField(
        choices=Bot.StopKind.values,
        default=Bot.StopKind.LEAVE,
        help_text="Give guard (exits go on), leave (unprotected) or sell.",
    )


class NoBody(serializers.Serializer[Any]):
    """A request that says everything by its address."""
