"""One market as the matching engine sees it: the quotes, the ladder left over and the tape."""

from collections import deque
from dataclasses import dataclass
from typing import Final

from apps.venues.simexchange.levels import Levels
from apps.venues.simexchange.prices import MarketMove
from apps.venues.simexchange.rules import Rules
from apps.venues.simexchange.sweep import ENDLESS, Rung

TAPE_LENGTH: Final = 5_000


@dataclass(frozen=True, slots=True)
class TapeEntry:
    """One public trade with its number."""

    number: int
    price: int
    quantity: int
    at: int
    buyer_is_maker: bool


class Market:
    """Quotes, ladder and working orders of one symbol.

    `move` is what the price source said last; `bids` and `asks` are its ladder less what takers
    have taken since, with one endless rung where the source gives no depth.
    """

    def __init__(self, rules: Rules, *, source_symbol: str) -> None:
        self.rules = rules
        self.source_symbol = source_symbol
        self.levels = Levels()
        self.move: MarketMove | None = None
        self.last = 0
        self.tape: deque[TapeEntry] = deque(maxlen=TAPE_LENGTH)
        self.bids: list[Rung] = []
        self.asks: list[Rung] = []

    def take(self, move: MarketMove) -> None:
        """Replace the ladder by the one of a new move."""
        self.move = move
        self.bids = _rungs(move.bids, move.bid)
        self.asks = _rungs(move.asks, move.ask)

    @property
    def at(self) -> int:
        """Market time of the last move, 0 before the first."""
        return self.move.at if self.move else 0

    def rungs_against(self, *, is_buy: bool) -> list[Rung]:
        """Return the ladder that a taker meets, best first."""
        return self.asks if is_buy else self.bids


def _rungs(ladder: tuple[tuple[int, int], ...], quote: int) -> list[Rung]:
    if ladder:
        return [Rung(price, quantity) for price, quantity in ladder]
    return [Rung(quote, ENDLESS)] if quote else []
