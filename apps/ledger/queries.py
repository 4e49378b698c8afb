"""Reads for pages and checkers: profit, where coins are, and whether the books add up."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from apps.bots.models import Bot
from apps.common.moments import to_datetime
from apps.common.sql import fetch
from apps.ledger.models import DailyStat, EquityPoint, Position
from apps.ledger.rows import ZERO
from apps.ledger.storage import LIVE_NAMES


@dataclass(frozen=True, slots=True)
class Profit:
    """A bot's figures in its quote asset. `unrealised` is at the price of its last fill."""

    realised: Decimal
    unrealised: Decimal
    fees: Decimal
    fees_by_asset: dict[str, Decimal]
    trades: int
    wins: int
    losses: int
    volume: Decimal
    open_positions: int
    days: list[DailyStat]


def profit_of(*, bot: Bot, since: int | None = None, until: int | None = None) -> Profit:
    """Profit, fees and counts; `since` and `until` (ms) bound the days that are listed."""
    last = EquityPoint.objects.filter(bot=bot).order_by("-seq").first()
    all_days = DailyStat.objects.filter(bot=bot)
    days = all_days
    if since is not None:
        days = days.filter(day__gte=to_datetime(since).date())
    if until is not None:
        days = days.filter(day__lt=to_datetime(until).date())
    figures = list(all_days)
    return Profit(
        realised=last.realised if last else sum((d.pnl for d in figures), ZERO),
        unrealised=last.unrealised if last else ZERO,
        fees=last.fees if last else sum((d.fees for d in figures), ZERO),
        fees_by_asset=_fees_by_asset(bot),
        trades=sum(day.trades for day in figures),
        wins=sum(day.wins for day in figures),
        losses=sum(day.losses for day in figures),
        volume=sum((day.volume for day in figures), ZERO),
        open_positions=Position.objects.filter(bot=bot, status=Position.Status.ACTIVE).count(),
        days=list(days.order_by("day")),
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


def _fees_by_asset(bot: Bot) -> dict[str, Decimal]:
    rows = fetch(
        "SELECT fee_asset, sum(fee) FROM ledger_fill WHERE bot_id = %s AND fee <> 0"
        " GROUP BY fee_asset ORDER BY fee_asset",
        [bot.pk],
    )
    return dict(rows)
