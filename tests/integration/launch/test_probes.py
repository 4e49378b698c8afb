"""The question whether a worker answers: it must never end or hold up the launcher that asks."""

import os
import signal
from collections.abc import Iterator

import pytest

from config.celery import app
from tests.support.servers import running_valkey
from workers.launch.probes import worker_answers
from workers.launch.valkey import EmbeddedValkey

pytestmark = pytest.mark.servers


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddedValkey]:
    with running_valkey() as valkey:
        monkeypatch.setattr(app.conf, "broker_write_url", valkey.url)
        yield valkey


def test_a_broker_that_is_killed_or_hangs_means_no_and_nothing_else(broker: EmbeddedValkey) -> None:
    ask = worker_answers("nobody@nowhere")

    answers = [ask()]
    assert broker.pid is not None
    os.kill(broker.pid, signal.SIGSTOP)
    answers.append(ask())
    os.kill(broker.pid, signal.SIGKILL)
    answers.append(ask())
    broker.stop()
    broker.start()
    answers.append(ask())

    assert answers == [False, False, False, False]
