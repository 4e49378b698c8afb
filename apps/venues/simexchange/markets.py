"""One market as the matching engine sees it: the quotes, the ladder left over and the tape."""

from collections import deque
from dataclasses import dataclass

from apps.venues.simexchange.levels import Levels
from apps.venues.simexchange.prices import MarketMove
from apps.venues.simexchange.rules import Rules
from apps.venues.simexchange.sweep import Rung, sweep_quantity

TAPE_LENGTH = 5_000


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

    `move` is what the price source said last. `spare_bids` and `spare_asks` are that ladder less
    what takers have taken since; None is unlimited depth at the quote.
    """

    def __init__(self, rules: Rules, *, source_symbol: str) -> None:
        self.rules = rules
        self.source_symbol = source_symbol
        self.levels = Levels()
        self.move: MarketMove | None = None
        self.last = 0
        self.tape: deque[TapeEntry] = deque(maxlen=TAPE_LENGTH)
        self.spare_bids: list[Rung] | None = []
        self.spare_asks: list[Rung] | None = []

    def take(self, move: MarketMove) -> None:
        """Replace the ladder by the one of a new move."""
        self.move = move
        self.spare_bids = [list(rung) for rung in move.bids] or None
        self.spare_asks = [list(rung) for rung in move.asks] or None

    @property
    def at(self) -> int:
        """Market time of the last move, 0 before the first."""
        return self.move.at if self.move else 0

    def best_against(self, *, is_buy: bool) -> int:
        """Return the best price a taker would get, 0 when there is none."""
        if self.move is None:
            return 0
        ladder = self.spare_asks if is_buy else self.spare_bids
        if ladder is None:
            return self.move.ask if is_buy else self.move.bid
        return next((price for price, quantity in ladder if quantity > 0), 0)

    def ladder_against(self, *, is_buy: bool) -> list[Rung] | None:
        """Return the ladder that a taker meets; None is unlimited depth."""
        return self.spare_asks if is_buy else self.spare_bids

    def crosses(self, price: int, *, is_buy: bool) -> bool:
        """Whether a limit order at this price would execute at once."""
        best = self.best_against(is_buy=is_buy)
        if not best:
            return False
        return price >= best if is_buy else price <= best

    def preview(self, *, is_buy: bool, limit: int, quantity: int) -> list[tuple[int, int]]:
        """Return the fills that a taker of `quantity` would get now."""
        best = self.best_against(is_buy=is_buy)
        if not best:
            return []
        return sweep_quantity(
            ladder=self.ladder_against(is_buy=is_buy),
            best=best,
            limit=limit,
            is_buy=is_buy,
            quantity=quantity,
        )
