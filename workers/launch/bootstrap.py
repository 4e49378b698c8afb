"""The private environment: made once, filled from the lock, entered at every start.

Standard library only: it runs before anything is installed.
"""

import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from workers.launch import packages

ROOT = Path(__file__).resolve().parents[2]
NEEDED_BYTES = 2_500_000_000


class BootstrapError(Exception):
    """Something that keeps the environment from being made; names the remedy."""


class Environment:
    """The folder `.venv` of a checkout, filled from one of the two locks.

    `free_bytes` tells how much space a folder's disk has left.
    """

    def __init__(
        self,
        root: Path,
        *,
        free_bytes: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free,
        say: Callable[[str], None] = lambda line: print(line, file=sys.stderr, flush=True),
    ) -> None:
        self.folder = root / ".venv"
        self.python = self.folder / "bin" / "python"
        self._requirements = root / "requirements"
        self._stamp = self.folder / "installed.json"
        self._free_bytes = free_bytes
        self._say = say

    def is_ready(self, lock: str) -> bool:
        """Tell whether `lock` is installed as it stands and the interpreter is still there."""
        try:
            stamp = json.loads(self._stamp.read_text())
            return self.python.exists() and stamp == {**stamp, **self._stamp_of(lock)}
        except (OSError, ValueError):
            return False

    def prepare(self, lock: str) -> None:
        """Make the environment and install `lock` ("base.txt" or "test.txt")."""
        with (self._requirements / lock).open() as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            if self.is_ready(lock):
                return
            self._check_space()
            if not self._works():
                self._make()
            self._say(f"Installing the packages of requirements/{lock} (a few minutes at most)")
            self._stamp.unlink(missing_ok=True)
            if not packages.install(python=self.python, lock=self._requirements / lock):
                raise BootstrapError(
                    "The packages could not be installed (the reason stands above): check the "
                    "network and pip's configuration, then run the same command again."
                )
            self._write_stamp(lock)

    def _check_space(self) -> None:
        existing = self.folder if self.folder.exists() else self.folder.parent
        free = self._free_bytes(existing)
        if free < NEEDED_BYTES and not self._works():
            raise BootstrapError(
                f"{existing} has {free / 1e9:.1f} GB of free disk space and "
                f"{NEEDED_BYTES / 1e9:.1f} GB are needed: free some, then run the command again."
            )

    def _works(self) -> bool:
        """Tell whether the interpreter runs and brings pip, which a half-made one does not."""
        if not self.python.exists():
            return False
        probe = [str(self.python), "-c", _PROBE, str(self.folder)]
        return subprocess.run(probe, capture_output=True, check=False).returncode == 0

    def _make(self) -> None:
        missing = [name for name in ("venv", "ensurepip") if not importlib.util.find_spec(name)]
        if missing:
            raise BootstrapError(missing_module_sentence(missing))
        self._say(f"Making the private environment {self.folder}")
        # The interpreter below an environment, so that one can be rebuilt from inside itself.
        base = getattr(sys, "_base_executable", sys.executable)
        argv = [base, "-m", "venv", "--clear", str(self.folder)]
        if subprocess.run(argv, check=False).returncode != 0:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise BootstrapError(missing_module_sentence(["ensurepip"]))

    def _write_stamp(self, lock: str) -> None:
        stamp = self._stamp_of(lock)
        if lock == "test.txt":
            # What the tests need contains what the product needs.
            stamp |= self._stamp_of("base.txt")
        half = self._stamp.with_suffix(".part")
        half.write_text(json.dumps(stamp))
        half.rename(self._stamp)

    def _stamp_of(self, lock: str) -> dict[str, str]:
        digest = hashlib.sha256((self._requirements / lock).read_bytes()).hexdigest()
        return {lock: digest, "python": _python_of(self.folder)}


_PROBE = """
import os, pip, sys
sys.exit(sys.version_info < (3, 11) or not os.path.samefile(sys.prefix, sys.argv[1]))
"""


def _python_version() -> str:
    return ".".join(map(str, sys.version_info[:2]))


def _python_of(folder: Path) -> str:
    """Name the library folder of the environment, which changes with the Python it was made for."""
    return ",".join(sorted(path.name for path in (folder / "lib").glob("python3*")))


def missing_module_sentence(missing: Sequence[str]) -> str:
    """Say what to install when Python came without its own modules, as Debian's does."""
    return (
        f"This Python came without {' and '.join(missing)}, which makes the private environment: "
        f"install it (Debian, Ubuntu: sudo apt install python{_python_version()}-venv), "
        "then run the command again."
    )


def enter(argv: Sequence[str]) -> None:
    """Return only inside the environment, with the lock of the command installed."""
    environment = Environment(ROOT)
    lock = "test.txt" if list(argv[1:2]) == ["test"] else "base.txt"
    try:
        if not environment.is_ready(lock):
            environment.prepare(lock)
    except (BootstrapError, OSError) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("Stopped; the next start goes on from here.")
    if Path(sys.prefix).resolve() != environment.folder.resolve():
        python = str(environment.python)
        os.execv(python, [python, str(ROOT / "manage.py"), *argv[1:]])  # noqa: S606
