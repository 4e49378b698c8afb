"""Snapshots of bots in Redis: they shorten a start, and are never the only copy of anything."""

import asyncio
import hashlib
import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any
from uuid import UUID

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from apps.trading.past import Snapshot, Stamp

logger = logging.getLogger(__name__)

ANSWER_S = 0.25
ALLOWANCE_S = 0.3
"""Waiting for Redis may cost all starts of a process this much within `WINDOW_S`."""
WINDOW_S = 10.0
QUICK_S = 0.02
"""An answer this soon costs nothing of the allowance."""
KEPT_S = 7 * 24 * 3600
BATCH = 100

# An older snapshot never replaces a newer one, whoever comes late.
_WRITE = """
local held = redis.call('HGET', KEYS[1], 'seq')
if held and tonumber(held) >= tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'seq', ARGV[1], 'stamp', ARGV[2], 'state', ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[4])
return 1
"""


class Damaged(ValueError):
    """What Redis holds is not a snapshot that was written here."""


class Snapshots:
    """One process's way to the snapshots, on a thread of its own.

    Packing and sockets stay off the event loop, and a busy loop does not look like a slow Redis.
    """

    def __init__(self, url: str, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._redis = Redis.from_url(
            url,
            socket_timeout=ANSWER_S,
            socket_connect_timeout=ANSWER_S,
            retry=Retry(NoBackoff(), 0),
        )
        self._write = self._redis.register_script(_WRITE)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="snapshots")
        self._monotonic = monotonic
        self._spent_s = 0.0
        self._spent_since = monotonic()
        self._asked: dict[UUID, asyncio.Future[Snapshot | None]] = {}
        self._reader: asyncio.Task[None] | None = None

    async def read(self, *, bot_id: UUID) -> Snapshot | None:
        """None when there is none, it is damaged, or Redis is too slow to be worth asking.

        Bots that start together are asked for together.
        """
        if bot_id not in self._asked:
            self._asked[bot_id] = asyncio.get_running_loop().create_future()
        answer = self._asked[bot_id]
        if self._reader is None or self._reader.done():
            self._reader = asyncio.create_task(self._read_batches(), name="read snapshots")
        return await answer

    async def write(self, snapshots: Mapping[UUID, Snapshot]) -> bool:
        """Keep those that are newer than what is kept; False when Redis did not answer."""
        return await self._on_thread(self._write_all, snapshots) is not None

    async def drop(self, *, bot_id: UUID) -> None:
        """Forget a snapshot that is not of use; later ones must not have to outgrow it."""
        await self._on_thread(self._redis.delete, key_of(bot_id))

    def close(self) -> None:
        self._thread.shutdown(wait=True)
        self._redis.close()

    # ---- on the loop ---------------------------------------------------------------------------

    async def _read_batches(self) -> None:
        while self._asked:
            batch = dict(list(self._asked.items())[:BATCH])
            for bot_id in batch:
                del self._asked[bot_id]
            found = await self._on_thread(self._fetch, list(batch))
            for bot_id, answer in batch.items():
                if not answer.done():
                    answer.set_result(None if found is None else found.get(bot_id))

    async def _on_thread(self, call: Callable[..., Any], *given: Any) -> Any:
        """The answer; None when Redis fails, or has used up what may be waited for it."""
        now = self._monotonic()
        if now - self._spent_since > WINDOW_S:
            self._spent_s, self._spent_since = 0.0, now
        left_s = ALLOWANCE_S - self._spent_s
        if left_s <= 0:
            return None
        asked = asyncio.get_running_loop().run_in_executor(self._thread, self._timed, call, *given)
        # Not a time-out: a loop that was busy elsewhere takes an answer that is there by now.
        await asyncio.wait([asked], timeout=left_s)
        answer, took_s = asked.result() if asked.done() else (None, left_s)
        if answer is None:
            # One failure is enough: until the window is over nobody waits again.
            self._spent_s = ALLOWANCE_S
        elif took_s > QUICK_S:
            self._spent_s += took_s
        return answer

    # ---- on the thread -------------------------------------------------------------------------

    def _timed(self, call: Callable[..., Any], *given: Any) -> tuple[Any, float]:
        began = self._monotonic()
        try:
            answer = call(*given)
        except (RedisError, OSError) as trouble:
            logger.warning("snapshots are left out for a while: %s", trouble)
            answer = None
        return answer, self._monotonic() - began

    def _fetch(self, bot_ids: Sequence[UUID]) -> dict[UUID, Snapshot]:
        pipe = self._redis.pipeline(transaction=False)
        for bot_id in bot_ids:
            pipe.hmget(key_of(bot_id), ["stamp", "state"])
        found: dict[UUID, Snapshot] = {}
        for bot_id, (stamp, state) in zip(bot_ids, pipe.execute(), strict=True):
            if stamp is None and state is None:
                continue
            try:
                found[bot_id] = unpacked(stamp, state)
            except Damaged as damage:
                logger.warning("snapshot of bot %s dropped: %s", bot_id, damage)
                self._redis.delete(key_of(bot_id))
        return found

    def _write_all(self, snapshots: Mapping[UUID, Snapshot]) -> int:
        pipe = self._redis.pipeline(transaction=False)
        for bot_id, snapshot in snapshots.items():
            stamp, state = packed(snapshot)
            self._write(
                keys=[key_of(bot_id)], args=[snapshot.stamp.seq, stamp, state, KEPT_S], client=pipe
            )
        return sum(pipe.execute())


def key_of(bot_id: UUID) -> str:
    return f"flotilla:snapshot:{bot_id}"


def packed(snapshot: Snapshot) -> tuple[bytes, bytes]:
    """(stamp, state) as they are stored; the stamp carries a digest of both."""
    stamp = asdict(snapshot.stamp)
    digest = _digest(stamp, snapshot.state)
    return json.dumps({**stamp, "digest": digest}).encode(), snapshot.state


def unpacked(stamp: bytes | None, state: bytes | None) -> Snapshot:
    """Damaged unless both are exactly what `packed` made."""
    try:
        values = json.loads(stamp or b"")
        digest = values.pop("digest")
        made = Snapshot(Stamp(**values), bytes(state or b""))
    except (ValueError, TypeError, KeyError, AttributeError):
        raise Damaged("it cannot be read") from None
    if digest != _digest(values, made.state):
        raise Damaged("its bytes have changed")
    return made


def _digest(stamp: Mapping[str, Any], state: bytes) -> str:
    text = json.dumps(stamp, sort_keys=True).encode()
    return hashlib.blake2b(text + b"\n" + state, digest_size=16).hexdigest()
