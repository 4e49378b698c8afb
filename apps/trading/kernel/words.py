"""The state as named 8-byte words: what prices and time moved, small enough for a journal row."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apps.trading.kernel.layout import ORDER, STATE, STRIDE

# look_out() derives these from the rest, and they may be infinite.
DERIVED = frozenset(
    f"bot.{name}"
    for name in (
        "watch_low",
        "watch_high",
        "watch_time",
        "watch_signals",
        "fill_low",
        "fill_high",
        "fill_next",
        "actions",
    )
)
_FIELDS: Any = STATE.fields
ORDERS_AT = int(_FIELDS["orders"][1])


def used_bytes(positions: int) -> int:
    """Length of the part of a state that a bot of so many positions uses."""
    return ORDERS_AT + positions * STRIDE * ORDER.itemsize


def _words(prefix: str, kind: np.dtype[Any]) -> Iterator[tuple[str, bool]]:
    """(name, is real) of every word of a record type, in memory order."""
    if kind.subdtype is not None:
        base, shape = kind.subdtype
        for k in range(shape[0]):
            yield from _words(f"{prefix}.{k}", base)
    elif kind.fields is None:
        yield prefix, kind.kind == "f"
    elif kind == ORDER:
        # status, role, kind, side and index share the first word.
        yield f"{prefix}.head", False
        for name in (kind.names or ())[5:]:
            yield from _words(f"{prefix}.{name}", kind.fields[name][0])
    else:
        for name in kind.names or ():
            yield from _words(f"{prefix}.{name}".lstrip("."), kind.fields[name][0])


def _table() -> list[tuple[str, bool]]:
    names: list[tuple[str, bool]] = []
    for part in ("bot", "positions", "orders"):
        names.extend(_words(part, _FIELDS[part][0]))
    return names


TABLE = _table()
INDEX = {name: k for k, (name, _) in enumerate(TABLE)}
# Two builds that disagree on this cannot read each other's states.
SIGNATURE = hashlib.sha256(repr(TABLE).encode()).hexdigest()[:16]


def moved(before: bytes, after: bytes) -> dict[str, float | int]:
    """The words in which `after` differs from `before`, by name; derived ones left out."""
    old = np.frombuffer(before, np.int64)
    new = np.frombuffer(after, np.int64)
    real = new.view(np.float64)
    found: dict[str, float | int] = {}
    for k in np.nonzero(old != new)[0].tolist():
        name, is_real = TABLE[k]
        if name not in DERIVED:
            found[name] = float(real[k]) if is_real else int(new[k])
    return found


def move(state: bytes, words: Mapping[str, Any]) -> bytes:
    """The state with these words set; KeyError names one this layout does not know."""
    new: NDArray[np.int64] = np.frombuffer(state, np.int64).copy()
    real = new.view(np.float64)
    for name, value in words.items():
        k = INDEX[name]
        if TABLE[k][1]:
            real[k] = value
        else:
            new[k] = value
    return new.tobytes()


def clock_of(state: bytes) -> tuple[int, float]:
    """(now, mark) as they stand in the state."""
    words = np.frombuffer(state, np.int64)
    reals = words.view(np.float64)
    return int(words[INDEX["bot.now"]]), float(reals[INDEX["bot.mark"]])
