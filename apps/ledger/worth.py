"""What a bot is worth after an event, and how the UTC day it falls on went.

`change` is what became of the capital: realised + unrealised - fees, to the last place. Realised
and unrealised are before fees; a fee that is part of what unsold coins cost waits in its
position's `unsold_fees` and becomes realised with them. Dust is a bot's own: written off as a
loss when its position ends, and worth what the market says from then on.
"""

from datetime import date
from decimal import Decimal

from apps.common.exact import stored
from apps.common.moments import utc_day
from apps.ledger.rows import ZERO, BotBooks, DayRow, EquityRow


def note_equity(*, books: BotBooks, at: int, seq: int) -> None:
    """Write the bot's worth at the price of its last fill, and feed it to its day."""
    positions = books.positions.values()
    coins = sum((item.quantity for item in positions), books.dust)
    unsold = sum((unsold_cost(item.cost, item.proceeds, item.pnl) for item in positions), ZERO)
    waiting = sum((item.unsold_fees for item in positions), ZERO)
    realised, fees = stored(books.realised), stored(books.fees)
    unrealised = stored(coins * books.price - unsold + waiting)
    before, books.change = books.change, realised + unrealised - fees
    books.equity.append(
        EquityRow(
            bot_id=books.facts.bot_id,
            seq=seq,
            at_ms=at,
            price=books.price,
            capital=books.capital,
            equity=books.capital + books.change,
            realised=realised,
            unrealised=unrealised,
            fees=fees,
            dust=books.dust,
            other_fees=dict(books.other_fees),
        )
    )
    day = day_of(books=books, at=at)
    day.capital, day.equity = books.capital, books.capital + books.change
    # From where it stood: a day's first step may already be a fall.
    for change in (before, books.change):
        _feed(day, change)


def day_of(*, books: BotBooks, at: int) -> DayRow:
    """What this batch adds to the day of `at` (ms), which begins where the bot stands."""
    day = utc_day(at)
    return books.days.setdefault(day, _new_day(books, day))


def unsold_cost(cost: Decimal, proceeds: Decimal, pnl: Decimal) -> Decimal:
    """What the coins still held have cost: what was sold took its own cost along."""
    return cost - (proceeds - pnl)


def _new_day(books: BotBooks, day: date) -> DayRow:
    return DayRow(books.facts.bot_id, day, highest=books.change, lowest=books.change)


def _feed(day: DayRow, change: Decimal) -> None:
    day.highest = max(day.highest, change)
    day.lowest = min(day.lowest, change)
    day.max_drawdown = max(day.max_drawdown, day.highest - change)
