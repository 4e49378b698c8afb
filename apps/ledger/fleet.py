"""Which long-lived duties should run, who runs them, and what their runners report."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import connection, transaction
from django.db.models import (
    BooleanField,
    Case,
    Count,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.functions import Now

from apps.bots.models import Bot
from apps.common.sql import execute, execute_rows, fetch, unhurried
from apps.ledger.models import BarFeed, Desk
from apps.ledger.standing import standings
from apps.operations.models import Leased, WorkerProcess
from apps.trading.journal import BotAttention
from apps.trading.order import LIVE

BOTS_QUEUE = "bots"
SUPERVISOR_LOCK = 7_304_002
"""Advisory lock: one supervisor sweeps at a time."""

BEATS_AT_ONCE = 100
"""An append of any of these bots waits while they are written."""

DUTIES: dict[str, type[Leased]] = {"desk": Desk, "feed": BarFeed, "bot": Bot}


@dataclass(frozen=True, slots=True)
class WantedDuty:
    """A duty that should run and does not, with the dispatch number last claimed for it.

    `lapsed`: it was sent under that number, and nobody took it in time.
    """

    duty: str
    id: UUID
    dispatch: int
    lapsed: bool = False


@dataclass(frozen=True, slots=True)
class TakenFeed:
    """A bar feed taken by a worker process."""

    feed_id: UUID
    fence: int
    exchange: str
    environment: str
    venue_name: str
    base_url: str


# ---- the supervisor --------------------------------------------------------------------------


def enter_supervision() -> bool:
    """Take the supervisor's lock for this connection; False when another sweep holds it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [SUPERVISOR_LOCK])
        return bool(cursor.fetchone()[0])


def leave_supervision() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(%s)", [SUPERVISOR_LOCK])


def working_bots() -> QuerySet[Bot]:
    """Bots that need a shift: wanted, or not yet seen to have stopped."""
    wanted = ~Q(desired_status=Bot.Desired.STOPPED) | ~Q(observed_status=Bot.Observed.STOPPED)
    return Bot.objects.filter(wanted, kind=Bot.Kind.TRADING)


def ensure_duties() -> None:
    """A desk row for each account and a feed row for each venue that working bots need."""
    working = working_bots().select_related("account")
    for bot in working.filter(account__desk__isnull=True).distinct("account_id"):
        Desk.objects.get_or_create(account=bot.account)
    known = BarFeed.objects.filter(
        exchange=OuterRef("account__exchange"),
        environment=OuterRef("account__environment"),
        venue_name=OuterRef("account__venue_name"),
    )
    for bot in working.filter(~Exists(known)):
        account = bot.account
        BarFeed.objects.get_or_create(
            exchange=account.exchange,
            environment=account.environment,
            venue_name=account.venue_name,
            defaults={"base_url": account.base_url},
        )


def duties_to_dispatch(*, claim_lapses_s: float) -> list[WantedDuty]:
    """Desks and feeds before bots, so that what bots wait for starts first."""
    working = working_bots()
    desks = Desk.objects.filter(Exists(working.filter(account_id=OuterRef("account_id"))))
    feeds = BarFeed.objects.filter(
        Exists(
            working.filter(
                account__exchange=OuterRef("exchange"),
                account__environment=OuterRef("environment"),
                account__venue_name=OuterRef("venue_name"),
            )
        )
    )
    wanted: list[WantedDuty] = []
    for duty, rows in (("desk", desks), ("feed", feeds), ("bot", working)):
        found = rows.filter(_unattended(claim_lapses_s)).order_by("dispatched_at", "pk")
        wanted += [
            WantedDuty(duty, pk, number, lapsed)
            for pk, number, lapsed in found.annotate(lapsed=_never_taken(duty)).values_list(
                "pk", "dispatch_number", "lapsed"
            )
        ]
    return wanted


def _never_taken(duty: str) -> Case:
    """Sent and not taken: a release forgets when a duty was sent, except after an error."""
    sent = Q(process__isnull=True, dispatched_at__isnull=False)
    if duty == "bot":
        sent &= ~Q(observed_status=Bot.Observed.ERROR)
    yes, no = Value(value=True), Value(value=False)
    return Case(When(sent, then=yes), default=no, output_field=BooleanField())


