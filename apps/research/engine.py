"""Which engine made a result: the product's version, and a hash of what decides."""

import hashlib
import tomllib
from functools import cache
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
_DECIDING = ("kernel", "plan*.py", "backtest.py", "portfolio.py", "instrument.py")


@cache
def engine() -> dict[str, str]:
    """Results of one signature were made by one and the same code of the core."""
    return {"version": _version(), "signature": _signature(_ROOT / "apps" / "trading")}


def _version() -> str:
    with (_ROOT / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])


def _signature(core: Path) -> str:
    digest = hashlib.sha256()
    for pattern in _DECIDING:
        for path in sorted(core.glob(pattern)):
            sources = sorted(path.glob("*.py")) if path.is_dir() else [path]
            for source in sources:
                digest.update(source.name.encode() + b"\0" + source.read_bytes())
    return digest.hexdigest()[:16]
