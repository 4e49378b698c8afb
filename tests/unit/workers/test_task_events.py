"""Events of tasks are sent together, and none is forgotten."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from workers.task_events import LOST_S, TOGETHER_S, TaskEvents


class Hub:
    """Kombu's hub, with its two queues in the open."""

    def __init__(self) -> None:
        self.soon: list[Callable[[], None]] = []
        self.later: list[tuple[float, Callable[[], None]]] = []

    def call_soon(self, callback: Callable[[], None]) -> None:
        self.soon.append(callback)

    def call_later(self, delay: float, callback: Callable[[], None]) -> None:
        self.later.append((delay, callback))


class Dispatcher:
    """Celery's, as far as it is used here."""

    def __init__(self) -> None:
        self.flushed = 0
        self.on_send_buffered: Callable[[], None] | None = None

    def flush(self) -> None:
        self.flushed += 1


class Scene:
    """A consumer whose events are watched, and the clock."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.hub, self.dispatcher = Hub(), Dispatcher()
        self.consumer: Any = SimpleNamespace(hub=self.hub, event_dispatcher=self.dispatcher)
        TaskEvents(self.consumer, now=lambda: self.now_s).attach()

    def event(self) -> None:
        assert self.dispatcher.on_send_buffered is not None
        self.dispatcher.on_send_buffered()


def test_many_events_are_one_flush_a_moment_later() -> None:
    scene = Scene()

    for _ in range(20):
        scene.event()

    assert len(scene.hub.soon) == 1
    scene.hub.soon.pop()()
    assert [delay for delay, _ in scene.hub.later] == [TOGETHER_S]
    assert scene.dispatcher.flushed == 0
    scene.hub.later.pop()[1]()
    assert scene.dispatcher.flushed == 1


def test_an_event_after_a_flush_gets_the_next_one() -> None:
    scene = Scene()
    scene.event()
    scene.hub.soon.pop()()
    scene.hub.later.pop()[1]()

    scene.event()

    assert len(scene.hub.soon) == 1


def test_a_flush_that_went_with_its_connection_is_planned_anew() -> None:
    scene = Scene()
    scene.event()
    scene.hub.soon.clear()

    scene.now_s += LOST_S
    scene.event()

    assert len(scene.hub.soon) == 1


def test_the_dispatcher_of_the_next_connection_is_given_the_same_way() -> None:
    scene = Scene()
    scene.consumer.event_dispatcher = Dispatcher()

    scene.consumer.on_send_event_buffered()
    scene.hub.soon.pop()()
    scene.hub.later.pop()[1]()

    assert scene.consumer.event_dispatcher.flushed == 1
