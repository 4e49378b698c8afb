"""Reads for pages and checkers: days, equity, where coins are, and whether the books add up."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils import timezone

from apps.bots.models import Bot
from apps.common.moments import to_datetime
from apps.common.sql import fetch
from apps.ledger.rows import ZERO
from apps.ledger.storage import LIVE_NAMES

MOST_DAYS = 1_000
_RATIO = Decimal("1e-8")


@dataclass(frozen=True, slots=True)
class Day:
    """A UTC day of a bot in its quote asset; without fills it has zeros and the equity before it.

    `pnl`: what selling gained, after fees. `max_drawdown`: the deepest fall of the equity within
    the day, in quote, and `max_drawdown_ratio` of the highest equity of the day.
    """

    day: date
    fills: int
    trades: int
    wins: int
    losses: int
    volume: Decimal
    pnl: Decimal
    fees: Decimal
    equity: Decimal
    max_drawdown: Decimal
    max_drawdown_ratio: Decimal


def daily_figures(*, bot: Bot, since: int | None = None, until: int | None = None) -> list[Day]:
    """Every UTC day from the bot's first (or that of `since`, ms) to today (or before `until`).

    At most the last thousand of them; oldest first.
    """
    rows = list(
        fetch(
            "SELECT day, fills, trades, wins, losses, volume, pnl, fees, capital, equity, highest,"
            " max_drawdown FROM ledger_dailystat WHERE bot_id = %s ORDER BY day",
            [bot.pk],
        )
    )
    today = timezone.now().date()
    first = min([bot.created_at.date(), *(row[0] for row in rows[:1])])
    first = first if since is None else max(first, to_datetime(since).date())
    end = today if until is None else min(today, to_datetime(until - 1).date())
    first = max(first, end - timedelta(days=MOST_DAYS - 1))
    known = {row[0]: row for row in rows}
    equity = next((row[9] for row in reversed(rows) if row[0] < first), bot.capital)
    days: list[Day] = []
    for number in range((end - first).days + 1):
        day = first + timedelta(days=number)
        row = known.get(day)
        days.append(_quiet(day, equity) if row is None else _traded(row))
        equity = days[-1].equity
    return days


def _quiet(day: date, equity: Decimal) -> Day:
    return Day(day, 0, 0, 0, 0, ZERO, ZERO, ZERO, equity, ZERO, ZERO)


def _traded(row: tuple[Any, ...]) -> Day:
    (day, fills, trades, wins, losses, volume, pnl, fees, capital, equity, highest, drawdown) = row
    height = capital + highest
    return Day(
        day=day,
        fills=fills,
        trades=trades,
        wins=wins,
        losses=losses,
        volume=volume,
        pnl=pnl,
        fees=fees,
        equity=equity,
        max_drawdown=drawdown,
        max_drawdown_ratio=(drawdown / height).quantize(_RATIO) if height > 0 else ZERO,
    )


def coins_of(*, bot: Bot) -> dict[str, Decimal]:
    """What the bot holds by the ledger, its quote asset left out."""
    rows = fetch(
        "SELECT asset, total FROM ledger_botbalance"
        " WHERE bot_id = %s AND total <> 0 AND asset <> %s ORDER BY asset",
        [bot.pk, bot.quote],
    )
    return dict(rows)


def equity_curve(
    *, bot: Bot, since: int, until: int, most: int = 1000
) -> list[tuple[int, Decimal]]:
    """(ms, equity) in [since, until), oldest first, thinned evenly to at most `most` points."""
    rows = fetch(
        "SELECT max(at_ms), (array_agg(equity ORDER BY seq DESC))[1] FROM ("
        " SELECT at_ms, seq, equity, ntile(%s) OVER (ORDER BY seq) AS part FROM ledger_equitypoint"
        " WHERE bot_id = %s AND at_ms >= %s AND at_ms < %s) p GROUP BY part ORDER BY part",
        [most, bot.pk, since, until],
    )
    return [(at, equity) for at, equity in rows]


# The invariants of an account's books, each as the rows that break it.
_CHECKS = {
    "{0} of the account: entries sum to {1}, the balance says {2}": """
        SELECT b.asset, coalesce(sum(e.amount), 0), b.total FROM ledger_assetbalance b
        LEFT JOIN ledger_ledgerentry e ON e.account_id = b.account_id AND e.asset = b.asset
        WHERE b.account_id = %(account)s GROUP BY b.id
        HAVING coalesce(sum(e.amount), 0) <> b.total""",
    "{0} of bot {3}: entries sum to {1}, the balance says {2}": """
        SELECT b.asset, coalesce(sum(e.amount), 0), b.total, b.bot_id FROM ledger_botbalance b
        JOIN bots_bot o ON o.id = b.bot_id
        LEFT JOIN ledger_ledgerentry e ON e.bot_id = b.bot_id AND e.asset = b.asset
        WHERE o.account_id = %(account)s GROUP BY b.id
        HAVING coalesce(sum(e.amount), 0) <> b.total""",
    "{0} reserved: live orders hold {1}, the balance says {2}": """
        SELECT b.asset, coalesce(sum(o.reserved), 0), b.reserved FROM ledger_assetbalance b
        LEFT JOIN ledger_order o ON o.account_id = b.account_id AND o.reserve_asset = b.asset
            AND o.status = ANY(%(live)s)
        WHERE b.account_id = %(account)s GROUP BY b.id
        HAVING coalesce(sum(o.reserved), 0) <> b.reserved""",
    "order {0}: its fills sum to {1}, it says {2}": """
        SELECT o.client_order_id, coalesce(sum(f.quantity), 0), o.filled FROM ledger_order o
        LEFT JOIN ledger_fill f ON f.order_id = o.client_order_id
        WHERE o.account_id = %(account)s GROUP BY o.client_order_id
        HAVING coalesce(sum(f.quantity), 0) <> o.filled""",
    "bot {0}: its journal has {1} rows up to {2}": """
        SELECT b.id, count(e.seq), b.seq FROM bots_bot b
        LEFT JOIN ledger_botevent e ON e.bot_id = b.id
        WHERE b.account_id = %(account)s GROUP BY b.id
        HAVING count(e.seq) <> b.seq - coalesce(min(e.seq) - 1, b.seq)""",
    "bot {0}: an older fence wrote row {1} after a newer one": """
        SELECT bot_id, seq FROM (SELECT e.bot_id, e.seq, e.fence,
            lag(e.fence) OVER (PARTITION BY e.bot_id ORDER BY e.seq) AS before
            FROM ledger_botevent e JOIN bots_bot b ON b.id = e.bot_id
            WHERE b.account_id = %(account)s) r WHERE fence < before""",
}


def broken_books(*, account_id: UUID) -> list[str]:
    """What does not add up in an account's rows, in words; empty when everything does."""
    found: list[str] = []
    for sentence, sql in _CHECKS.items():
        rows = fetch(sql, {"account": account_id, "live": LIVE_NAMES})
        found += [sentence.format(*row) for row in rows]
    return found
