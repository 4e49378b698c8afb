"""A strategy's verdicts as arrays, as bits, and the key that names one of them."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from apps.trading.kernel.layout import SIGNAL_ADD, SIGNAL_ENTER, SIGNAL_EXIT
from apps.trading.params import Parameter


class Signals(NamedTuple):
    """One element per bar, known at its close. Booleans, and a strength from 0 to 1."""

    enter: NDArray[np.bool_]
    exit: NDArray[np.bool_]
    add: NDArray[np.bool_]
    strength: NDArray[np.float64]


class SignalShapeError(ValueError):
    """A strategy's signals do not fit its bars; the message says how."""


_KINDS = {
    "enter": (np.bool_, "booleans"),
    "exit": (np.bool_, "booleans"),
    "add": (np.bool_, "booleans"),
    "strength": (np.float64, "floats"),
}
_ONE = np.float64(1.0).tobytes()
_ENTER, _EXIT, _ADD = np.uint8(SIGNAL_ENTER), np.uint8(SIGNAL_EXIT), np.uint8(SIGNAL_ADD)


def no_signals(count: int) -> NDArray[np.bool_]:
    return np.zeros(count, np.bool_)


def full_strength(count: int) -> NDArray[np.float64]:
    """Of signals that know no more or less: 1 at every bar, in the room of one number."""
    return np.ndarray((count,), np.float64, _ONE, strides=(0,))


def to_bits(signals: Signals, *, bars: int) -> NDArray[np.uint8]:
    """ENTER 1, EXIT 2, ADD 4 per bar; SignalShapeError when the arrays do not fit the bars."""
    if not isinstance(signals, Signals):
        raise SignalShapeError(
            f"signals() returned {type(signals).__name__}, not Signals(enter, exit, add, strength)"
        )
    for name, values in signals._asdict().items():
        kind, words = _KINDS[name]
        if not (isinstance(values, np.ndarray) and values.dtype == kind):
            raise SignalShapeError(f"{name} must be an array of {words}")
        if values.shape != (bars,):
            raise SignalShapeError(f"{name} has shape {values.shape}; {bars} bars need ({bars},)")
    # One byte each, 0 or 1: multiplied as such, for eight times as wide takes five times as long.
    enter, leave, add = (column.view(np.uint8) for column in signals[:3])
    bits: NDArray[np.uint8] = enter * _ENTER
    bits |= leave * _EXIT
    bits |= add * _ADD
    return bits


def parameter_hash(parameters: Sequence[Parameter], values: Mapping[str, Any]) -> str:
    """16 hex digits over what the signals depend on; bots that share it share the evaluation."""
    shaping = {item.name: values[item.name] for item in parameters if not item.plan_only}
    text = json.dumps(shaping, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def signal_key(
    *, market: str, timeframe: str, strategy: str, parameter_hash: str, bar_open_at: int
) -> str:
    """Names one verdict: delivered twice, it acts once."""
    return f"{market}|{timeframe}|{strategy}|{parameter_hash}|{bar_open_at}"
