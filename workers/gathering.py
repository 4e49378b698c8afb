"""Questions that many bots ask in the same moment become one question to the database.

A question never joins one that is already under way: its answer must be younger than the asking.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from itertools import islice
from typing import Generic, TypeVar

from workers.ports import StoreUnavailable

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Gathering(Generic[K, V]):
    """One per kind of question, on one event loop. LookupError for a key without an answer."""

    def __init__(
        self,
        *,
        ask: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]],
        most: int = 1_000,
        wait_s: float = 0.0,
    ) -> None:
        """`most`: keys of one question. `wait_s`: how long each question waits for company."""
        self._ask = ask
        self._most = most
        self._wait_s = wait_s
        self._waiting: dict[K, asyncio.Future[V]] = {}
        self._asking: asyncio.Task[None] | None = None

    async def about(self, key: K) -> V:
        """The answer for one key; raises what the question raised."""
        future = self._waiting.get(key)
        if future is None:
            future = asyncio.get_running_loop().create_future()
            self._waiting[key] = future
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask_on(), name="gathered questions")
        # Shielded: one who gives up waiting does not take the answer from the others.
        return await asyncio.shield(future)

    async def _ask_on(self) -> None:
        while self._waiting:
            # At least everybody who is about to ask in this turn of the loop gets to.
            await asyncio.sleep(self._wait_s)
            # The oldest first; those that are too many for one question wait for the next.
            asked = dict(islice(self._waiting.items(), self._most))
            for key in asked:
                del self._waiting[key]
            await self._answer(asked)
        self._asking = None

    async def _answer(self, asked: Mapping[K, asyncio.Future[V]]) -> None:
        try:
            answers = await self._ask(list(asked))
        except Exception as error:
            if len(asked) > 1 and not isinstance(error, StoreUnavailable):
                # What one of them brought on must not keep the others from their answers.
                for key, future in asked.items():
                    await self._answer({key: future})
                return
            for future in asked.values():
                future.set_exception(error)
                # Whoever asked may be gone; then nobody else reads this.
                future.exception()
            return
        for key, future in asked.items():
            if key in answers:
                future.set_result(answers[key])
            else:
                future.set_exception(LookupError(f"there is no answer about {key}"))
                future.exception()
