"""The request budget shared by every process behind one address, kept in Redis."""

import logging
from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from apps.trading.ports import Clock, Lane
from apps.venues.budget import BLURRED_MS, WINDOW_MS, MemoryBudget, ceiling

logger = logging.getLogger(__name__)

# A request must not wait longer for its budget than for its answer.
ANSWER_S = 0.3
TRY_AGAIN_S = 1.0
CONNECTIONS = 4

# KEYS[1] hash {window, used, silent}; ARGV: now ms or "", window ms, then per call.
# The server's own time keeps hosts with different clocks in one minute.
_TURN = """
local now = tonumber(ARGV[1])
if not now then
  local t = redis.call('TIME')
  now = t[1] * 1000 + math.floor(t[2] / 1000)
end
local length = tonumber(ARGV[2])
local window = math.floor(now / length)
local kept = redis.call('HMGET', KEYS[1], 'window', 'used', 'silent')
local used = 0
if tonumber(kept[1]) == window then used = tonumber(kept[2]) or 0 end
local silent = tonumber(kept[3]) or 0
"""
_KEEP = """
redis.call('HSET', KEYS[1], 'window', window, 'used', used, 'silent', silent)
redis.call('PEXPIRE', KEYS[1], math.max(2 * length, silent - now + length))
"""
ACQUIRE = (
    _TURN
    + """
local weight, top = tonumber(ARGV[3]), tonumber(ARGV[4])
if now < silent then return silent - now end
if used > 0 and used + weight > top then return length - now % length end
used = used + weight
"""
    + _KEEP
    + "return 0"
)
LEARN = (
    _TURN
    + """
local told, wait, blurred = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
if told >= 0 and now % length >= blurred then used = math.max(used, told) end
if wait > 0 then silent = math.max(silent, now + wait) end
"""
    + _KEEP
    + "return 0"
)


def budget_connection(url: str) -> Any:
    """A Redis client that answers soon or fails; one per event loop is enough."""
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=CONNECTIONS,
        timeout=ANSWER_S,
        socket_timeout=ANSWER_S,
        socket_connect_timeout=ANSWER_S,
        retry=Retry(NoBackoff(), 0),
        decode_responses=True,
    )
    return Redis.from_pool(pool)


class RedisBudget:
    """The shared budget; while Redis is gone, this process's equal part of it.

    `clock` only paces the fallback; `market_time` makes the minutes the clock's own, for runs
    whose time is not the real one.
    """

    def __init__(
        self,
        *,
        redis: Any,
        key: str,
        limit: int,
        processes: int,
        clock: Clock,
        market_time: bool = False,
    ) -> None:
        self._acquire = redis.register_script(ACQUIRE)
        self._learn = redis.register_script(LEARN)
        self._key = key
        self._limit = limit
        self._clock = clock
        self._market_time = market_time
        self._local = MemoryBudget(limit=max(1, limit // max(1, processes)), clock=clock)
        self._gone_until = 0.0

    @property
    def is_shared(self) -> bool:
        """False while Redis does not answer."""
        return self._clock.monotonic() >= self._gone_until

    async def acquire(self, *, lane: Lane, weight: int) -> float:
        """Take `weight` now and return 0.0, or return the seconds to wait first."""
        args = (weight, ceiling(self._limit, lane))
        wait_ms = await self._run(self._acquire, *args)
        if wait_ms is None:
            return self._local.take(lane=lane, weight=weight)
        return float(wait_ms) / 1000

    async def learn(self, *, used: int | None, retry_after_s: float, banned: bool) -> None:
        """What the venue's answer said; a silence is kept here too, should Redis go."""
        self._local.note(used=None, retry_after_s=retry_after_s)
        told = -1 if used is None else used
        await self._run(self._learn, told, int(retry_after_s * 1000), BLURRED_MS)

    async def _run(self, script: Any, *args: int) -> Any:
        """The script's answer; None when Redis did not give one."""
        if not self.is_shared:
            return None
        now = self._clock.now() if self._market_time else ""
        try:
            return await script(keys=[self._key], args=[now, WINDOW_MS, *args])
        except (RedisError, OSError, TimeoutError) as trouble:
            self._gone_until = self._clock.monotonic() + TRY_AGAIN_S
            logger.warning("request budget: own share only, Redis: %s", type(trouble).__name__)
            return None
