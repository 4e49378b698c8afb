"""Why an order is taken back is said in the words of those who decided it."""

import pytest

from apps.trading.events import CancelRequested
from tests.unit.workers.test_narration import Talking
from workers.narration.told import Told


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("mode exits_only", "buys are to stop"),
        ("mode flatten", "told to sell"),
        ("mode nothing", "told to stop and leave things as they are"),
        ("position closes: max_holding", "position closes: held long enough"),
        ("entry timed out", "entry timed out"),
    ],
)
def test_why_an_order_is_taken_back_is_said_in_peoples_words(reason: str, words: str) -> None:
    bot = Talking()
    state = bot.engine.state

    bot.narrator.told(Told((CancelRequested("x", reason),), state, state, 1))

    assert bot.heard() == [("INFO", f"takes back an order: {words}")]
