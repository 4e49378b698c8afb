"""The threads in which a process's bots park, begun before the messages come that need them."""

import threading
from concurrent.futures import Executor


def begin_threads(executor: Executor, *, count: int) -> None:
    """So many that wait for work.

    While nobody computes a thread begins in a fifth of a millisecond. Amid a thousand bots that
    start, whoever takes their messages would wait ten times as long for each.
    """
    everyone = threading.Event()
    for _ in range(count):
        executor.submit(everyone.wait)
    everyone.set()
