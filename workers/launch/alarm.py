"""Sleep that ends early when a signal arrives."""

import contextlib
import select
import signal
import socket
import time
from collections.abc import Callable, Sequence


class Alarm:
    """Until `listen` it sleeps like any other; after it, every signal wakes it."""

    def __init__(self) -> None:
        self._ends: tuple[socket.socket, socket.socket] | None = None

    def listen(self, *, numbers: Sequence[int], act: Callable[[], None]) -> None:
        """Call `act` on each of these signals, and wake on them and on a child's death."""
        woken, wake = self._ends = socket.socketpair()
        for end in (woken, wake):
            end.setblocking(False)
        signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
        # Python notices a child's death only when somebody handles the signal.
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        for number in numbers:
            signal.signal(number, lambda _number, _frame: act())

    def sleep(self, seconds: float) -> None:
        """Sleep so long, or until a signal."""
        if self._ends is None:
            time.sleep(seconds)
            return
        woken, _ = self._ends
        select.select([woken], [], [], seconds)
        with contextlib.suppress(BlockingIOError):
            while woken.recv(64):
                pass

    def close(self) -> None:
        """Let the sockets go; from now on it sleeps like any other."""
        if self._ends is not None:
            signal.set_wakeup_fd(-1)
            for end in self._ends:
                end.close()
            self._ends = None
