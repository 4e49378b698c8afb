"""What a narrator is told of: one commit of a bot."""

from dataclasses import dataclass

from apps.trading.bot_state import BotState
from apps.trading.events import Event


@dataclass(frozen=True, slots=True)
class Told:
    """Committed events, `last_seq` numbering the last one, and the bot before and after them."""

    events: tuple[Event, ...]
    before: BotState
    after: BotState
    last_seq: int
