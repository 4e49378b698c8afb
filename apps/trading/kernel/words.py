"""The state as named 8-byte words: what prices and time moved, small enough for a journal row.

In memory a state has room for every plan; kept, it is only what its bot uses: the bot, its
positions, and their order slots, one after the other.
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apps.trading.kernel.layout import MAX_POSITIONS, ORDER, POSITION, STATE

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
PLAN_AT = int(_FIELDS["plan"][1])
POSITIONS_AT = int(_FIELDS["positions"][1])


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
SIGNATURE = hashlib.sha256(repr(("used parts", TABLE)).encode()).hexdigest()[:16]
_POSITIONS, _STRIDE = INDEX["bot.positions"], INDEX["bot.stride"]
_ORDERS = ORDERS_AT // 8


def parts(words: NDArray[np.int64]) -> tuple[int, int]:
    """Bytes of (bot and positions, orders) that the bot of a state uses."""
    positions = int(words[_POSITIONS])
    head = POSITIONS_AT + positions * POSITION.itemsize
    return head, positions * int(words[_STRIDE]) * ORDER.itemsize


def _unused_words(words: NDArray[np.int64]) -> int:
    """How many words of positions a kept state leaves out."""
    return (MAX_POSITIONS - int(words[_POSITIONS])) * POSITION.itemsize // 8


def _widened(state: bytes) -> NDArray[np.int64]:
    """With room for every plan."""
    words = np.frombuffer(state, np.int64)
    head, orders = parts(words)
    wide = np.zeros(PLAN_AT // 8, np.int64)
    wide[: head // 8] = words[: head // 8]
    wide[_ORDERS : _ORDERS + orders // 8] = words[head // 8 :]
    return wide


def _narrowed(wide: NDArray[np.int64]) -> bytes:
    head, orders = parts(wide)
    return wide[: head // 8].tobytes() + wide[_ORDERS : _ORDERS + orders // 8].tobytes()


def moved(before: bytes, after: bytes) -> dict[str, float | int]:
    """The words in which `after` differs from `before`, by name; derived ones left out."""
    old = np.frombuffer(before, np.int64)
    new = np.frombuffer(after, np.int64)
    left_out = _unused_words(new)
    if parts(old) != parts(new):
        old, new, left_out = _widened(before), _widened(after), 0
    real = new.view(np.float64)
    found: dict[str, float | int] = {}
    for k in np.nonzero(old != new)[0].tolist():
        name, is_real = TABLE[k if k + left_out < _ORDERS else k + left_out]
        if name not in DERIVED:
            found[name] = float(real[k]) if is_real else int(new[k])
    return found


def move(state: bytes, words: Mapping[str, Any]) -> bytes:
    """The state with these words set; KeyError names one this layout does not know."""
    if "bot.positions" in words or "bot.stride" in words:
        wide = _widened(state)
        _set(wide, words, left_out=0)
        return _narrowed(wide)
    new: NDArray[np.int64] = np.frombuffer(state, np.int64).copy()
    _set(new, words, left_out=_unused_words(new))
    return new.tobytes()


def _set(state: NDArray[np.int64], words: Mapping[str, Any], *, left_out: int) -> None:
    real = state.view(np.float64)
    for name, value in words.items():
        k = INDEX[name]
        if _ORDERS - left_out <= k < _ORDERS:
            raise KeyError(name)
        at = k if k < _ORDERS else k - left_out
        if TABLE[k][1]:
            real[at] = value
        else:
            state[at] = value


def clock_of(state: bytes) -> tuple[int, float]:
    """(now, mark) as they stand in the state."""
    words = np.frombuffer(state, np.int64)
    reals = words.view(np.float64)
    return int(words[INDEX["bot.now"]]), float(reals[INDEX["bot.mark"]])
