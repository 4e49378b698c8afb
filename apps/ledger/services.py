"""What needs both a bot and its books: delete a bot, take in what an external bot reports."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.audit import services as audit
from apps.bots.models import Bot
from apps.common.exact import exactly
from apps.common.sql import fetch
from apps.ledger.bookings import Entry, book_entries, lock_account
from apps.ledger.models import DailyStat, Position
from apps.ledger.storage import LIVE_NAMES

OPEN_TO_REPORT = frozenset(
    {
        "symbol",
        "side",
        "entry_price",
        "exit_price",
        "take_profit",
        "stop_loss",
        "quantity",
        "pnl",
        "confidence",
        "exit_reason",
    }
)
NEXT = {"pending": {"pending", "active"}, "active": {"active", "closed"}, "closed": {"closed"}}
COUNTS = ("fills", "trades", "wins", "losses")
AMOUNTS = ("volume", "pnl", "fees")


class BotBusy(ValueError):
    """A bot that cannot be deleted yet; `reasons` lists everything that stands in the way."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


class ReportRefused(ValueError):
    """A report of an external bot that cannot be; the text names the field and the remedy."""


def delete_bot(*, bot: Bot, actor: User | str) -> dict[str, str]:
    """Delete a stopped, flat bot without unresolved orders; returns the coins it leaves behind.

    What it still holds (dust, or coins that a `leave` stop left) becomes the person's own again.
    Its journal, orders and fills stay. BotBusy lists what stands in the way.
    """
    with exactly(), transaction.atomic():
        lock_account(account_id=bot.account_id)
        row = Bot.objects.select_for_update(no_key=True).filter(pk=bot.pk).first()
        if row is None:
            return {}
        reasons = what_keeps(bot=row)
        if reasons:
            raise BotBusy(reasons)
        left = _hand_back(row)
        Bot.objects.filter(pk=row.pk).update(deleted_at=timezone.now(), config=None)
        audit.record(
            actor=actor, verb="delete_bot", object=row, before={"name": row.name}, after=left
        )
        return left


def what_keeps(*, bot: Bot) -> list[str]:
    """Why the bot cannot be deleted now; empty when it can."""
    reasons = []
    if bot.desired_status != Bot.Desired.STOPPED:
        reasons.append(f"it is {bot.desired_status}: stop it first")
    elif bot.process_id is not None or bot.observed_status not in ("STOPPED", "ERROR"):
        reasons.append(f"it is still {bot.observed_status}: wait until it has stopped")
    orders, positions, fills = fetch(
        "SELECT (SELECT count(*) FROM ledger_order"
        " WHERE bot_id = %(bot)s AND status = ANY(%(live)s)),"
        " (SELECT count(*) FROM ledger_position WHERE bot_id = %(bot)s AND status <> 'closed'),"
        " (SELECT count(*) FROM ledger_venuefill WHERE bot_id = %(bot)s AND bot_seq IS NULL)",
        {"bot": bot.pk, "live": LIVE_NAMES},
    )[0]
    if orders:
        reasons.append(f"{_some(orders, 'orders')} not resolved: start and stop it once more")
    if positions:
        reasons.append(f"{_some(positions, 'positions')} open: sell what it holds first")
    if fills:
        reasons.append(f"{fills} fills were not taken in yet: start and stop it once more")
    return reasons


def report_position(
    *, bot: Bot, order_id: str, status: str, values: Mapping[str, Any], actor: User | str
) -> Position:
    """Store what an external bot says of one of its orders; idempotent by `order_id`.

    Only pending -> active -> closed; ReportRefused for anything else.
    """
    unknown = sorted(set(values) - OPEN_TO_REPORT)
    if bot.kind != Bot.Kind.EXTERNAL:
        raise ReportRefused("kind: only bots of kind external report orders; ours keep a journal")
    if unknown:
        raise ReportRefused(
            f"{unknown[0]} cannot be reported; use {', '.join(sorted(OPEN_TO_REPORT))}"
        )
    if status not in NEXT:
        raise ReportRefused("status must be pending, active or closed")
    with transaction.atomic():
        Bot.objects.select_for_update(no_key=True).get(pk=bot.pk)
        row = Position.objects.filter(bot=bot, order_id=order_id, config_version=None).first()
        if row is None:
            row = Position(bot=bot, order_id=order_id, symbol=bot.symbol, created_at=timezone.now())
        elif status not in NEXT[row.status]:
            raise ReportRefused(f"status cannot go from {row.status} to {status}")
        before = row.status
        for name, value in values.items():
            setattr(row, name, value)
        row.status = status
        _stamp(row)
        row.save()
        audit.record(
            actor=actor,
            verb="report_position",
            object=row,
            before={"status": before},
            after={"status": status, **values},
        )
        return row


def report_day(*, bot: Bot, day: date, values: Mapping[str, Any], actor: User | str) -> DailyStat:
    """Store an external bot's figures of one day, replacing what was there."""
    if bot.kind != Bot.Kind.EXTERNAL:
        raise ReportRefused("kind: only bots of kind external report figures; ours are computed")
    unknown = sorted(set(values) - {*COUNTS, *AMOUNTS})
    if unknown:
        raise ReportRefused(f"{unknown[0]} is unknown; use {', '.join((*COUNTS, *AMOUNTS))}")
    with transaction.atomic():
        row, _ = DailyStat.objects.update_or_create(
            bot=bot, day=day, defaults={**values, "updated_at": timezone.now()}
        )
        audit.record(actor=actor, verb="report_day", object=row, after={"day": day, **values})
        return row


def _some(count: int, what: str) -> str:
    return f"{count} of its {what} {'is' if count == 1 else 'are'}"


def _stamp(row: Position) -> None:
    now = timezone.now()
    if row.status != Position.Status.PENDING and row.opened_at is None:
        row.opened_at = now
    if row.status == Position.Status.CLOSED and row.closed_at is None:
        row.closed_at = now


def _hand_back(bot: Bot) -> dict[str, str]:
    """Book what the bot's sums still show over to EXTERNAL, asset by asset."""
    rows: list[tuple[str, Decimal]] = [
        (asset, total)
        for asset, total in fetch(
            "SELECT asset, total FROM ledger_botbalance WHERE bot_id = %s AND total <> 0"
            " ORDER BY asset",
            [bot.pk],
        )
    ]
    entries: list[Entry] = []
    for asset, total in rows:
        note = f"bot {bot.number} deleted"
        entries.append((bot.account_id, bot.pk, asset, -total, "transfer", None, note))
        entries.append((bot.account_id, None, asset, total, "transfer", None, note))
    book_entries(entries=entries)
    coins = (row for row in rows if row[0] != bot.quote)
    return {asset: format(total.normalize(), "f") for asset, total in coins}
