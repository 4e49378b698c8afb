"""Marks the kernel's functions for compilation; numba is loaded when one is first called."""

import os
from collections.abc import Callable, Iterator
from types import CodeType
from typing import Any, Generic, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
# As numba reads it; to ask numba would load it.
UNCOMPILED = int(os.environ.get("NUMBA_DISABLE_JIT") or 0) != 0


class Part(Generic[P, R]):
    """A function for other kernel functions: machine code of the signature its annotations state.

    Lazy signatures would specialise on literal constants (many versions of one function). It is
    compiled when an entry point needs it, and becomes part of that entry point's cached code.
    From Python it is called as it is written.
    """

    def __init__(self, function: Callable[P, R]) -> None:
        self.function: Any = function
        self.as_part: Any = None

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        result: R = self.function(*args, **kwargs)
        return result

    @property
    def _numba_type_(self) -> Any:
        """What numba asks of a global of the function that it compiles."""
        from apps.trading.kernel.machine import compile_parts

        compile_parts(parts_of(self))
        return self.as_part._numba_type_

    def named(self) -> dict[str, Any]:
        """What of its module's globals its code names."""
        known = self.function.__globals__
        return {name: known[name] for name in _names(self.function.__code__) if name in known}

    def uses(self) -> "Iterator[Part[..., Any]]":
        """The functions of the kernel that it calls."""
        for value in self.named().values():
            if isinstance(value, Part):
                yield value


class EntryPoint(Part[P, R]):
    """A compiled function that Python calls: its code, with all it calls, is kept in the cache."""

    def __init__(self, function: Callable[P, R]) -> None:
        super().__init__(function)
        self._machine_code: Any = None

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        result: R = (self._machine_code or self.load())(*args, **kwargs)
        return result

    def load(self) -> Any:
        """Its machine code: from the cache where it is there, else compiled now."""
        # Here, because it loads numba.
        from apps.trading.kernel.machine import load_entry_point

        if self._machine_code is None:
            self._machine_code = load_entry_point(self)
        return self._machine_code


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """See Part. With NUMBA_DISABLE_JIT=1 the function as it is, for debugging and coverage."""
    return function if UNCOMPILED else Part(function)


def entry_point(function: Callable[P, R]) -> Callable[P, R]:
    """See EntryPoint. With NUMBA_DISABLE_JIT=1 the function as it is."""
    return function if UNCOMPILED else EntryPoint(function)


def loaded(function: Callable[P, R]) -> Callable[P, R]:
    """An entry point's machine code itself, for whoever calls it so often that a detour counts."""
    if isinstance(function, EntryPoint):
        machine_code: Callable[P, R] = function.load()
        return machine_code
    return function


def parts_of(part: Part[..., Any]) -> list[Part[..., Any]]:
    """All that it calls, each after what it calls itself, and the part last."""
    found: dict[int, Part[..., Any]] = {}
    _collect(part, found, set())
    return list(found.values())


def _collect(part: Part[..., Any], found: dict[int, Part[..., Any]], seen: set[int]) -> None:
    if id(part) in seen:
        return
    seen.add(id(part))
    for used in part.uses():
        _collect(used, found, seen)
    found[id(part)] = part


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from _names(each)


# ---- telling who waits -------------------------------------------------------------------------

Listener = Callable[[int, bool], None]
_listeners: list[Listener] = []


def listen(listener: Listener) -> None:
    """Have it told what is being compiled: how many functions so far, and whether that was all."""
    _listeners.append(listener)


def tell(done: int, *, over: bool = False) -> None:
    """Tell the listeners."""
    for listener in _listeners:
        listener(done, over)
