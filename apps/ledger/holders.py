"""Who holds the long-lived duties, in words: bots, desks and feeds with their dispatch numbers."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from apps.bots.models import Bot
from apps.ledger.models import BarFeed, Desk


@dataclass(frozen=True, slots=True)
class Held:
    """One duty. `dispatch`: the number now; taking a start raises it by one."""

    id: UUID
    label: str
    dispatch: int
    alive: bool

    def runs_since(self, dispatch: int) -> bool | None:
        """Whether the start of this number still holds it; None: not taken yet."""
        if self.dispatch == dispatch:
            return None
        return self.alive and self.dispatch == dispatch + 1


def held_duties() -> Iterator[Held]:
    """Every duty, in three statements."""
    bots = Bot.everything.values_list(
        "pk", "number", "name", "market__symbol", "dispatch_number", "process__dead"
    )
    for key, number, name, symbol, dispatch, dead in bots:
        words = name if symbol in name else f"{name} {symbol}"
        yield Held(key, f"bot #{number} {words}", dispatch, dead is False)
    desks = Desk.objects.values_list(
        "pk", "account__number", "account__name", "dispatch_number", "process__dead"
    )
    for key, number, name, dispatch, dead in desks:
        yield Held(key, f"desk of account #{number} {name}", dispatch, dead is False)
    feeds = BarFeed.objects.values_list(
        "pk", "exchange", "environment", "venue_name", "dispatch_number", "process__dead"
    )
    for key, exchange, environment, venue, dispatch, dead in feeds:
        words = " ".join(word for word in (exchange, environment, venue) if word)
        yield Held(key, f"feed of {words}", dispatch, dead is False)
