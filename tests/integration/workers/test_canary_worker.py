"""A real worker and its canary: FLUSHALL harms neither, a lost consumer ends the worker."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import Celery
from redis import Redis

from tests.support.exchange import wait_until
from workers.launch.bootstrap import ROOT

pytestmark = pytest.mark.servers

NODE = "canary@test"


@pytest.fixture
def broker(redis_url: str) -> Celery:
    return Celery("asks", broker=redis_url)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "worker.log"


@pytest.fixture
def worker(redis_url: str, tmp_path: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A worker of the control queue; nothing it does here needs the database."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings.embedded",
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "REDIS_URL": redis_url,
        "DJANGO_SECRET_KEY": "only-for-tests",
        "FLOTILLA_STATE_DIR": str(tmp_path / "state"),
        "INSTALLATION_ID": "test",
        "FLOTILLA_LOG_FORMAT": "console",
        "CANARY_EVERY_S": "0.2",
        "CANARY_SILENCE_S": "2",
        "CANARY_REGAIN_S": "2",
    }
    with log.open("ab") as output:
        process = subprocess.Popen(
            [
                sys.executable, "-m", "celery", "-A", "config", "worker", "-Q", "control",
                "-P", "threads", "-c", "2", "-n", NODE, "--without-gossip", "--without-mingle",
            ],
            cwd=ROOT, env=environment, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)


def heard(broker: Celery) -> int:
    """How many of its own messages the worker has taken."""
    stats = broker.control.inspect(destination=[NODE], timeout=1.0).stats() or {}
    return int(stats.get(NODE, {}).get("total", {}).get("workers.canary", 0))


def test_flushall_harms_nothing_and_a_worker_that_lost_its_consumer_ends(
    worker: subprocess.Popen[bytes], broker: Celery, redis_url: str, log: Path
) -> None:
    wait_until(lambda: heard(broker) >= 2, seconds=60, describe=log.read_text)

    with Redis.from_url(redis_url) as redis:
        redis.flushall()
    before = heard(broker)
    wait_until(lambda: heard(broker) >= before + 2, seconds=30, describe=log.read_text)
    assert worker.poll() is None

    queue = f"flotilla.canary.{os.uname().nodename}.{worker.pid}"
    broker.control.cancel_consumer(queue, destination=[NODE])
    wait_until(lambda: worker.poll() is not None, seconds=60, describe=log.read_text)

    assert "though the broker answers and there is room: it drains and ends" in log.read_text()
