"""One installation as the launcher sees it: folder, ports, given servers, settings."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from workers.launch.bootstrap import ROOT
from workers.launch.errors import LaunchError
from workers.launch.state import StateFolder

SIMEXCHANGE_OFFSET = 10
FLOWER_OFFSET = 20


@dataclass(frozen=True, slots=True)
class Installation:
    """What every program of this installation must agree on.

    The two addresses are empty when the embedded server is used.
    """

    state: StateFolder
    port: int
    bind: str = "127.0.0.1"
    database_url: str = ""
    redis_url: str = ""
    simexchange_url: str = ""

    @property
    def web_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def simexchange_port(self) -> int:
        return self.port + SIMEXCHANGE_OFFSET

    @property
    def simexchange(self) -> str:
        return self.simexchange_url or f"http://127.0.0.1:{self.simexchange_port}"

    @property
    def simexchange_state(self) -> Path:
        return self.state.path / "simexchange"

    @property
    def flower_port(self) -> int:
        return self.port + FLOWER_OFFSET

    def environment(self) -> dict[str, str]:
        """Return what every program gets; the addresses with passwords stay in the state folder."""
        state = self.state
        return {
            "FLOTILLA_STATE_DIR": str(state.path),
            "FLOTILLA_PORT": str(self.port),
            "SIMEXCHANGE_URL": self.simexchange,
            "SIMEXCHANGE_STATE_DIR": str(self.simexchange_state),
            "NUMBA_CACHE_DIR": os.environ.get("NUMBA_CACHE_DIR") or str(state.path / "numba-cache"),
            # Empty, not absent: absent would let a .env file hand it to the web process.
            "KEY_PRIVATE_FILE": "",
            "PYTHONUNBUFFERED": "1",
        }

    def worker_environment(self, queue: str) -> dict[str, str]:
        """Return what workers get: only they may open exchange keys."""
        return {
            **self.environment(),
            "KEY_PRIVATE_FILE": str(self.state.private_key),
            "FLOTILLA_QUEUE": queue,
        }

    def apply(self) -> None:
        """Let this process and its settings agree with the children."""
        os.environ.update(self.environment())


def locate(
    *,
    state_dir: str | None,
    port: int | None = None,
    environment: Mapping[str, str] = os.environ,
) -> Installation:
    """Find the installation from the command line, the environment and .env, in this order."""
    folder = state_dir or environment.get("FLOTILLA_STATE_DIR") or ".flotilla"
    # From the command line a path means what the shell means, else it lies in the checkout.
    path = Path(folder).expanduser() if state_dir else ROOT / folder
    private_key = environment.get("KEY_PRIVATE_FILE")
    return Installation(
        state=StateFolder(path, private_key=Path(private_key) if private_key else None),
        port=port or _port(environment),
        bind=environment.get("FLOTILLA_BIND") or "127.0.0.1",
        database_url=environment.get("DATABASE_URL", ""),
        redis_url=environment.get("REDIS_URL", ""),
        simexchange_url=environment.get("SIMEXCHANGE_URL", ""),
    )


def _port(environment: Mapping[str, str]) -> int:
    text = environment.get("FLOTILLA_PORT") or "8000"
    if not text.isdigit():
        raise LaunchError(f"FLOTILLA_PORT is {text!r}: give a number such as 8000.", exit_code=2)
    return int(text)


def python(*arguments: str) -> list[str]:
    """Return the argument list that runs a module of this environment."""
    return [sys.executable, "-m", *arguments]