def _unattended(claim_lapses_s: float) -> Q:
    """Nobody alive holds it, and nobody was asked to within the last seconds.

    A claim from before its holder's death was that holder's: it keeps no successor waiting.
    """
    lapsed = Now() - timedelta(seconds=claim_lapses_s)
    return (Q(process__isnull=True) | Q(process__dead=True)) & (
        Q(dispatched_at__isnull=True)
        | Q(dispatched_at__lt=lapsed)
        | Q(process__dead=True, dispatched_at__lt=F("process__ended_at"))
    )


def claim(*, duty: str, id: UUID, dispatch: int) -> int | None:
    """Raise the dispatch number if it still is `dispatch`; the new one, or None."""
    claimed = claim_all(wanted=[WantedDuty(duty, id, dispatch)])
    return claimed[0].dispatch if claimed else None


# Rows are locked by id first, as every append does: two orders of locking would deadlock.
_CLAIM = """
WITH asked (id, dispatch) AS (VALUES %s), held AS (
    SELECT d.{key} AS id FROM {table} d
    JOIN asked a ON d.{key} = a.id AND d.dispatch_number = a.dispatch
    ORDER BY d.{key} FOR NO KEY UPDATE OF d)
UPDATE {table} d SET dispatch_number = d.dispatch_number + 1, dispatched_at = now()
FROM held WHERE d.{key} = held.id RETURNING d.{key}, d.dispatch_number
"""


def claim_all(*, wanted: Sequence[WantedDuty]) -> list[WantedDuty]:
    """Raise the dispatch numbers of those that still have theirs, with the new numbers."""
    claimed: list[WantedDuty] = []
    for duty, model in DUTIES.items():
        asked = [(str(each.id), each.dispatch) for each in wanted if each.duty == duty]
        statement = _CLAIM.format(key=model._meta.pk.column, table=model._meta.db_table)
        rows = execute_rows(statement, asked, template="(%s::uuid, %s::bigint)", answers=True)
        numbers = dict(rows)
        claimed += [
            WantedDuty(duty, each.id, numbers[each.id])
            for each in wanted
            if each.duty == duty and each.id in numbers
        ]
    return claimed


def room_for_bots(*, per_process: int, claim_lapses_s: float) -> tuple[int, int, int]:
    """How many more bots the bots processes may be sent, how many are on their way to them, and
    how many processes there are.

    A bot that was claimed lately and not taken yet has its place already.
    """
    alive = WorkerProcess.objects.filter(dead=False, queue=BOTS_QUEUE).count()
    lapsed = Now() - timedelta(seconds=claim_lapses_s)
    untaken = Q(process__isnull=True) | Q(process__dead=True)
    # What its dead holder was sent was taken: it is not on its way.
    fresh = Q(dispatched_at__gte=lapsed) & (
        Q(process__isnull=True) | Q(dispatched_at__gte=F("process__ended_at"))
    )
    taken, on_their_way = (
        working_bots()
        .aggregate(
            taken=Count("pk", filter=Q(process__dead=False)),
            sent=Count("pk", filter=untaken & fresh),
        )
        .values()
    )
    return max(0, alive * per_process - taken - on_their_way), on_their_way, alive


def unattended_bots() -> int:
    """How many working bots no living process runs."""
    nobody = Q(process__isnull=True) | Q(process__dead=True)
    return working_bots().filter(nobody).count()


def tell_waiting(*, bot_ids: Sequence[UUID], reason: str) -> int:
    """Show on bots that nobody runs what they wait for; how many did not show it before."""
    waiting = Bot.objects.filter(
        Q(process__isnull=True) | Q(process__dead=True), pk__in=bot_ids
    ).exclude(status_reason=reason)
    with transaction.atomic():
        ids = [*waiting.order_by("pk").select_for_update(of=("self",)).values_list("pk", flat=True)]
        return Bot.objects.filter(pk__in=ids).update(status_reason=reason)


# ---- bar feeds -------------------------------------------------------------------------------


def take_feed(*, feed_id: UUID, process_id: UUID, dispatch: int) -> TakenFeed | None:
    """Raise the fence for this process; None when the dispatch is old."""
    with transaction.atomic():
        taken = BarFeed.objects.filter(pk=feed_id, dispatch_number=dispatch).update(
            fence=F("fence") + 1,
            process_id=process_id,
            dispatch_number=F("dispatch_number") + 1,
            status="running",
        )
        if not taken:
            return None
        feed = BarFeed.objects.get(pk=feed_id)
    return TakenFeed(
        feed.id, feed.fence, feed.exchange, feed.environment, feed.venue_name, feed.base_url
    )


