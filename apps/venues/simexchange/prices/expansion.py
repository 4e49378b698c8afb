"""The documented path of a recorded bar: open, stop side, other side, close."""

from typing import Literal, NamedTuple

from apps.venues.simexchange.prices.moves import MarketMove, PublicTrade

StopSide = Literal["low", "high"]
LEGS = 4


class RecordedBar(NamedTuple):
    """One recorded bar; prices and volume scaled 1e8, `opened_at` in ms, `length` in ms."""

    opened_at: int
    length: int
    open: int
    high: int
    low: int
    close: int
    volume: int


def expand_bar(
    *, symbol: str, bar: RecordedBar, stop_side: StopSide = "low"
) -> tuple[MarketMove, ...]:
    """Four moves that trade exactly this bar.

    1. The open, a point one ms into the bar: a gap from the last close is jumped here, and an
       order placed on seeing it still meets the rest of the bar.
    2. From the open to the stop side at a third of the bar. For a long position that is the
       low: when stop and target lie in one bar, the stop is reached first.
    3. From there to the other side at two thirds.
    4. From there to the close at the bar's end.

    Legs 2 to 4 are continuous, so a limit inside one is touched at its own price. The volume is
    shared equally by the four prints, one at the end of each leg (the last takes the rest), and
    bid and ask are the leg's end with unlimited depth: a backtest's slippage is charged by
    whoever compares, not by the market.
    """
    first, second = (bar.low, bar.high) if stop_side == "low" else (bar.high, bar.low)
    stops = (bar.open, first, second, bar.close)
    share = bar.volume // LEGS
    parts = (share, share, share, bar.volume - 3 * share)
    ends = leg_ends(opened_at=bar.opened_at, length=bar.length)
    sold = sold_legs(opened=bar.open, closed=bar.close, stop_side=stop_side)
    moves: list[MarketMove] = []
    start = bar.open
    for price, quantity, at, seller in zip(stops, parts, ends, sold, strict=True):
        trades = (PublicTrade(price, quantity, at - 1, seller),) if quantity else ()
        low, high = min(start, price), max(start, price)
        moves.append(MarketMove(symbol, at, start, low, high, price, price, price, trades, (), ()))
        start = price
    return tuple(moves)


def leg_ends(*, opened_at: int, length: int) -> tuple[int, int, int, int]:
    """Ends of the four legs in ms; the last is the bar's end."""
    return (
        opened_at + 1,
        opened_at + length // 3,
        opened_at + 2 * length // 3,
        opened_at + length,
    )


def sold_legs(*, opened: int, closed: int, stop_side: StopSide) -> tuple[bool, bool, bool, bool]:
    """Which prints a seller took: those of falling legs, and the open's of a falling bar."""
    down_first = stop_side == "low"
    return closed < opened, down_first, not down_first, down_first
