"""What the embedded servers share: a folder and a user of their own, a start that is awaited."""

import secrets
from abc import ABC, abstractmethod
from pathlib import Path

from workers.launch.child import Child, ChildSpec, Guard, wait_until
from workers.launch.errors import LaunchError
from workers.launch.identity import server_folder, server_user


class EmbeddedServer(ABC):
    """A server that lives below `folder` and dies with the process that started it.

    Started as root it runs as another user; where that user cannot pass through to `folder`, its
    files lie in a stand-in outside (`.home`).
    """

    def __init__(self, folder: Path, *, name: str, password: str | None, log: Path | None) -> None:
        self.user = server_user()
        self.home = server_folder(folder, self.user)
        self.password = password or secrets.token_urlsafe(32)
        self._log = log or folder.parent / "logs" / f"{name}.log"
        self._guard = Guard()
        self._child: Child | None = None

    @property
    def pid(self) -> int | None:
        return None if self._child is None else self._child.pid

    @abstractmethod
    def prepare(self) -> ChildSpec:
        """Make what the server needs, and return how to run it."""

    @abstractmethod
    def ready(self) -> bool:
        """Tell whether the server answers under our password."""

    def stop(self) -> None:
        """Stop in order; harmless when it does not run."""
        if self._child is not None:
            self._child.stop()
            self._child = None
        self._guard.close()

    def _run(self, *, timeout_s: float, trouble: str) -> None:
        """Start it and wait until it answers; LaunchError with `trouble` when it does not."""
        child = self._child = Child(spec=self.prepare(), guard=self._guard)
        wait_until(lambda: self.ready() or child.exit_code() is not None, timeout_s=timeout_s)
        if not self.ready():
            self.stop()
            raise LaunchError(trouble)
