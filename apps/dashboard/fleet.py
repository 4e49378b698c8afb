"""The fleet page: which bots, in which order, one page of their rows, and counts over all."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from apps.accounts.models import User
from apps.bots.models import Bot
from apps.bots.visible import bots_of
from apps.common.access import is_admin
from apps.dashboard.rows import Row, row_of, status_words
from apps.ledger.profit import Figures, bot_figures
from apps.ledger.unprotected import unprotected
from apps.operations.health import living_processes

PAGE_ROWS = 100
"""Pages are made on the server: a thousand rows are ten quick pages that a browser patches with
ease, sorted and searched over all of them, and they work without a script."""

Key = Callable[[Bot, Figures], Any]
SORTS: dict[str, Key] = {
    "number": lambda bot, _: bot.number,
    "name": lambda bot, _: bot.name.casefold(),
    "market": lambda bot, _: (bot.market.symbol, bot.number),
    "account": lambda bot, _: (bot.account.name.casefold(), bot.number),
    "status": lambda bot, _: (bot.observed_status, bot.number),
    "position": lambda _, figures: figures.value or 0,
    "unrealised": lambda _, figures: figures.net_unrealised,
    "realised": lambda _, figures: figures.net_realised,
    "today": lambda _, figures: figures.today.pnl,
    "total": lambda _, figures: figures.change,
    "heartbeat": lambda bot, _: _moment(bot.heartbeat_at),
    "signal": lambda bot, _: _moment(bot.last_signal_check),
}
STATES = ("running", "paused", "stopped", "trouble")


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asked the page for."""

    search: str = ""
    state: str = ""
    sort: str = "number"
    page: int = 1

    @property
    def column(self) -> str:
        return self.sort.lstrip("-")

    @property
    def descending(self) -> bool:
        return self.sort.startswith("-")

    @classmethod
    def of(cls, given: Any) -> "Wish":
        """From a query string; what it cannot mean is left out."""
        sort = str(given.get("sort", ""))
        page = str(given.get("page", ""))[:6]
        return cls(
            search=str(given.get("q", "")).strip()[:100],
            state=given.get("state", "") if given.get("state") in STATES else "",
            sort=sort if sort.removeprefix("-") in SORTS else "number",
            page=max(1, int(page)) if page.isascii() and page.isdigit() else 1,
        )


@dataclass(slots=True)
class Fleet:
    """One page of rows. `counts` are over every bot the person sees."""

    rows: list[Row]
    found: int
    page: int
    pages: int
    counts: dict[str, int]
    figures: dict[UUID, Figures]
    bots: list[Bot] = field(default_factory=list)

    @property
    def first(self) -> int:
        return (self.page - 1) * PAGE_ROWS + 1 if self.rows else 0

    @property
    def last(self) -> int:
        return (self.page - 1) * PAGE_ROWS + len(self.rows)


def seen_bots(*, user: User) -> QuerySet[Bot]:
    """The bots a person sees here, admins everybody's, without their plans."""
    rows = bots_of(user=user, everybody=True)
    # Many bots share few of these: fetched once each instead of once per bot.
    return rows.select_related(None).prefetch_related("account", "market", "user")


def read_fleet(*, user: User, wish: Wish) -> Fleet:
    """The page a person asked for; a page past the end is the last one."""
    bots = list(seen_bots(user=user).order_by("number"))
    figures = bot_figures(bot.pk for bot in bots)
    rows = _rows(bots, figures)
    matching = [row for row in rows if _matches(row, wish, everybody=is_admin(user))]
    key = SORTS[wish.column]
    matching.sort(key=lambda row: key(row.bot, row.figures), reverse=wish.descending)
    pages = max(1, -(-len(matching) // PAGE_ROWS))
    page = min(wish.page, pages)
    return Fleet(
        rows=matching[(page - 1) * PAGE_ROWS : page * PAGE_ROWS],
        found=len(matching),
        page=page,
        pages=pages,
        counts=_counts(rows),
        figures=figures,
        bots=bots,
    )


def rows_by_id(ids: Sequence[UUID], *, told: dict[UUID, str] | None = None) -> list[Row]:
    """Rows of bots, whoever looks; `told`: statuses newer than the stored ones."""
    bots = Bot.objects.filter(pk__in=ids).select_related("account", "market", "user")
    return rows_of(list(bots), told=told)


def rows_of(bots: Sequence[Bot], *, told: dict[UUID, str] | None = None) -> list[Row]:
    """Rows as of now."""
    return _rows(bots, bot_figures(bot.pk for bot in bots), told=told)


def _rows(
    bots: Sequence[Bot], figures: dict[UUID, Figures], *, told: dict[UUID, str] | None = None
) -> list[Row]:
    now, alive = timezone.now(), bool(living_processes())
    holding = [bot_id for bot_id, each in figures.items() if each.quantity > 0]
    reasons = unprotected(bot_ids=holding) if holding else {}
    heard = told or {}
    return [
        row_of(
            bot=bot,
            figures=figures[bot.pk],
            now=now,
            workers_alive=alive,
            unprotected=reasons.get(bot.pk, ""),
            told=heard.get(bot.pk, ""),
        )
        for bot in bots
    ]


def _matches(row: Row, wish: Wish, *, everybody: bool) -> bool:
    if wish.state and wish.state not in _states(row):
        return False
    bot = row.bot
    words = [str(bot.number), bot.name, bot.market.symbol, bot.strategy, bot.timeframe]
    words += [bot.account.name, bot.account.environment, status_words(bot), row.trouble, row.waits]
    if everybody:
        words.append(bot.user.username)
    text = " ".join(words).casefold()
    return all(part in text for part in wish.search.casefold().split())


def _states(row: Row) -> set[str]:
    states = {"trouble"} if row.trouble or row.waits else set()
    return states | {row.bot.desired_status.lower()}


def _counts(rows: Sequence[Row]) -> dict[str, int]:
    counts = dict.fromkeys(STATES, 0)
    for row in rows:
        for state in _states(row):
            counts[state] += 1
    return {"all": len(rows), **counts}


def _moment(moment: datetime | None) -> float:
    return 0.0 if moment is None else moment.timestamp()
