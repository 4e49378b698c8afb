"""A throw-away installation: a state folder whose commands and connections lead nowhere else."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from workers.launch.bootstrap import ROOT
from workers.launch.report import Seen, noted
from workers.launch.state import StateFolder

# Given empty rather than left out, so that a .env file cannot lead a drill to real servers.
_NOBODY_ELSES: Mapping[str, str] = dict.fromkeys(
    (
        "DATABASE_URL",
        "REDIS_URL",
        "SIMEXCHANGE_URL",
        "SIMEXCHANGE_STATE_DIR",
        "KEY_PUBLIC_FILE",
        "KEY_PRIVATE_FILE",
        "INSTALLATION_ID",
        "DJANGO_SECRET_KEY",
    ),
    "",
)
_COMMAND_LIMIT_S = 300.0
STATE = "state"
"""The state folder's name below a throw-away folder."""


class SiteError(Exception):
    """The throw-away installation could not be made, started or stopped."""


class ThrowAway:
    """One installation that nothing but a drill or a bench uses.

    `settings`: environment variables its programs get besides.
    """

    def __init__(self, folder: Path, *, settings: Mapping[str, str]) -> None:
        self.state = StateFolder(folder)
        self._settings = settings

    def down(self) -> None:
        """Stop everything in order; harmless when nothing runs."""
        self.command("down")

    def command(self, *arguments: str) -> str:
        """Run a command of manage.py on this installation; what it printed, or SiteError."""
        done = subprocess.run(
            [sys.executable, "-m", "workers.launch.cli", *arguments],
            env=self.environment(),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=_COMMAND_LIMIT_S,
        )
        if done.returncode != 0:
            raise SiteError(
                f"`{arguments[0]}` ended with code {done.returncode}:\n{done.stdout}{done.stderr}"
            )
        return done.stdout

    def environment(self) -> dict[str, str]:
        """What programs of this installation inherit: nothing of any other installation."""
        return {
            **os.environ,
            **_NOBODY_ELSES,
            "DJANGO_SETTINGS_MODULE": "config.settings.embedded",
            "FLOTILLA_STATE_DIR": str(self.state.path),
            "TRADING_LIVE_MODE": "false",
            **self._settings,
        }

    def inhabit(self) -> None:
        """Let this process's own settings and connections lead here from now on."""
        from django.conf import settings
        from django.db import connections

        from config import env

        os.environ.update(self.environment())
        given = env.database(self.state.database_url())
        for connection in connections.all(initialized_only=False):
            connection.close()
            connection.settings_dict.update(given)
        settings.REDIS_URL = self.state.redis_url()
        settings.KEY_PRIVATE_FILE = str(self.state.private_key)
        settings.KEY_PUBLIC_FILE = str(self.state.public_key)
        settings.INSTALLATION_ID = self.state.secret("installation-id")

    def programs(self) -> dict[str, Seen]:
        """Every program by name, as the launcher last noted it."""
        return {one.name: one for one in noted(self.state)}

    def pid(self, name: str) -> int:
        """The process id of a program that runs."""
        seen = self.programs().get(name)
        if seen is None or seen.pid is None:
            raise SiteError(f"{name} does not run: see {self.state.log('supervisor')}")
        return seen.pid


@contextmanager
def _asked_to_end() -> Iterator[None]:
    """Unwind at SIGTERM and SIGHUP as at Ctrl-C: what was started here would go on by itself."""

    def end(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def throw_away_folder(
    given: str | None, *, prefix: str, say: Callable[[str], None]
) -> Iterator[Path]:
    """The given folder, or a new one that is removed at the end unless something failed."""
    path = Path(given) if given else Path(tempfile.mkdtemp(prefix=prefix))
    # The servers run as another user when we are root, who must pass through.
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o711)
    failed = True
    try:
        with _asked_to_end():
            yield path
        failed = False
    finally:
        if failed or given:
            say(f"The installation is kept in {path / STATE}, its logs in {path / STATE / 'logs'}")
        else:
            shutil.rmtree(path, ignore_errors=True)
