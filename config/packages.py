"""Where the files inside an installed package are, without importing it."""

from importlib.util import find_spec
from pathlib import Path


def inside(package: str, folder: str) -> Path:
    """A folder of an installed package; ModuleNotFoundError when it is not installed."""
    found = find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError(f"{package} is not installed: run any manage.py command once")
    return Path(found.submodule_search_locations[0]) / folder
