"""What bots' services ask of the exchange accounts' books: a port that the ledger fills."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Funds:
    """An account's amount of one asset, and what working bots have been assigned of it."""

    held: Decimal
    assigned: Decimal
    bots: int

    @property
    def free(self) -> Decimal:
        return max(Decimal(0), self.held - self.assigned)


class Books(Protocol):
    """The ledger's answers."""

    def funds(self, *, account_id: UUID, asset: str, but: UUID | None) -> Funds | None:
        """What is there for a bot, leaving `but` out; None while the books are not open."""

    def open_positions(self, *, bot_id: UUID) -> int:
        """How many positions of the bot are not closed."""


_kept: list[Books] = []


def keep_books(books: Books) -> None:
    """Whom to ask from now on; the ledger says so when the applications are ready."""
    _kept[:] = [books]


def the_books() -> Books:
    """The ledger; IndexError in an installation without one, which cannot trade."""
    return _kept[0]
