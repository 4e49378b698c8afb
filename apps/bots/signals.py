"""Strategies' verdicts as rows: who wants which, what was given, what is the newest."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from apps.bots.models import Bot, BotLog
from apps.common.sql import execute, fetch
from apps.trading.bar import timeframe_ms
from apps.trading.events import SignalGiven
from apps.trading.signals import signal_key

WAITING = "waits for "
MARKED_AT_ONCE = 100
"""No journal waits for the rows of a whole fleet."""


@dataclass(frozen=True, slots=True)
class Wish:
    """One evaluation: everything a verdict depends on, and the bots that want it."""

    market_id: UUID
    timeframe: str
    strategy: str
    parameter_hash: str
    parameters: Mapping[str, Any]
    bot_ids: tuple[UUID, ...]


_WISHES = """
SELECT b.market_id, b.timeframe, b.strategy, c.parameter_hash, min(c.parameters::text),
       array_agg(b.id ORDER BY b.number)
FROM bots_bot b JOIN bots_botconfiguration c ON c.id = b.config_id
WHERE b.kind = %(kind)s AND b.desired_status = %(desired)s
    AND (%(markets)s::uuid[] IS NULL OR EXISTS (
        SELECT 1 FROM unnest(%(markets)s::uuid[], %(timeframes)s::text[]) AS closed (id, timeframe)
        WHERE closed.id = b.market_id AND closed.timeframe = b.timeframe))
GROUP BY b.market_id, b.timeframe, b.strategy, c.parameter_hash
ORDER BY min(b.number)
"""


def wishes(*, closed: Collection[tuple[UUID, str]] | None = None) -> list[Wish]:
    """Each distinct (market, timeframe, strategy, parameters) of bots that are to trade, once.

    `closed`: only those of these markets and timeframes.
    """
    pairs = None if closed is None else list(closed)
    rows = fetch(
        _WISHES,
        {
            "kind": Bot.Kind.TRADING,
            "desired": Bot.Desired.RUNNING,
            "markets": None if pairs is None else [market_id for market_id, _ in pairs],
            "timeframes": None if pairs is None else [timeframe for _, timeframe in pairs],
        },
    )
    return [
        Wish(market_id, timeframe, strategy, parameters, orjson.loads(values), tuple(bots))
        for market_id, timeframe, strategy, parameters, values, bots in rows
    ]


def store_signal(
    *,
    wish: Wish,
    bar_open_at: int,
    bits: int,
    strength: float,
    inputs: Mapping[str, float],
    reason: str = "",
) -> bool:
    """Keep a verdict under its key; False when it was there already."""
    inserted = execute(
        "INSERT INTO bots_signal (market_id, strategy, parameter_hash, timeframe, bar_open_ms,"
        " bits, strength, inputs, reason) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"
        " ON CONFLICT DO NOTHING",
        [
            wish.market_id,
            wish.strategy,
            wish.parameter_hash,
            wish.timeframe,
            bar_open_at,
            bits,
            strength,
            orjson.dumps(dict(inputs)).decode(),
            reason,
        ],
    )
    return inserted == 1


def mark_checked(*, bot_ids: Sequence[UUID]) -> None:
    """The bots' signals were evaluated now, whatever came of it; none of them waits any more."""
    wanted = sorted(bot_ids)
    for first in range(0, len(wanted), MARKED_AT_ONCE):
        # By id, as every append locks its bots: two orders of locking would deadlock.
        execute(
            "UPDATE bots_bot SET last_signal_check = now(), status_reason = CASE"
            " WHEN observed_status = 'RUNNING' AND status_reason LIKE %s THEN 'trades'"
            " ELSE status_reason END WHERE id IN ("
            "SELECT id FROM bots_bot WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE)",
            [f"{WAITING}%", wanted[first : first + MARKED_AT_ONCE]],
        )


def say_waiting(*, bot_ids: Sequence[UUID], what: str) -> None:
    """Show what the bots cannot be judged without; their log tells it once."""
    words = f"{WAITING}{what}"
    told = fetch(
        "UPDATE bots_bot b SET status_reason = %(words)s FROM ("
        " SELECT id, status_reason AS before FROM bots_bot WHERE id = ANY(%(bots)s)"
        " AND observed_status = 'RUNNING' AND status_reason <> %(words)s"
        " ORDER BY id FOR NO KEY UPDATE) was WHERE b.id = was.id RETURNING b.id, was.before",
        {"words": words, "bots": list(bot_ids)},
    )
    BotLog.objects.bulk_create(
        BotLog(bot_id=bot_id, level=BotLog.Level.INFO, message=words)
        for bot_id, before in told
        if not before.startswith(WAITING)
    )


_LATEST = """
SELECT b.id, m.symbol, b.timeframe, b.strategy, s.parameter_hash, s.bar_open_ms, s.bits,
       s.strength, s.inputs, s.reason
FROM bots_bot b
JOIN bots_botconfiguration c ON c.id = b.config_id
JOIN markets_market m ON m.id = b.market_id
JOIN LATERAL (
    SELECT * FROM bots_signal
    WHERE market_id = b.market_id AND strategy = b.strategy AND timeframe = b.timeframe
        AND parameter_hash = c.parameter_hash
    ORDER BY bar_open_ms DESC LIMIT 1
) s ON true
WHERE b.id = ANY(%s)
"""


def latest_signals(*, bot_ids: Sequence[UUID]) -> dict[UUID, SignalGiven]:
    """The newest verdict for each bot that has one; a runner ignores one it has acted on."""
    return {row[0]: _signal(*row[1:]) for row in fetch(_LATEST, [list(bot_ids)])}


def _signal(
    symbol: str,
    timeframe: str,
    strategy: str,
    parameter_hash: str,
    bar_open_at: int,
    bits: int,
    strength: float,
    inputs: str,
    reason: str,
) -> SignalGiven:
    return SignalGiven(
        key=signal_key(
            market=symbol,
            timeframe=timeframe,
            strategy=strategy,
            parameter_hash=parameter_hash,
            bar_open_at=bar_open_at,
        ),
        bar_open_at=bar_open_at,
        bits=bits,
        strength=strength,
        inputs=orjson.loads(inputs),
        closed_at=bar_open_at + timeframe_ms(timeframe),
        reason=reason,
    )
