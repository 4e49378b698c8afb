"""Group commit: the appends of all bots of a process share transactions."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from apps.trading.events import IntentPlanned, OrderSending
from apps.trading.journal import Append, AppendResult
from workers.ports import StoreUnavailable

SENDS_AT_ONCE = 50
"""Events: so that the orders of one group leave while those of the next are stored."""

Commit = Callable[[Sequence[Append]], Awaitable[Sequence[AppendResult]]]


class Writer:
    """Commits the appends of one turn of the loop as one, at most `most_events` at a time.

    One commit is under way at a time; what arrives meanwhile forms the next one, so the busier
    the database the larger the groups, and nobody waits for company while it is idle. When the
    database is away every append of a group fails alike; an error of one append fails that one.
    """

    def __init__(self, *, commit: Commit, most_events: int = 200) -> None:
        self._commit = commit
        self._most_events = most_events
        self._waiting: list[tuple[Append, asyncio.Future[AppendResult]]] = []
        self._pump: asyncio.Task[None] | None = None

    async def append(self, append: Append) -> AppendResult:
        """The verdict on this append once its group is committed."""
        verdict: asyncio.Future[AppendResult] = asyncio.get_running_loop().create_future()
        self._waiting.append((append, verdict))
        if self._pump is None or self._pump.done():
            self._pump = asyncio.create_task(self._commit_groups(), name="writer")
        return await verdict

    async def _commit_groups(self) -> None:
        while self._waiting:
            # Whom the last commit has woken gets to say what follows from it.
            await asyncio.sleep(0)
            await self._commit_one(self._next_group())

    def _next_group(self) -> list[tuple[Append, asyncio.Future[AppendResult]]]:
        """The oldest appends up to the limit, at most one of each bot."""
        group: list[tuple[Append, asyncio.Future[AppendResult]]] = []
        later: list[tuple[Append, asyncio.Future[AppendResult]]] = []
        bots: dict[object, None] = {}
        events = 0
        for waiting in self._waiting:
            append = waiting[0]
            full = events and events + len(append.events) > self._most_events
            if full or append.bot_id in bots:
                later.append(waiting)
            else:
                events += len(append.events)
                group.append(waiting)
            # Nor may a bot's second append overtake its first that did not fit.
            bots[append.bot_id] = None
        self._waiting = later
        return group

    async def _commit_one(
        self, group: Sequence[tuple[Append, asyncio.Future[AppendResult]]]
    ) -> None:
        try:
            results = await self._commit([append for append, _ in group])
        except Exception as error:
            if len(group) > 1 and not isinstance(error, StoreUnavailable):
                # Nothing of it was stored. What one bot brought on must not end the others.
                for one in group:
                    await self._commit_one([one])
                return
            for _, verdict in group:
                if not verdict.done():
                    verdict.set_exception(error)
            return
        for (_, verdict), result in zip(group, results, strict=True):
            if not verdict.done():
                verdict.set_result(result)


class Lanes:
    """Two writers: what must be stored before an order may leave never waits for facts to be.

    A bot appends one thing after another, so nothing of one bot is ever under way in both.
    """

    def __init__(self, *, commit: Commit) -> None:
        self._sends = Writer(commit=commit, most_events=SENDS_AT_ONCE)
        self._facts = Writer(commit=commit)

    async def append(self, append: Append) -> AppendResult:
        """The verdict on this append once its group is committed."""
        sends = any(isinstance(event, IntentPlanned | OrderSending) for event in append.events)
        return await (self._sends if sends else self._facts).append(append)
