"""An event loop on virtual time, whose processes can be killed and stopped at any callback."""

import asyncio
import contextvars
from collections.abc import Callable
from typing import Any

Context = contextvars.Context
WHOSE: contextvars.ContextVar["Process | None"] = contextvars.ContextVar("whose", default=None)


class Process:
    """Everything a coroutine started in `context` does, it does as this process.

    Dead: its callbacks are dropped, nothing of it is cancelled or cleaned up, as by `kill -9`.
    `fuse`: so many callbacks more until it dies by itself.
    """

    def __init__(self) -> None:
        self.dead = False
        self.fuse: int | None = None
        self.context = contextvars.copy_context()
        self.context.run(WHOSE.set, self)
        self._stopped = False
        self._held: list[tuple[Context, Callable[..., object], tuple[Any, ...]]] = []

    def take_turn(
        self, context: Context, callback: Callable[..., object], arguments: tuple[Any, ...]
    ) -> None:
        if self.dead:
            return
        if self._stopped:
            self._held.append((context, callback, arguments))
            return
        if self.fuse is not None:
            self.fuse -= 1
            if self.fuse < 0:
                self.dead = True
                return
        callback(*arguments)

    def stop(self) -> None:
        """As by SIGSTOP: what comes meanwhile waits."""
        self._stopped = True

    def go_on(self, loop: "VirtualLoop") -> None:
        """As by SIGCONT."""
        self._stopped = False
        held, self._held = self._held, []
        for context, callback, arguments in held:
            loop.call_soon(callback, *arguments, context=context)


class Deadlock(RuntimeError):
    """Nobody will ever do anything again."""


class _Leap:
    """Stands where a selector would: instead of waiting, time moves on."""

    def __init__(self, loop: "VirtualLoop") -> None:
        self._loop = loop

    def select(self, timeout: float | None) -> list[Any]:
        if timeout is None:
            raise Deadlock("nothing is scheduled any more")
        self._loop.now += timeout
        return []


class VirtualLoop(asyncio.BaseEventLoop):
    """Seconds pass only by waiting for them, so a minute takes as long as what happens in it."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self._selector = _Leap(self)
        self._clock_resolution = 1e-6

    def time(self) -> float:
        return self.now

    def call_soon(self, callback, *args, context=None):  # type: ignore[no-untyped-def]
        context = context or contextvars.copy_context()
        process = context.get(WHOSE)
        if process is None:
            return super().call_soon(callback, *args, context=context)
        return super().call_soon(process.take_turn, context, callback, args, context=context)

    def call_at(self, when, callback, *args, context=None):  # type: ignore[no-untyped-def]
        context = context or contextvars.copy_context()
        process = context.get(WHOSE)
        if process is None:
            return super().call_at(when, callback, *args, context=context)
        return super().call_at(when, process.take_turn, context, callback, args, context=context)

    def run(self, story: Any) -> Any:
        """Run to the end of `story`; whatever still runs is thrown away, unfinished."""
        try:
            return self.run_until_complete(story)
        finally:
            for task in asyncio.all_tasks(self):
                # A process that was killed never ended its tasks; that is the point.
                task._log_destroy_pending = False  # type: ignore[attr-defined]
                coroutine: Any = task.get_coro()
                coroutine.close()
            self.close()

    def _process_events(self, events: list[Any]) -> None: ...

    def _write_to_self(self) -> None: ...