def release_feed(*, feed_id: UUID, fence: int) -> None:
    BarFeed.objects.filter(pk=feed_id, fence=fence).update(process=None, status="idle")


def feed_is_mine(*, feed_id: UUID, fence: int) -> bool:
    return BarFeed.objects.filter(pk=feed_id, fence=fence).exists()


@dataclass(frozen=True, slots=True)
class BarNeed:
    """A market and timeframe that a working bot needs, with how many bars it judges by."""

    market_id: UUID
    symbol: str
    timeframe: str
    memory: int


def bar_needs(*, feed_id: UUID) -> list[BarNeed]:
    """The distinct needs of the working bots on the feed's venue."""
    feed = BarFeed.objects.get(pk=feed_id)
    rows = (
        working_bots()
        .filter(
            account__exchange=feed.exchange,
            account__environment=feed.environment,
            account__venue_name=feed.venue_name,
        )
        .values_list("market_id", "market__symbol", "timeframe", "config__bars_needed")
        .distinct()
    )
    return [BarNeed(*row) for row in rows]


# ---- what runners report ---------------------------------------------------------------------


def locate(*, bot_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """The live process of each bot that has one."""
    rows = Bot.objects.filter(pk__in=bot_ids, process__dead=False)
    return dict(rows.values_list("pk", "process_id"))


class Heartbeat(NamedTuple):
    """What a process says of its bot. None leaves a value as it is; times in ms UTC.

    `price_at`: of the last price it holds; `settled`: the newest price (its time and itself),
    signal and closed bar that the bot has dealt with, with nothing left in flight.
    """

    bot_id: UUID
    fence: int
    price_at: int | None
    settled: Sequence[float] | None = None


def beat(*, beats: Sequence[Heartbeat]) -> None:
    """Heartbeats of a process's bots; a moved fence is left alone."""
    ordered = sorted(beats, key=lambda each: each.bot_id)
    for first in range(0, len(ordered), BEATS_AT_ONCE):
        with unhurried():
            _beat(ordered[first : first + BEATS_AT_ONCE])


def _beat(beats: Sequence[Heartbeat]) -> None:
    # Rows are locked by id first, as every append does: two orders of locking would deadlock.
    execute(
        "WITH locked AS ("
        " SELECT b.id, 'epoch'::timestamptz + s.price_ms * interval '1 millisecond' AS price_at,"
        " s.settled::jsonb FROM bots_bot b"
        " JOIN unnest(%s::uuid[], %s::bigint[], %s::bigint[], %s::text[])"
        " AS s (bot_id, fence, price_ms, settled) ON b.id = s.bot_id AND b.fence = s.fence"
        " ORDER BY b.id FOR NO KEY UPDATE OF b)"
        " UPDATE bots_bot SET heartbeat_at = now(),"
        " last_price_at = coalesce(locked.price_at, last_price_at),"
        " settled = coalesce(locked.settled, bots_bot.settled)"
        " FROM locked WHERE bots_bot.id = locked.id",
        [
            [str(each.bot_id) for each in beats],
            [each.fence for each in beats],
            [each.price_at for each in beats],
            [None if each.settled is None else str(list(each.settled)) for each in beats],
        ],
    )


# ---- what runners may have missed --------------------------------------------------------------

_FACTS = """
SELECT DISTINCT v.bot_id FROM ledger_venuefill v
WHERE v.bot_id = ANY(%(bots)s) AND v.bot_seq IS NULL
UNION
SELECT DISTINCT s.bot_id FROM ledger_venueorderstate s
JOIN ledger_order o ON o.client_order_id = s.client_order_id
WHERE s.bot_id = ANY(%(bots)s) AND s.status <> 'open' AND o.status = ANY(%(live)s)
"""


def attention(*, bot_ids: Sequence[UUID]) -> dict[UUID, BotAttention]:
    """For all bots of a process, in two statements."""
    found = standings(bot_ids=bot_ids)
    live = [status.value for status in LIVE]
    waiting = {row[0] for row in fetch(_FACTS, {"bots": list(bot_ids), "live": live})}
    return {bot_id: BotAttention(standing, bot_id in waiting) for bot_id, standing in found.items()}
