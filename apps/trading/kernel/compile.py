"""Compile kernel functions: signatures from annotations, a cache that notices every edit."""

import hashlib
import inspect
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, get_type_hints

import llvmlite.binding as llvm  # type: ignore[import-untyped]
import numba
import numpy as np

from apps.trading.kernel import layout

P = ParamSpec("P")
R = TypeVar("R")
SETTINGS: Any = numba.config


def source_key(folder: Path) -> str:
    """A hash over every source of the package, the compiler and the processor.

    numba keys its cache by the file of each function alone: cached code that has inlined a
    function of another module survives an edit of that module. One folder per key does not.
    """
    made_by = (sys.version, numba.__version__, np.__version__, llvm.get_host_cpu_name())
    digest = hashlib.sha256(repr(made_by).encode())
    for path in sorted(folder.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def cache_folder() -> str:
    """Where compiled code is kept: NUMBA_CACHE_DIR, else the user's cache, else a new folder."""
    key = f"kernel-{source_key(Path(__file__).parent)}"
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    for base in (os.environ.get("NUMBA_CACHE_DIR"), os.path.join(cache, "flotilla")):
        if base and _writable(Path(base) / key):
            return os.path.join(base, key)
    # Cached code is executed: never share a predictable folder in a public place.
    return tempfile.mkdtemp(prefix="flotilla-kernel-")


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True


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


TYPES = _types()
CACHE_FOLDER = "" if SETTINGS.DISABLE_JIT else cache_folder()
# error_model="numpy": no exception paths, so the loops stay straight.
OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
# Python never calls a part of an entry point, so it needs no wrapper.
PART: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
_uncompiled: list[tuple[Any, tuple[Any, ...]]] = []


def _signature(function: Callable[..., Any]) -> tuple[Any, ...]:
    hints = get_type_hints(function)
    return tuple(TYPES[hints[name]] for name in inspect.signature(function).parameters)


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """A function for other kernel functions: machine code of the signature its annotations state.

    Lazy signatures would specialise on literal constants (many versions of one function). It is
    compiled when an entry point needs it, and becomes a part of that entry point's cached code.
    With NUMBA_DISABLE_JIT=1 the function is returned as it is, for debugging and coverage.
    """
    if SETTINGS.DISABLE_JIT:
        return function
    machine_code: Any = numba.njit(**PART, **OPTIONS)(function)
    _uncompiled.append((machine_code, _signature(function)))
    result: Callable[P, R] = machine_code
    return result


def entry_point(function: Callable[P, R]) -> Callable[P, R]:
    """A compiled function that Python calls: its code, with all it calls, is kept in the cache.

    A marker beside the cached code says that it is there, so that a warm import loads a few entry
    points and compiles nothing. Should the cache be gone all the same, numba compiles: slower
    once, never wrong.
    """
    if SETTINGS.DISABLE_JIT:
        return function
    marker = Path(CACHE_FOLDER) / f"{function.__module__}.{function.__name__}"
    if not marker.exists():
        _compile_the_rest()
    before = SETTINGS.CACHE_DIR
    SETTINGS.CACHE_DIR = CACHE_FOLDER
    try:
        machine_code: Callable[P, R] = numba.njit(_signature(function), cache=True, **OPTIONS)(
            function
        )
    finally:
        SETTINGS.CACHE_DIR = before
    marker.touch()
    return machine_code


def _compile_the_rest() -> None:
    """Every function so far, in order of definition, which is bottom-up.

    They are only parts of entry points, whose code is optimised as a whole: to optimise each one
    with all that it calls, again and again, would take ten times as long.
    """
    before = SETTINGS.OPT
    SETTINGS.OPT = type(before)(0)
    try:
        for machine_code, signature in _uncompiled:
            machine_code.compile(signature)
            machine_code.disable_compile()
    finally:
        SETTINGS.OPT = before
    _uncompiled.clear()
