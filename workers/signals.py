"""Evaluates strategies when bars close: each distinct wish once, for all bots that share it.

Runs on queue `signals` in processes of its own with time limits, because strategies may be the
user's code: an endless loop there stops no bot.
"""

import logging
from uuid import UUID

from django.utils import timezone

from apps.bots import signals as rows
from apps.bots import wakeups
from apps.bots.drafts import known_strategy
from apps.bots.signals import Wish
from apps.common.moments import to_ms
from apps.markets import candles
from apps.markets.models import Market
from apps.trading.bar import timeframe_ms
from apps.trading.signals import to_bits

logger = logging.getLogger(__name__)

LATE_BARS = 2
"""A bar that closed longer ago than this many bars gives no signal: it is news of the past."""


def check_all() -> int:
    """Every wish; the scheduled net under the checks that bar closes ask for."""
    return sum(_check(wish) for wish in rows.wishes())


def check_market(*, market_id: UUID, timeframe: str) -> int:
    """The wishes of one market and timeframe whose bar has just closed."""
    return sum(_check(wish) for wish in rows.wishes(market_id=market_id, timeframe=timeframe))


def _check(wish: Wish) -> int:
    """1 when this gave a new signal. A strategy that fails is logged and spares the others."""
    try:
        return _evaluate(wish)
    except Exception:
        logger.exception("strategy %s failed on %s", wish.strategy, wish.timeframe)
        return 0


def _evaluate(wish: Wish) -> int:
    strategy = known_strategy(name=wish.strategy)
    p = strategy.values(wish.parameters)
    step = timeframe_ms(wish.timeframe)
    now = to_ms(timezone.now())
    memory = max(strategy.memory(p), strategy.warm_up(p) + 1)
    bars = candles.read_bars(
        market=Market(pk=wish.market_id),
        timeframe=wish.timeframe,
        since=now - (memory + LATE_BARS) * step,
        until=now,
    )
    count = len(bars.open_at)
    missing = strategy.warm_up(p) + 1 - count
    if missing > 0:
        rows.say_waiting(bot_ids=wish.bot_ids, bars=missing)
        return 0
    if bars.open_at[-1] + step < now - LATE_BARS * step:
        return 0
    bits = int(to_bits(strategy.signals(bars, p), bars=count)[-1])
    rows.mark_checked(bot_ids=wish.bot_ids)
    if not bits:
        return 0
    inputs = strategy.inputs(bars, p)
    new = rows.store_signal(
        wish=wish,
        bar_open_at=int(bars.open_at[-1]),
        bits=bits,
        strength=float(strategy.signals(bars, p).strength[-1]),
        inputs=inputs,
        reason=strategy.reason(bits=bits, inputs=inputs),
    )
    if new:
        wakeups.wake(bot_ids=wish.bot_ids, kind="signal")
    return int(new)
