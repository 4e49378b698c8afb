"""Turns kernel functions into machine code, and keeps that of entry points in a cache."""

import fcntl
import inspect
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, get_type_hints

from apps.trading.kernel import layout
from apps.trading.kernel.compile import EntryPoint, Part, parts_of, tell
from apps.trading.lean import without

# numba would load scipy for linear algebra, and others, which the kernel has no use for: as much
# again as itself. Whoever needs them, such as a strategy of a user, has imported numba before.
_SPARED = ("scipy", "cffi", "coverage", "yaml")
with without(*(() if "numba" in sys.modules else _SPARED)):
    import numba
    from numba.core.caching import CompileResultCacheImpl, FunctionCache
    from numba.core.compiler_lock import global_compiler_lock
    from numba.core.registry import cpu_target

    cpu_target.target_context.refresh()
    cpu_target.typing_context.refresh()

    from apps.trading.kernel.cache import cache_folder, key_of
    from apps.trading.kernel.linking import PartLibrary

SETTINGS: Any = numba.config
# error_model="numpy": no exception paths, so the loops stay straight. Without numba's runtime no
# array that is handed on is counted, which takes a quarter of a run; then nothing may be allocated
# either, and who tries is told so when it is compiled.
OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "_nrt": False}
# Python never calls a part of an entry point, so it needs no wrapper.
PART: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
_done = 0


def load_entry_point(entry: EntryPoint[..., Any]) -> Any:
    """Its machine code from the cache; compiled, by one process for all, where it is not there.

    A marker beside the cached code says that it is. Should the code be gone all the same, numba
    compiles: slower once, never wrong.
    """
    parts = parts_of(entry)
    key = key_of(parts)
    folder = Path(cache_folder())
    marker = folder / f"{entry.function.__module__}.{entry.function.__name__}-{key}"
    if marker.exists():
        return _through_cache(entry, folder, key)
    tell(_done)
    try:
        with global_compiler_lock, _one_process(folder):
            if not marker.exists():
                compile_parts(parts[:-1])
            machine_code = _through_cache(entry, folder, key)
            marker.touch()
    finally:
        tell(_done, over=True)
    return machine_code


def compile_parts(parts: Sequence[Part[..., Any]]) -> None:
    """Compile those that are not yet, in this order, as far as intermediate code.

    Entry points are optimised as a whole: to optimise each part with all that it calls, again and
    again, would take ten times as long; to make machine code of each, twice as long.
    """
    global _done
    with global_compiler_lock, _unoptimised():
        for part in parts:
            if part.as_part is None:
                part.as_part = numba.njit(**PART, **OPTIONS)(part.function)
                part.as_part.compile(signature(part))
                part.as_part.disable_compile()
                _done += 1
                tell(_done)


def signature(part: Part[..., Any]) -> tuple[Any, ...]:
    """The types of the parameters, as annotated."""
    hints = get_type_hints(part.function)
    return tuple(_types()[hints[name]] for name in inspect.signature(part.function).parameters)


@cache
def _types() -> dict[Any, Any]:
    def array(item: Any) -> Any:
        return numba.types.Array(item, 1, "C")

    return {
        int: numba.int64,
        float: numba.float64,
        bool: numba.boolean,
        layout.State: numba.from_dtype(layout.STATE),
        layout.Plan: numba.from_dtype(layout.PLAN),
        layout.Limits: numba.from_dtype(layout.LIMITS),
        layout.Totals: numba.from_dtype(layout.TOTALS),
        layout.Order: numba.from_dtype(layout.ORDER),
        layout.Action: numba.from_dtype(layout.ACTION),
        layout.States: array(numba.from_dtype(layout.STATE)),
        layout.Fills: array(numba.from_dtype(layout.FILL)),
        layout.Floats: array(numba.float64),
        layout.Times: array(numba.int64),
        layout.Bits: array(numba.uint8),
    }


@contextmanager
def _unoptimised() -> Iterator[None]:
    # Made while the level is still the usual one: machine code is made at the level of this time.
    codegen = cpu_target.target_context.codegen()
    before = SETTINGS.OPT, codegen._library_class
    SETTINGS.OPT, codegen._library_class = type(SETTINGS.OPT)(0), PartLibrary
    try:
        yield
    finally:
        SETTINGS.OPT, codegen._library_class = before


# ---- the cache ---------------------------------------------------------------------------------


class _Place:
    """Where numba keeps the code of an entry point: under its key alone, whatever its file."""

    def __init__(self, folder: Path, key: str) -> None:
        self._folder = folder
        self._key = key

    def from_function(self, _function: Any, _path: str) -> "_Place":
        return self

    def ensure_cache_path(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def get_cache_path(self) -> str:
        return str(self._folder)

    def get_source_stamp(self) -> str:
        return self._key

    def get_disambiguator(self) -> str:
        return self._key


def _kept(function: Any, place: _Place) -> Any:
    """numba's cache of one function, in our place."""
    found: Any = type("_Found", (CompileResultCacheImpl,), {"_locator_classes": [place]})
    made: Any = type("_Kept", (FunctionCache,), {"_impl_class": found})
    return made(function)


def _through_cache(entry: EntryPoint[..., Any], folder: Path, key: str) -> Any:
    machine_code = numba.njit(**OPTIONS)(entry.function)
    machine_code._cache = _kept(entry.function, _Place(folder, key))
    machine_code.compile(signature(entry))
    machine_code.disable_compile()
    return machine_code


@contextmanager
def _one_process(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
