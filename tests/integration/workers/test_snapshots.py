"""Snapshots on a real Valkey: the newest wins, damage is noticed, nobody waits for a dead one."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID, uuid4

import pytest
from redis import Redis

from apps.trading.past import Snapshot, Stamp
from workers.snapshots import ALLOWANCE_S, WINDOW_S, Snapshots, key_of

pytestmark = pytest.mark.servers


@contextmanager
def snapshots_at(url: str, **how: object) -> Iterator[Snapshots]:
    made = Snapshots(url, **how)  # type: ignore[arg-type]
    try:
        yield made
    finally:
        made.close()


def taken(seq: int, state: bytes = b"state \x00\xff", fence: int = 3) -> Snapshot:
    return Snapshot(Stamp(seq, fence, 2, "a process"), state)


async def test_what_was_written_is_read_back_byte_for_byte(redis_url: str) -> None:
    bot, other = uuid4(), uuid4()
    with snapshots_at(redis_url) as snapshots:
        assert await snapshots.write({bot: taken(7)})

        assert await snapshots.read(bot_id=bot) == taken(7)
        assert await snapshots.read(bot_id=other) is None


async def test_an_older_snapshot_never_replaces_a_newer_one(redis_url: str) -> None:
    bot = uuid4()
    with snapshots_at(redis_url) as snapshots, snapshots_at(redis_url) as late:
        await snapshots.write({bot: taken(8, fence=4)})

        await late.write({bot: taken(7)})
        await late.write({bot: taken(8, b"same row, another state")})

        assert await snapshots.read(bot_id=bot) == taken(8, fence=4)


async def test_a_dropped_snapshot_need_not_be_outgrown(redis_url: str) -> None:
    bot = uuid4()
    with snapshots_at(redis_url) as snapshots:
        await snapshots.write({bot: taken(900)})

        await snapshots.drop(bot_id=bot)
        await snapshots.write({bot: taken(8)})

        assert await snapshots.read(bot_id=bot) == taken(8)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("state", b"state \x00\xfe"),
        ("state", b""),
        ("stamp", b"{}"),
        ("stamp", b"[]"),
        ("stamp", b'{"seq": 9, "fence": 3, "started_seq": 2, "process_id": "p", "digest": "x"}'),
    ],
)
async def test_a_damaged_snapshot_is_dropped(redis_url: str, field: str, value: bytes) -> None:
    bot = uuid4()
    with snapshots_at(redis_url) as snapshots, Redis.from_url(redis_url) as redis:
        await snapshots.write({bot: taken(7)})
        redis.hset(key_of(bot), field, value)  # type: ignore[arg-type]

        assert await snapshots.read(bot_id=bot) is None
        assert not redis.exists(key_of(bot))


async def test_many_bots_that_start_together_are_read_together(redis_url: str) -> None:
    bots: list[UUID] = [uuid4() for _ in range(250)]
    with snapshots_at(redis_url) as snapshots:
        await snapshots.write({bot: taken(seq) for seq, bot in enumerate(bots, 1)})
        found = [snapshots.read(bot_id=bot) for bot in bots]

        seqs = [one.stamp.seq for task in found if (one := await task) is not None]

        assert seqs == list(range(1, 251))


@contextmanager
def silent_server() -> Iterator[str]:
    """Takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        held: list[socket.socket] = []

        def accept() -> None:
            while True:
                try:
                    held.append(server.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"
        server.shutdown(socket.SHUT_RDWR)
        for one in held:
            one.close()


async def test_a_redis_that_does_not_answer_is_waited_for_once_by_all_starts_together() -> None:
    with silent_server() as url, snapshots_at(url) as snapshots:
        began = time.monotonic()
        for _ in range(50):
            assert await snapshots.read(bot_id=uuid4()) is None
        took_s = time.monotonic() - began

        # Far below what two waits in a row would take, however slow the machine is.
        assert took_s < 2 * ALLOWANCE_S
        assert not await snapshots.write({uuid4(): taken(1)})


async def test_a_redis_that_is_back_is_asked_again_after_a_while(redis_url: str) -> None:
    now, bot = 100.0, uuid4()
    with snapshots_at(redis_url, monotonic=lambda: now) as snapshots:
        await snapshots.write({bot: taken(7)})
        snapshots._spent_s = ALLOWANCE_S

        assert await snapshots.read(bot_id=bot) is None
        now += WINDOW_S + 1

        assert await snapshots.read(bot_id=bot) == taken(7)
