"""The fault script: what goes wrong, for which requests or events, how often."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

# Kinds that change how a request is answered -> whether the request is executed all the same.
REQUEST_KINDS: Final[Mapping[str, bool]] = {
    "drop": False,
    "lost_ack": True,
    "delay": True,
    "late": True,
    "http_error": False,
    "error": False,
    "unknown": True,
    "rate_limited": False,
    "banned": False,
    "truncated_json": True,
    "empty_body": True,
    "html_body": True,
    "empty_object": True,
}
EVENT_KINDS: Final = ("duplicate", "reorder", "missing", "late_event", "silent", "disconnect")
ORDER_KINDS: Final = ("read_lag",)
VENUE_KINDS: Final = ("outage",)
_FAMILIES: Final[Mapping[str, str]] = {
    **dict.fromkeys(REQUEST_KINDS, "request"),
    **dict.fromkeys(EVENT_KINDS, "event"),
    **dict.fromkeys(ORDER_KINDS, "order"),
    **dict.fromkeys(VENUE_KINDS, "venue"),
}


_TYPES: Final[Mapping[str, type | tuple[type, ...]]] = {
    **dict.fromkeys(("kind", "match", "message"), str),
    **dict.fromkeys(("count", "delay_ms", "duration_ms", "status", "code", "retry_after"), int),
    "probability": (int, float),
    "executed": bool,
}


class FaultError(ValueError):
    """A fault that cannot be scripted; the message names the field and the remedy."""


@dataclass(slots=True)
class Fault:
    """One line of the script.

    match -- glob over the subject: `POST /api/v3/order`, `ws order.place`, `event executionReport`
             or `stream btcusdt@trade`. count -- how many times, 0 for ever. delay_ms -- wait
             before execution (or how late an event is, or how long reads lag). duration_ms -- of
             an outage or a silence, 0 for ever.
    """

    kind: str
    match: str = "*"
    count: int = 1
    probability: float = 1.0
    delay_ms: int = 0
    duration_ms: int = 0
    status: int = 503
    executed: bool = False
    code: int = -1000
    message: str = "An unknown error occurred while processing the request."
    retry_after: int = 1
    number: int = 0
    hits: int = 0


class Faults:
    """The script of one venue; it ends with the process."""

    def __init__(self, *, seed: int = 0) -> None:
        self._random = random.Random(seed)
        self._script: list[Fault] = []
        self._added = 0
        self._out_until = 0

    def add(self, specification: Mapping[str, Any], *, now: int) -> Fault:
        """Append a line to the script; raise FaultError naming the field that is wrong."""
        fault = _read(specification)
        self._added += 1
        fault.number = self._added
        if fault.kind == "outage":
            self._out_until = now + fault.duration_ms if fault.duration_ms else 1 << 62
        else:
            self._script.append(fault)
        return fault

    def clear(self) -> None:
        """End all faults."""
        self._script.clear()
        self._out_until = 0

    def script(self) -> list[Fault]:
        """Return the lines that can still strike."""
        return list(self._script)

    def is_out(self, now: int) -> bool:
        """Whether the venue is in an outage."""
        return now < self._out_until

    def take(self, family: str, subject: str) -> Fault | None:
        """Return the first fault of a family that strikes this subject, and use it up."""
        if not self._script:
            return None
        for fault in self._script:
            if _FAMILIES[fault.kind] != family or not fnmatchcase(subject, fault.match):
                continue
            if fault.probability < 1 and self._random.random() >= fault.probability:
                continue
            fault.hits += 1
            if fault.count and fault.hits >= fault.count:
                self._script.remove(fault)
            return fault
        return None


def _read(specification: Mapping[str, Any]) -> Fault:
    kind = specification.get("kind")
    if not isinstance(kind, str) or kind not in _FAMILIES:
        raise FaultError(f"kind is {kind!r}; use one of {', '.join(sorted(_FAMILIES))}")
    values: dict[str, Any] = {
        "executed": REQUEST_KINDS.get(kind, False),
        "status": 400 if kind == "error" else 503,
    }
    for name, value in specification.items():
        wanted = _TYPES.get(name)
        if wanted is None:
            raise FaultError(f"a fault has no field {name!r}; known: {', '.join(sorted(_TYPES))}")
        if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
            raise FaultError(f"{name} is {value!r}, which is not of the right type")
        values[name] = value
    fault = Fault(**values)
    _check_ranges(fault)
    return fault


def _check_ranges(fault: Fault) -> None:
    for name in ("count", "delay_ms", "duration_ms", "retry_after"):
        if getattr(fault, name) < 0:
            raise FaultError(f"{name} must not be below 0")
    if not 0 < fault.probability <= 1:
        raise FaultError("probability must be above 0 and at most 1")
    if not 400 <= fault.status <= 599:
        raise FaultError("status must be between 400 and 599")
