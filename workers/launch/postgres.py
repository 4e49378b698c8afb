"""An embedded PostgreSQL: one data folder, one private socket, one password."""

import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import psycopg2
from psycopg2.extensions import ISOLATION_LEVEL_AUTOCOMMIT

from workers.launch.binaries import PostgresPrograms, postgres_programs
from workers.launch.child import ChildSpec, wait_until
from workers.launch.embedded import EmbeddedServer
from workers.launch.errors import LaunchError
from workers.launch.identity import own_folder, process_arguments

ROLE = "flotilla"
_PORT = 5432
_SOCKET_LIMIT = 100  # the kernel's limit is 108 bytes, macOS' 104
_SOCKET_NAME = f".s.PGSQL.{_PORT}"


class EmbeddedPostgres(EmbeddedServer):
    """A PostgreSQL server with one database; `settings` are server settings by name."""

    def __init__(
        self,
        folder: Path,
        *,
        password: str | None = None,
        database: str = "flotilla",
        settings: Mapping[str, str] | None = None,
        log: Path | None = None,
    ) -> None:
        super().__init__(folder, name="postgres", password=password, log=log)
        self.database = database
        self._settings = dict(settings or {})

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def socket_folder(self) -> Path:
        """Where the socket lies: `home`, or a short private folder when that path is too long."""
        if len(str(self.home / _SOCKET_NAME).encode()) < _SOCKET_LIMIT:
            return self.home
        digest = hashlib.sha256(str(self.home).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"flotilla-{digest}"

    @property
    def url(self) -> str:
        """Address of the database, with role and password."""
        return (
            f"postgresql://{ROLE}:{quote(self.password, safe='')}@/{self.database}"
            f"?host={quote(str(self.socket_folder), safe='/')}&port={_PORT}"
        )

    def prepare(self) -> ChildSpec:
        """Make the data folder if there is none, check it, and return how to run the server."""
        programs = postgres_programs(home=self.home, user=self.user)
        own_folder(self.socket_folder, self.user)
        if not self.data.exists():
            self._make_cluster(programs)
        self._check_cluster(programs)
        self._end_orphan()
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.socket_folder),
            "unix_socket_permissions": "0700",
            "port": str(_PORT),
            "max_connections": "300",
            "log_line_prefix": "%m [%p] ",
            **self._settings,
        }
        flags = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        return ChildSpec(
            name="postgres",
            argv=[programs.path("postgres"), "-D", str(self.data), *flags],
            log=self._log,
            folder=self.home,
            user=self.user,
            # SIGINT is PostgreSQL's fast shutdown: end the sessions, write the checkpoint.
            stop_signal=signal.SIGINT,
            stop_timeout_s=20.0,
        )

    def start(self, *, timeout_s: float = 30.0) -> None:
        """Run the server, wait until it answers, make the database."""
        self._run(
            timeout_s=timeout_s,
            trouble=f"PostgreSQL did not start; the reason is at the end of {self._log}: "
            "remove what it names, or start afresh with: python3 manage.py up --reset",
        )
        self.make_database()

    def ready(self) -> bool:
        """Tell whether the server accepts a session with our password."""
        try:
            self._connect("postgres").close()
        except psycopg2.OperationalError:
            return False
        return True

    def make_database(self) -> None:
        """Create the database unless it is there."""
        with contextlib.closing(self._connect("postgres")) as connection:
            connection.set_isolation_level(ISOLATION_LEVEL_AUTOCOMMIT)
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [self.database])
                if cursor.fetchone() is None:
                    cursor.execute(f'CREATE DATABASE "{self.database}"')

    def _connect(self, database: str) -> "psycopg2.extensions.connection":
        return psycopg2.connect(
            host=str(self.socket_folder),
            port=_PORT,
            user=ROLE,
            password=self.password,
            dbname=database,
            connect_timeout=5,
        )

    def _make_cluster(self, programs: PostgresPrograms) -> None:
        # Made beside its final name and renamed: a half-made cluster never looks whole.
        half = self.home / "data.part"
        shutil.rmtree(half, ignore_errors=True)
        password_file = self.home / "initdb-password"
        password_file.unlink(missing_ok=True)
        password_file.touch(mode=0o600)
        password_file.write_text(self.password)
        if self.user is not None:
            os.chown(password_file, self.user.uid, self.user.gid)
        try:
            self._run_initdb(programs, half, password_file)
        finally:
            password_file.unlink(missing_ok=True)
        half.rename(self.data)

    def _run_initdb(self, programs: PostgresPrograms, folder: Path, password_file: Path) -> None:
        argv = [programs.path("initdb"), "-D", str(folder), "-U", ROLE, "--pwfile"]
        argv += [str(password_file), "--auth=scram-sha-256", "--encoding=UTF8", "--no-locale"]
        argv += ["--data-checksums"]
        if self._settings.get("fsync") == "off":
            argv.append("--no-sync")
        outcome = subprocess.run(
            argv,
            cwd=self.home,
            capture_output=True,
            text=True,
            check=False,
            **process_arguments(self.user),
        )
        if outcome.returncode != 0:
            shutil.rmtree(folder, ignore_errors=True)
            reason = (outcome.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise LaunchError(
                f"PostgreSQL's data folder {self.data} cannot be made ({reason}): "
                "free disk space or choose another folder with --state-dir."
            )

    def _check_cluster(self, programs: PostgresPrograms) -> None:
        remedy = "restore it from a backup, or start afresh with: python3 manage.py up --reset"
        try:
            version = (self.data / "PG_VERSION").read_text().strip()
        except OSError:
            raise LaunchError(
                f"The state folder is damaged ({self.data} has no PG_VERSION): {remedy}"
            ) from None
        if version != programs.major:
            raise LaunchError(
                f"{self.data} was made by PostgreSQL {version}, this is {programs.major}: {remedy}"
            )
        if not (self.data / "global" / "pg_control").exists():
            raise LaunchError(
                f"The state folder is damaged ({self.data} has no pg_control): {remedy}"
            )

    def _end_orphan(self) -> None:
        """End a server left over on this data folder; PostgreSQL replaces a stale pid file."""
        pid = postmaster_pid(self.data)
        if pid is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)
        if not wait_until(lambda: postmaster_pid(self.data) is None, timeout_s=20.0):
            raise LaunchError(
                f"Another PostgreSQL (pid {pid}) still uses {self.data}: end it and start again."
            )


def postmaster_pid(data: Path) -> int | None:
    """Read who runs on this data folder; None when the pid file is absent or stale."""
    try:
        pid = int((data / "postmaster.pid").read_text().split("\n", 1)[0])
        command = subprocess.run(
            ["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
    except (OSError, ValueError):
        return None
    return pid if str(data) in command.stdout else None
