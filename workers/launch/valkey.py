"""An embedded Valkey (speaks Redis' protocol): one folder, a loopback port, one password."""

import os
import re
import socket
from pathlib import Path
from urllib.parse import quote

import redis

from workers.launch.binaries import valkey_program
from workers.launch.child import ChildSpec
from workers.launch.embedded import EmbeddedServer
from workers.launch.probes import port_is_free


class EmbeddedValkey(EmbeddedServer):
    """A Valkey server at a loopback port.

    `durable` keeps an append-only file, so that queued messages survive a restart. The port is
    chosen once and kept in the folder, so that a restarted server has the address its clients know.
    """

    def __init__(
        self,
        folder: Path,
        *,
        password: str | None = None,
        durable: bool = False,
        log: Path | None = None,
    ) -> None:
        super().__init__(folder, name="valkey", password=password, log=log)
        self._durable = durable

    @property
    def port(self) -> int:
        """The loopback port; 0 before the first start."""
        try:
            return int((self.home / "port").read_text())
        except (OSError, ValueError):
            return 0

    @property
    def url(self) -> str:
        """Address of database 0, with the password."""
        return f"redis://:{quote(self.password, safe='')}@127.0.0.1:{self.port}/0"

    def prepare(self) -> ChildSpec:
        """Write the configuration and return how to run the server."""
        program = valkey_program(home=self.home, user=self.user)
        if not self.port:
            self.choose_port()
        configuration = self.home / "valkey.conf"
        # The password goes through a private file: an argument would show in every process list.
        self._write(configuration, self._configuration())
        return ChildSpec(
            name="valkey",
            argv=[program, str(configuration)],
            log=self._log,
            folder=self.home,
            user=self.user,
        )

    def choose_port(self) -> None:
        """Settle the port: the one of the last time when it is free, else another."""
        if self.port and port_is_free(self.port):
            return
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._write(self.home / "port", str(probe.getsockname()[1]))

    def start(self, *, timeout_s: float = 15.0) -> None:
        """Run the server and wait until it answers a PING."""
        self.choose_port()
        self._run(
            timeout_s=timeout_s,
            trouble=f"Valkey did not start; the reason is at the end of {self._log}: it keeps "
            f"nothing that is not elsewhere too, so remove {self.home} and start again.",
        )

    def ready(self) -> bool:
        """Tell whether the server answers a PING under our password."""
        client = redis.Redis.from_url(self.url, socket_timeout=2, socket_connect_timeout=2)
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()

    def _configuration(self) -> str:
        lines = [
            "bind 127.0.0.1",
            f"port {self.port}",
            f"requirepass {self.password}",
            "daemonize no",
            'logfile ""',
            f'dir "{self.home}"',
            'save ""',
            f"appendonly {'yes' if self._durable else 'no'}",
            # Messages must never be thrown away to make room.
            "maxmemory-policy noeviction",
        ]
        return "\n".join(lines) + "\n"

    def _write(self, path: Path, text: str) -> None:
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_text(text)
        if self.user is not None:
            os.chown(path, self.user.uid, self.user.gid)


def hide_password(url: str) -> str:
    """Return an address fit for people: the password is replaced by stars."""
    return re.sub(r"(?<=:)[^:@/]*(?=@)", "***", url)
