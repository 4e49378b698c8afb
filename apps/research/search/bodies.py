"""What a request may ask of a search."""

from typing import Any

from rest_framework import serializers

from apps.research.bodies import BacktestWish, PaperBotWish
from apps.research.search.aims import USUAL_AIM, USUAL_TRADES
from apps.research.search.asked import HELD_OUT, MOST_DRAWS
from apps.research.search.honest.windows import KINDS
from apps.research.search.methods import METHODS, USUAL_SETS
from apps.research.search.services import MOST_SPREAD
from apps.research.search.space import MOST_SETS


class Ranges(serializers.Field[Any, Any, Any, Any]):
    """A JSON object of ranges by name: "lo:hi", "lo:hi:step" or a list of values."""

    default_error_messages = {"not_ranges": "This is not an object of ranges by name."}

    def to_internal_value(self, given: Any) -> dict[str, str]:
        if not isinstance(given, dict):
            self.fail("not_ranges")
        return {str(name): _text(value) for name, value in given.items()}

    def to_representation(self, value: Any) -> Any:
        return value


class SearchWish(BacktestWish):
    """A search to be run: what a backtest is asked, what varies, and how to doubt the result."""

    ranges = Ranges(
        required=False,
        help_text='Give an object such as {"period": "5:30", "take_profit": "0.01:0.05:0.01"}; '
        "what the strategy declares when left out.",
    )
    method = serializers.ChoiceField(
        choices=METHODS, required=False, help_text=f"Give one of {', '.join(METHODS)}."
    )
    sets = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=MOST_SETS,
        help_text=f"How many sets to try; {USUAL_SETS} when left out, of a grid all.",
    )
    seed = serializers.IntegerField(
        required=False, min_value=0, max_value=2**53, help_text="The same seed, the same sets."
    )
    objectives = serializers.ListField(
        child=serializers.CharField(max_length=40),
        required=False,
        min_length=1,
        max_length=4,
        help_text=f'Give a list of figures such as ["{USUAL_AIM}"]; the first decides.',
    )
    min_trades = serializers.IntegerField(
        required=False, min_value=0, help_text=f"Fewer trades are out; {USUAL_TRADES} if left out."
    )
    max_drawdown = serializers.FloatField(
        required=False, help_text="Deeper falls are out (0.2 is 20 %)."
    )
    held_out = serializers.FloatField(
        required=False,
        min_value=0.0,
        max_value=0.9,
        help_text=f"Share of the bars that the search does not see; {HELD_OUT:g} if left out.",
    )
    walk_forward = serializers.ChoiceField(
        choices=KINDS, required=False, help_text=f"Give one of {', '.join(KINDS)}, or leave it out."
    )
    windows = serializers.IntegerField(
        required=False, min_value=2, max_value=100, help_text="Of the walk-forward; 5 if left out."
    )
    monte_carlo = serializers.IntegerField(
        required=False, min_value=0, max_value=MOST_DRAWS, help_text="Draws; none if left out."
    )
    spread = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=MOST_SPREAD,
        help_text="How many research processes share it; 2 if left out.",
    )


class SearchBotWish(PaperBotWish):
    """A paper bot to be made of one of a search's best sets."""

    place = serializers.IntegerField(
        required=False, min_value=1, help_text="Which of the best sets; the first if left out."
    )


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(value)
