"""Compile kernel functions: signatures from annotations, a cache that notices every edit."""

import hashlib
import inspect
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, get_type_hints

import numba
import numpy as np

from apps.trading.kernel import layout

P = ParamSpec("P")
R = TypeVar("R")
SETTINGS: Any = numba.config


def source_key(folder: Path) -> str:
    """A hash over every source of the package and the compiler.

    numba keys its cache by the file of each function alone: cached code that has inlined a
    function of another module survives an edit of that module. One folder per key does not.
    """
    digest = hashlib.sha256(f"{sys.version} {numba.__version__} {np.__version__}".encode())
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


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """The function as machine code of the one signature its annotations state.

    Lazy signatures would specialise on literal constants (many versions of one function).
    With NUMBA_DISABLE_JIT=1 the function is returned as it is, for debugging and coverage.
    """
    if SETTINGS.DISABLE_JIT:
        return function
    hints = get_type_hints(function)
    signature = tuple(TYPES[hints[name]] for name in inspect.signature(function).parameters)
    before = SETTINGS.CACHE_DIR
    SETTINGS.CACHE_DIR = CACHE_FOLDER
    try:
        # error_model="numpy": no exception paths, so the loops stay straight.
        decorate = numba.njit(signature, cache=True, nogil=True, error_model="numpy")
        machine_code: Callable[P, R] = decorate(function)
    finally:
        SETTINGS.CACHE_DIR = before
    return machine_code
