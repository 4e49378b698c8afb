"""Where compiled code is kept, and under which key: one that notices every edit."""

import hashlib
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any

import llvmlite.binding as llvm  # type: ignore[import-untyped]
import numba
import numpy as np

from apps.trading.kernel import layout
from apps.trading.kernel.compile import Part


def key_of(parts: Sequence[Part[..., Any]]) -> str:
    """A hash over all that becomes of these functions: code, constants, records, the compiler.

    numba keys its cache by the file of each function alone: cached code that has inlined a
    function of another module survives an edit of that module.
    """
    digest = hashlib.sha256(_maker())
    for part in parts:
        function = part.function
        told = (function.__module__, function.__qualname__, function.__annotations__)
        digest.update(repr((told, list(_code(function.__code__)))).encode())
        for name, value in part.named().items():
            if not isinstance(value, Part):
                digest.update(f"{name}={_constant(part, name, value)};".encode())
    return digest.hexdigest()[:24]


@cache
def _maker() -> bytes:
    """What makes the code: versions, the processor, our own way to compile, the records."""
    digest = hashlib.sha256()
    made_by = (sys.version, numba.__version__, np.__version__, llvm.get_host_cpu_name())
    digest.update(repr(made_by).encode())
    for name in ("machine.py", "linking.py"):
        digest.update(Path(__file__).with_name(name).read_bytes())
    for record in (layout.STATE, layout.FILL):
        digest.update(repr(record).encode())
    return digest.digest()


def _code(code: CodeType) -> Iterator[Any]:
    yield code.co_code, code.co_names, code.co_varnames, code.co_freevars
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _code(constant)
        else:
            yield constant


def _constant(part: Part[..., Any], name: str, value: Any) -> str:
    """A global as it is frozen in the code."""
    if isinstance(value, int | float | str | tuple):
        return repr(value)
    if isinstance(value, ModuleType) and not value.__name__.startswith("apps."):
        return value.__name__
    if isinstance(value, BuiltinFunctionType | FunctionType | type | np.ufunc):
        return f"{getattr(value, '__module__', '')}.{value.__name__}"
    raise TypeError(
        f"{part.function.__qualname__} names {name}, a {type(value).__name__}: compiled functions "
        "may use numbers, compiled functions and libraries, imported by name"
    )


@cache
def cache_folder() -> str:
    """NUMBA_CACHE_DIR, else the user's cache, else a new folder."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    for base in (os.environ.get("NUMBA_CACHE_DIR"), os.path.join(home, "flotilla")):
        if base and _writable(Path(base) / "kernel"):
            return os.path.join(base, "kernel")
    # Cached code is executed: never share a predictable folder in a public place.
    return tempfile.mkdtemp(prefix="flotilla-kernel-")


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True
