"""Proves a bot's books from its journal: projections rebuilt, decisions made again, compared."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from apps.audit import services as audit
from apps.bots.models import Bot
from apps.common.sql import execute, fetch
from apps.ledger.journal import journal_row
from apps.ledger.queries import broken_books
from apps.ledger.rebuild import Difference, differences, restore
from apps.trading.engine import Engine
from apps.trading.events import JournalRow
from apps.trading.instrument import Instrument
from apps.trading.order import IllegalTransition
from apps.trading.plan import Plan
from apps.trading.replay import Divergence
from apps.trading.risk import Limits

AT_ONCE = 2_000
# What a row that cannot follow raises; anything else is a fault of ours and is shown as such.
IMPOSSIBLE = (Divergence, IllegalTransition, ValueError, LookupError, TypeError)


@dataclass(slots=True)
class Replayed:
    """One bot's verdict. `diverged`: the first row whose decision comes out differently today."""

    bot_id: UUID
    number: int
    name: str
    rows: int = 0
    decisions: int = 0
    differences: list[Difference] = field(default_factory=list)
    diverged: str = ""
    repaired: bool = False

    @property
    def sound(self) -> bool:
        return not self.differences and not self.diverged


def replay_bot(*, bot: Bot, say: Callable[[str], None]) -> Replayed:
    """Compare everything that follows from the bot's journal with what is stored.

    All of it is read as of one moment, so a bot that trades meanwhile disturbs nothing.
    """
    result = Replayed(bot.pk, bot.number, bot.name)
    with transaction.atomic():
        _look_at_one_moment()
        result.differences = differences(bot_id=bot.pk)
        _decide_again(bot, result, say)
    return result


def repair_bot(*, bot: Bot, actor: str) -> list[Difference]:
    """Put the stored projections right from the journal; returns what was wrong."""
    with transaction.atomic():
        found = restore(bot_id=bot.pk)
        if found:
            audit.record(
                actor=actor, verb="restore_projections", object=bot, after={"rows": len(found)}
            )
    return found


def broken_accounts(*, bots: list[Bot]) -> dict[str, list[str]]:
    """Of these bots' accounts, those whose signed entries and balances do not add up."""
    names = {bot.account_id: bot.account.name for bot in bots}
    found: dict[str, list[str]] = {}
    for account_id, name in names.items():
        with transaction.atomic():
            _look_at_one_moment()
            broken = broken_books(account_id=account_id)
        if broken:
            found[name] = broken
    return found


def _look_at_one_moment() -> None:
    """From here on this transaction sees the database as it is now, and writes nothing."""
    if len(connection.savepoint_ids) == 0:
        execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")


def _decide_again(bot: Bot, result: Replayed, say: Callable[[str], None]) -> None:
    """Fold the journal into a new engine, which makes every decision from its stored inputs."""
    engine = _engine(bot)
    for row in _journal(bot.pk):
        if result.rows == 0 and row.seq != 1:
            result.diverged = f"the journal begins at row {row.seq}: what came before was trimmed"
            return
        try:
            engine.replay(row)
        except IMPOSSIBLE as error:
            result.diverged = f"row {row.seq}: {error}" if "row" not in str(error) else str(error)
            return
        result.rows += 1
        result.decisions += bool(getattr(row.event, "marks", None))
        if result.rows % (5 * AT_ONCE) == 0:
            say(f"{bot.name}: {result.rows} rows")


def _journal(bot_id: UUID) -> Iterator[JournalRow]:
    """The whole journal, some rows at a time: it may be longer than memory is large."""
    after = 0
    while True:
        rows = fetch(
            "SELECT seq, fence, kind, payload, recorded_at FROM ledger_botevent"
            " WHERE bot_id = %s AND seq > %s ORDER BY seq LIMIT %s",
            [bot_id, after, AT_ONCE],
        )
        if not rows:
            return
        for values in rows:
            yield journal_row(*values)
        after = rows[-1][0]


def _engine(bot: Bot) -> Engine:
    """A bot that has done nothing yet: its first journaled configuration begins it anew."""
    market = bot.market
    return Engine(
        bot_number=bot.number,
        installation=settings.INSTALLATION_ID,
        instrument=Instrument(
            symbol=market.symbol,
            base=market.base,
            quote=market.quote,
            tick_size=market.tick_size,
            lot_size=market.lot_size,
            min_quantity=market.min_quantity,
            max_quantity=Decimal(0),
            min_notional=market.min_notional,
            maker_fee=market.maker_fee,
            taker_fee=market.taker_fee,
        ),
        plan=Plan(quote_per_entry=1.0),
        capital=Decimal(0),
        config_version=0,
        limits=Limits(),
    )
