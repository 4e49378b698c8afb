"""Imports a library without the optional ones that it would load only to recognise their types."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


class _Missing:
    """A finder that says of some modules that they are not installed.

    None in sys.modules would say the same to Python; compiled libraries take it for the module.
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> None:
        if name in self._names:
            raise ModuleNotFoundError(f"{name} is not needed here", name=name)


@contextmanager
def without(*names: str) -> Iterator[None]:
    """Let these modules be missing for whoever is imported inside; those loaded before stay."""
    missing = _Missing(names)
    sys.meta_path.insert(0, missing)
    try:
        yield
    finally:
        sys.meta_path.remove(missing)
