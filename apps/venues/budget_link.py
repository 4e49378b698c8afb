"""One process's way to the budgets in Redis: what is asked in one moment goes in one message."""

import asyncio
import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError

from apps.trading.ports import Clock

logger = logging.getLogger(__name__)

# A request must not wait longer for its budget than for its answer.
ANSWER_S = 0.25
TRY_AGAIN_S = 1.0
NET_S = 5.0
CONNECTIONS = 2
MOST_AT_ONCE = 200
# A time-out that fires so late was held up by our own event loop, and what it waited for as well:
# it counts for nothing, but for so many times in a row.
LATE_S = 0.05
MOST_WAITS = 4


def budget_connection(url: str) -> Any:
    """The client for one link, which times answers itself: the client's own limits are a net."""
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=CONNECTIONS,
        timeout=NET_S,
        socket_timeout=NET_S,
        socket_connect_timeout=NET_S,
        retry=Retry(NoBackoff(), 0),
        decode_responses=True,
    )
    return Redis.from_pool(pool)


class Script:
    """A Lua script by its digest."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


@dataclass(slots=True)
class _Question:
    script: Script
    keys: Sequence[str]
    args: Sequence[Any]
    answer: "asyncio.Future[Any]"


class RedisLink:
    """While Redis is gone nobody waits for it: one message a second finds out whether it is back.

    `market_time`: minutes are those of the clock, not of Redis' own time.
    """

    def __init__(self, *, redis: Any, clock: Clock, market_time: bool = False) -> None:
        self._redis = redis
        self._clock = clock
        self._market_time = market_time
        self._waiting: list[_Question] = []
        self._pump: asyncio.Task[None] | None = None
        self._gone_until = 0.0
        self._is_gone = False

    @property
    def is_up(self) -> bool:
        """False from an answer that did not come until one that did."""
        return not self._is_gone

    async def run(self, script: Script, keys: Sequence[str], args: Sequence[Any]) -> Any:
        """The script's answer; None when Redis gives none in time, at once while it is gone."""
        if self._is_gone:
            if self._clock.monotonic() < self._gone_until:
                return None
            # This question finds out; those beside it do not wait for it.
            self._gone_until = self._clock.monotonic() + TRY_AGAIN_S
        now = self._clock.now() if self._market_time else ""
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Question(script, keys, [now, *args], answer))
        if self._pump is None or self._pump.done():
            self._pump = asyncio.create_task(self._serve(), name="request budget link")
        return await answer

    async def _serve(self) -> None:
        while self._waiting:
            asked, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
            try:
                answers = await self._ask(asked)
            except (RedisError, OSError, TimeoutError) as trouble:
                self._lost(trouble)
                asked, self._waiting = asked + self._waiting, []
                answers = [None] * len(asked)
            else:
                self._found()
            for question, told in zip(asked, answers, strict=True):
                if not question.answer.done():
                    question.answer.set_result(told)

    async def _ask(self, asked: Sequence[_Question]) -> list[Any]:
        answers = await self._send(asked)
        unknown = {q.script for q, told in zip(asked, answers, strict=True) if _is_unknown(told)}
        if unknown:
            # A Redis that was restarted or emptied has lost the scripts as well.
            for script in sorted(unknown, key=lambda each: each.digest):
                await _in_time(self._redis.script_load(script.text))
            again = [n for n, told in enumerate(answers) if _is_unknown(told)]
            for n, told in zip(again, await self._send([asked[n] for n in again]), strict=True):
                answers[n] = told
        for told in answers:
            if isinstance(told, Exception):
                raise told
        return answers

    async def _send(self, asked: Sequence[_Question]) -> list[Any]:
        pipe = self._redis.pipeline(transaction=False)
        for question in asked:
            pipe.evalsha(question.script.digest, len(question.keys), *question.keys, *question.args)
        answers: list[Any] = await _in_time(pipe.execute(raise_on_error=False))
        return answers

    def _lost(self, trouble: BaseException) -> None:
        self._gone_until = self._clock.monotonic() + TRY_AGAIN_S
        if not self._is_gone:
            self._is_gone = True
            logger.warning("request budget: own share only, Redis: %s", type(trouble).__name__)

    def _found(self) -> None:
        if self._is_gone:
            self._is_gone = False
            logger.info("request budget: shared again")


async def _in_time(asking: Any) -> Any:
    """Its result; TimeoutError when it has none after ANSWER_S."""
    task = asyncio.ensure_future(asking)
    now = asyncio.get_running_loop().time
    try:
        for _ in range(MOST_WAITS):
            began = now()
            await asyncio.wait([task], timeout=ANSWER_S)
            if task.done():
                return task.result()
            if now() - began < ANSWER_S + LATE_S:
                break
        raise TimeoutError
    finally:
        if not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def _is_unknown(told: Any) -> bool:
    return isinstance(told, NoScriptError)
