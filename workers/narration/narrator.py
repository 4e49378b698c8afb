"""One bot's voice: turns what its journal now holds into lines and statuses."""

from collections.abc import Callable, Iterator
from typing import Any

from apps.trading.events import Event, kind_of, to_payload
from apps.trading.journal import Taken
from apps.trading.ports import Clock
from workers.narration.scene import Scene
from workers.narration.sentences import INFO, Said, sentence
from workers.narration.told import Told
from workers.ports import LogLine, Report

# Inputs of decisions: the journal keeps them, a line would drown in them.
LEFT_OUT = frozenset({"marks", "trigger", "verdict", "plan", "limits", "instrument", "epochs"})


class BotNarrator:
    """Builds reports and hands them to the process, which writes them later."""

    def __init__(self, *, taken: Taken, clock: Clock, report: Callable[[Report], None]) -> None:
        self._taken = taken
        self._clock = clock
        self._report = report
        self._shown = ("", "")
        self._reasons: dict[str, str] = {}
        self._last_us = 0

    def told(self, told: Told) -> None:
        """Turn committed events into lines."""
        scene = Scene(told.events, told.before, told.after, self._reasons)
        lines = tuple(self._lines(told, scene))
        live = told.after.orders
        self._reasons = {name: why for name, why in self._reasons.items() if name in live}
        if lines:
            self._tell(lines=lines)

    def status(self, status: str, reason: str) -> None:
        """What the bot is doing now; reported when it changes."""
        if (status, reason) == self._shown:
            return
        self._shown = (status, reason)
        line = self._line(Said(INFO, f"{status.lower()}: {reason}"), {"status": status})
        self._tell(observed_status=status, status_reason=reason, lines=(line,))

    def _lines(self, told: Told, scene: Scene) -> Iterator[LogLine]:
        first = told.last_seq - len(told.events) + 1
        for seq, event in enumerate(told.events, first):
            said = sentence(event, scene)
            if said is not None:
                yield self._line(said, {"seq": seq, "event": kind_of(event), **_numbers(event)})

    def _line(self, said: Said, more: dict[str, Any]) -> LogLine:
        # Lines of one millisecond keep their order: each is a microsecond after the one before.
        self._last_us = max(self._last_us + 1, self._clock.now() * 1000)
        about = {"bot": self._taken.bot_number, "fence": self._taken.fence, **more}
        return LogLine(said.level, said.words, about, self._last_us)

    def _tell(self, **told: Any) -> None:
        taken = self._taken
        self._report(Report(taken.bot_id, taken.fence, self._clock.now(), **told))


def _numbers(event: Event) -> dict[str, Any]:
    return {name: value for name, value in to_payload(event).items() if name not in LEFT_OUT}
