"""Threads are begun before their work comes."""

import threading
from concurrent.futures import ThreadPoolExecutor

from workers.pool_threads import begin_threads


def names() -> set[str]:
    return {one.name for one in threading.enumerate() if one.name.startswith("early")}


def test_so_many_threads_run_and_are_free_for_work() -> None:
    with ThreadPoolExecutor(12, thread_name_prefix="early") as executor:
        begin_threads(executor, count=12)
        begun = names()
        everyone = threading.Barrier(12)

        done = [executor.submit(everyone.wait, 30) for _ in range(12)]

        assert sorted(one.result() for one in done) == list(range(12))
        assert len(begun) == 12


def test_nobody_is_awaited_by_no_thread() -> None:
    with ThreadPoolExecutor(12, thread_name_prefix="early") as executor:
        begin_threads(executor, count=0)

        assert names() == set()
