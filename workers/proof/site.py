"""A throw-away installation: started with `up`, hurt on purpose, stopped, removed."""

import os
import signal
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from workers.demo.exchange import SimulatedVenue
from workers.launch.demo import VENUE
from workers.launch.errors import LaunchError
from workers.launch.installation import FLOWER_OFFSET, SIMEXCHANGE_OFFSET, Installation
from workers.launch.probes import port_is_free
from workers.launch.program import Condition
from workers.proof.throwaway import STATE, SiteError, ThrowAway, throw_away_folder

__all__ = ["Site", "SiteError", "free_ports", "throw_away_site"]


class Site(ThrowAway):
    """An installation with all its programs, which a drill may hurt."""

    def __init__(
        self, folder: Path, *, port: int, bots_processes: int, settings: Mapping[str, str]
    ) -> None:
        super().__init__(folder, settings=settings)
        self._installation = Installation(state=self.state, port=port)
        self._bots_processes = bots_processes
        self.exchange = SimulatedVenue(
            url=self._installation.simexchange,
            name=VENUE,
            state=self._installation.simexchange_state,
        )

    def up(self) -> None:
        """Start everything in the background; returns when it is ready."""
        self.command(
            "up", "--detach", "--port", str(self._installation.port),
            "--bots-processes", str(self._bots_processes),
        )  # fmt: skip

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
    with (
        throw_away_folder(folder, prefix="flotilla-chaos-", say=say) as path,
        started_site(path, port=port, bots_processes=bots_processes, settings=settings) as site,
    ):
        yield site


@contextmanager
def started_site(
    path: Path, *, port: int | None, bots_processes: int, settings: Mapping[str, str]
) -> Iterator[Site]:
    """An installation in this folder, started; stopped at the end."""
    site = Site(
        path / STATE,
        port=port or free_ports(),
        bots_processes=bots_processes,
        settings=settings,
    )
    try:
        site.up()
        site.inhabit()
        yield site
    except LaunchError as error:
        raise SiteError(str(error)) from error
    finally:
        site.down()
