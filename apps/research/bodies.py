"""What a request may ask of research."""

from typing import Any

from rest_framework import serializers

from apps.bots.bodies import ParameterValues
from apps.markets.models import TIMEFRAMES
from apps.research.wishes import DEFAULT_CAPITAL

_SHARE: dict[str, Any] = {"min_value": 0.0, "max_value": 0.999999, "required": False}


class PlanValues(serializers.Field[Any, Any, Any, Any]):
    """A JSON object of plan fields, lists among them; the plan checks names and values."""

    default_error_messages = {"not_an_object": "This is not a JSON object."}

    def to_internal_value(self, given: Any) -> dict[str, Any]:
        if not isinstance(given, dict):
            self.fail("not_an_object")
        return {str(name): _plain(value) for name, value in given.items()}

    def to_representation(self, value: Any) -> Any:
        return value


class GeneratedBars(serializers.Serializer[Any]):
    """An invented market."""

    bars = serializers.IntegerField(required=False, help_text="How many bars, 2 to 1000000.")
    seed = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=2**53,
        help_text="The same seed, the same market.",
    )
    symbol = serializers.CharField(
        required=False, max_length=50, help_text="Give one of the demo's markets, such as BTC/USDT."
    )


class BacktestWish(serializers.Serializer[Any]):
    """A backtest to be run."""

    name = serializers.CharField(
        max_length=100, required=False, allow_blank=True, help_text="At most 100 characters."
    )
    strategy = serializers.CharField(
        max_length=60,
        required=False,
        help_text="Give the id of a strategy; /api/strategies lists them. With bot, leave it out.",
    )
    parameters = ParameterValues(
        required=False, help_text='Give an object such as {"period": 14}; defaults fill the rest.'
    )
    preset = serializers.CharField(
        max_length=60, required=False, help_text="Give the name of one of the strategy's presets."
    )
    plan = PlanValues(
        required=False, help_text='Give an object of plan fields, such as {"take_profit": 0.01}.'
    )
    limits = PlanValues(
        required=False, help_text='Give an object of limits, such as {"max_exposure": 0.5}.'
    )
    bot = serializers.CharField(
        max_length=60,
        required=False,
        help_text="Give the number or id of a bot: its values and market, what you give wins.",
    )
    symbol = serializers.CharField(
        max_length=50, required=False, help_text="Give a market such as BTC/USDT."
    )
    account = serializers.CharField(
        max_length=60,
        required=False,
        help_text="Give one of your accounts: the market is then one of its exchange.",
    )
    exchange = serializers.CharField(
        max_length=40, required=False, help_text="Whose market; binance when left out."
    )
    generated = GeneratedBars(
        required=False, help_text='Give {"bars": 20000, "seed": 1} instead of a symbol.'
    )
    timeframe = serializers.ChoiceField(
        choices=list(TIMEFRAMES), required=False, help_text=f"Give one of {', '.join(TIMEFRAMES)}."
    )
    detail_timeframe = serializers.ChoiceField(
        choices=list(TIMEFRAMES),
        required=False,
        help_text="Finer bars that tell what happened inside a bar.",
    )
    columns = PlanValues(
        required=False,
        help_text='What the strategy reads beside the bars: give {"probability": '
        '{"time_ms": [...], "values": [...]}}, a value per open time of a bar.',
    )
    start = serializers.IntegerField(required=False, help_text="First time, ms UTC.")
    end = serializers.IntegerField(required=False, help_text="First time left out, ms UTC.")
    capital = serializers.FloatField(
        required=False, help_text=f"Amount in the quote asset; {DEFAULT_CAPITAL:g} when left out."
    )
    fee = serializers.FloatField(
        **_SHARE, help_text="Fraction of a fill (0.001 is 0.1 %); the market's own when left out."
    )
    maker_fee = serializers.FloatField(**_SHARE, help_text="Of resting orders; as fee if left out.")
    slippage = serializers.FloatField(
        **_SHARE, help_text="Fraction lost by market orders and stops; 0 when left out."
    )


class PaperBotWish(serializers.Serializer[Any]):
    """A paper bot to be made of a backtest."""

    account = serializers.CharField(
        max_length=60,
        required=False,
        help_text="Give one of your simulated accounts; the first with the market if left out.",
    )
    name = serializers.CharField(
        max_length=100, required=False, help_text="Give a name that no bot of yours has."
    )


def _plain(value: Any) -> Any:
    """Numbers as the plan takes them: a body's decimals are exact, a plan's are floats."""
    if isinstance(value, dict):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    return float(value)
