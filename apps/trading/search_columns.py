"""Indicator columns that many sets of a search share: each made once, everybody gets a copy."""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import numpy as np

from apps.trading.bar import Bars

P = ParamSpec("P")
R = TypeVar("R")
MOST_BYTES = 64 << 20


class Columns:
    """What indicators gave for the columns of these bars, the latest used kept."""

    def __init__(self, bars: Bars, *, most_bytes: int = MOST_BYTES) -> None:
        # Held, so that no other array ever has the place in memory they are known by.
        self._bars = bars
        self._known = frozenset(id(column) for column in bars)
        self._found: OrderedDict[Any, Any] = OrderedDict()
        self._bytes, self._most_bytes = 0, most_bytes

    def made(self, function: Callable[..., Any], series: Any, terms: dict[str, Any]) -> Any:
        """What the function gives for these arguments, to be changed at will."""
        places = tuple(map(id, series))
        if not self._known.issuperset(places):
            return function(*series, **terms)
        key = function.__name__, places, tuple(terms.items())
        found = self._found.get(key)
        if found is None:
            found = function(*series, **terms)
            self._keep(key, _copied(found))
            return found
        self._found.move_to_end(key)
        return _copied(found)

    def _keep(self, key: Any, found: Any) -> None:
        self._found[key] = found
        self._bytes += _size(found)
        while self._bytes > self._most_bytes:
            _, gone = self._found.popitem(last=False)
            self._bytes -= _size(gone)


_SHARED: ContextVar[Columns | None] = ContextVar("shared_columns", default=None)


@contextmanager
def sharing(columns: Columns) -> Iterator[None]:
    """Indicators asked for inside are made once for each column and their terms."""
    token = _SHARED.set(columns)
    try:
        yield
    finally:
        _SHARED.reset(token)


def shareable(function: Callable[P, R]) -> Callable[P, R]:
    """Marks an indicator whose value follows from its arguments alone."""

    @wraps(function)
    def shared(*series: P.args, **terms: P.kwargs) -> R:
        columns = _SHARED.get()
        if columns is None:
            return function(*series, **terms)
        made: R = columns.made(function, series, terms)
        return made

    return shared


def _copied(found: Any) -> Any:
    """One column, or the named tuple of several."""
    if isinstance(found, np.ndarray):
        return found.copy()
    return type(found)(*(column.copy() for column in found))


def _size(found: Any) -> int:
    parts = (found,) if isinstance(found, np.ndarray) else found
    return sum(column.nbytes for column in parts)
