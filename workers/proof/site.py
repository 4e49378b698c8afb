"""A throw-away installation: started with `up`, hurt on purpose, stopped, removed."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from workers.launch.bootstrap import ROOT
from workers.launch.demo import SimulatedExchange
from workers.launch.errors import LaunchError
from workers.launch.installation import FLOWER_OFFSET, SIMEXCHANGE_OFFSET, Installation
from workers.launch.probes import port_is_free
from workers.launch.program import Condition
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


class SiteError(Exception):
    """The throw-away installation could not be made, started or stopped."""


class Site:
    """One installation that nothing but a drill uses.

    `settings`: environment variables its programs get besides.
    """

    def __init__(
        self, folder: Path, *, port: int, bots_processes: int, settings: Mapping[str, str]
    ) -> None:
        self.state = StateFolder(folder)
        self._installation = Installation(state=self.state, port=port)
        self._bots_processes = bots_processes
        self._settings = settings
        self.exchange = SimulatedExchange(
            url=self._installation.simexchange, state=self._installation.simexchange_state
        )

    # ---- the whole -----------------------------------------------------------------------------

    def up(self) -> None:
        """Start everything in the background; returns when it is ready."""
        self.command(
            "up", "--detach", "--port", str(self._installation.port),
            "--bots-processes", str(self._bots_processes),
        )  # fmt: skip

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

    # ---- its programs --------------------------------------------------------------------------

    def programs(self) -> dict[str, Seen]:
        """Every program by name, as the launcher last noted it."""
        return {one.name: one for one in noted(self.state)}

    def pid(self, name: str) -> int:
        """The process id of a program that runs."""
        seen = self.programs().get(name)
        if seen is None or seen.pid is None:
            raise SiteError(f"{name} does not run: see {self.state.log('supervisor')}")
        return seen.pid

    def returned(self, name: str, *, instead_of: int) -> bool:
        """Whether a program is ready again as another process."""
        seen = self.programs().get(name)
        return (
            seen is not None
            and seen.pid not in (None, instead_of)
            and seen.condition == Condition.READY
        )

    def hurt(self, name: str, number: signal.Signals) -> int:
        """Send a signal to a program; its process id."""
        pid = self.pid(name)
        os.kill(pid, number)
        return pid


def free_ports() -> int:
    """A port whose neighbours, which the other programs take, are free as well."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port < 65_000 and all(
            port_is_free(port + offset) for offset in (0, SIMEXCHANGE_OFFSET, FLOWER_OFFSET)
        ):
            return port


@contextmanager
def throw_away_site(
    *,
    folder: str | None,
    port: int | None,
    bots_processes: int,
    settings: Mapping[str, str],
    say: Callable[[str], None],
) -> Iterator[Site]:
    """A started installation; stopped at the end, and removed unless the folder was given."""
    path = Path(folder) if folder else Path(tempfile.mkdtemp(prefix="flotilla-chaos-"))
    # The servers run as another user when we are root, who must pass through.
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o711)
    site = Site(
        path / "state",
        port=port or free_ports(),
        bots_processes=bots_processes,
        settings=settings,
    )
    failed = True
    try:
        site.up()
        site.inhabit()
        yield site
        failed = False
    except LaunchError as error:
        raise SiteError(str(error)) from error
    finally:
        site.down()
        if failed or folder:
            say(f"The installation's logs are kept in {site.state.logs}")
        else:
            shutil.rmtree(path, ignore_errors=True)
