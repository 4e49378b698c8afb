"""When a silent canary ends its worker, and when silence proves nothing."""

import pytest

from workers.canary import BrokerGone, Canary, CanaryRhythm

RHYTHM = CanaryRhythm(every_s=10, silence_s=30, regain_s=40)


class Worker:
    """A worker as its canary sees it, on a clock of its own."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.broker_lives = True
        self.consumes = True
        self.has_room = True
        self.sent = 0
        self.ends: list[str] = []
        self.canary = Canary(
            send=self.send,
            has_room=lambda: self.has_room,
            end=self.ends.append,
            rhythm=RHYTHM,
            monotonic=lambda: self.now,
        )

    def send(self) -> None:
        if not self.broker_lives:
            raise BrokerGone("refused")
        self.sent += 1
        if self.consumes:
            self.canary.heard()

    def live(self, seconds: float) -> None:
        """Rounds every ten seconds, until the worker is ended."""
        for _ in range(int(seconds / RHYTHM.every_s)):
            if self.ends:
                return
            self.now += RHYTHM.every_s
            self.canary.look_once()


@pytest.fixture
def worker() -> Worker:
    return Worker()


def test_a_worker_that_consumes_lives_on(worker: Worker) -> None:
    worker.live(600)

    assert worker.ends == []
    assert worker.sent == 60


def test_a_worker_that_consumes_nothing_ends_after_the_silence(worker: Worker) -> None:
    worker.live(20)
    worker.consumes = False

    worker.live(30)
    assert worker.ends == []
    worker.live(10)

    assert worker.ends == ["took no message for 40 s though the broker answers and there is room"]


def test_a_message_or_two_that_got_lost_end_nothing(worker: Worker) -> None:
    worker.consumes = False
    worker.live(20)
    worker.consumes = True

    worker.live(100)

    assert worker.ends == []


def test_without_a_broker_nothing_is_proven(worker: Worker) -> None:
    worker.broker_lives = worker.consumes = False

    worker.live(3600)

    assert worker.ends == []


def test_a_consumer_has_time_to_come_back_after_the_broker_did(worker: Worker) -> None:
    worker.broker_lives = worker.consumes = False
    worker.live(600)
    worker.broker_lives = True

    worker.live(60)
    assert worker.ends == []
    worker.consumes = True
    worker.live(600)

    assert worker.ends == []


def test_a_consumer_that_never_comes_back_ends_its_worker(worker: Worker) -> None:
    worker.broker_lives = worker.consumes = False
    worker.live(600)
    worker.broker_lives = True

    worker.live(70)
    assert worker.ends == []
    worker.live(10)

    assert len(worker.ends) == 1


def test_a_worker_whose_slots_are_all_taken_is_not_silent(worker: Worker) -> None:
    worker.consumes = worker.has_room = False
    worker.live(600)
    assert worker.ends == []

    worker.has_room = True
    worker.live(30)
    assert worker.ends == []
    worker.live(10)

    assert len(worker.ends) == 1
