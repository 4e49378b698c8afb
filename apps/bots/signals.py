"""Strategies' verdicts as rows: who wants which, what was given, what is the newest."""

from collections.abc import Mapping, Sequence
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


@dataclass(frozen=True, slots=True)
class Wish:
    """One evaluation: everything a verdict depends on, and the bots that want it."""

    market_id: UUID
    timeframe: str
    strategy: str
    parameter_hash: str
    parameters: Mapping[str, Any]
    bot_ids: tuple[UUID, ...]


def wishes(*, market_id: UUID | None = None, timeframe: str | None = None) -> list[Wish]:
    """Each distinct (market, timeframe, strategy, parameters) of bots that are to trade, once."""
    bots = Bot.objects.filter(kind=Bot.Kind.TRADING, desired_status=Bot.Desired.RUNNING)
    if market_id is not None:
        bots = bots.filter(market_id=market_id)
    if timeframe is not None:
        bots = bots.filter(timeframe=timeframe)
    found: dict[tuple[UUID, str, str, str], list[Bot]] = {}
    wanted: dict[tuple[UUID, str, str, str], Mapping[str, Any]] = {}
    for bot in bots.select_related("config").order_by("number"):
        config = bot.config
        if config is None:
            continue
        key = (bot.market_id, bot.timeframe, bot.strategy, config.parameter_hash)
        wanted.setdefault(key, config.parameters)
        found.setdefault(key, []).append(bot)
    return [Wish(*key, wanted[key], tuple(bot.id for bot in group)) for key, group in found.items()]


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
    """The bots' signals were evaluated now, whatever came of it; none of them waits for bars."""
    # By id, as every append locks its bots: two orders of locking would deadlock.
    execute(
        "UPDATE bots_bot SET last_signal_check = now(), status_reason = CASE"
        " WHEN observed_status = 'RUNNING' AND status_reason LIKE %s THEN 'trades'"
        " ELSE status_reason END WHERE id IN ("
        "SELECT id FROM bots_bot WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE)",
        [f"{WAITING}% more bar%", list(bot_ids)],
    )


def say_waiting(*, bot_ids: Sequence[UUID], bars: int) -> None:
    """Show that the bots cannot be judged before so many more bars; their log tells it once."""
    words = f"{WAITING}{bars} more bar{'s' if bars > 1 else ''} before its first signal"
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
