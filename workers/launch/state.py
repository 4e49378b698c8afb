"""The state folder: what lies where, under which permissions."""

import fcntl
import json
import os
import secrets
import string
from pathlib import Path
from typing import Any
from urllib.parse import quote

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from apps.accounts.keys import make_key_pair, read_private_key
from workers.launch.errors import LaunchError
from workers.launch.postgres import ROLE

_SECRETS = ("django-key", "postgres-password", "redis-password", "first-login")
_MARK = "flotilla-state"
_BASE36 = string.digits + string.ascii_lowercase


class StateFolder:
    """Everything of one installation that is not code, below one path.

    The private key that opens exchange keys may lie elsewhere.
    """

    def __init__(self, path: Path, *, private_key: Path | None = None) -> None:
        self.path = path.absolute()
        self.private_key = private_key or self.secrets / "keys" / "private.key"

    @property
    def secrets(self) -> Path:
        return self.path / "secrets"

    @property
    def public_key(self) -> Path:
        return self.secrets / "keys" / "public.key"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def run(self) -> Path:
        return self.path / "run"

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def prepare(self) -> None:
        """Make what is missing: folders, secrets, key pair. What exists is never replaced."""
        self._make_folders()
        for name in _SECRETS:
            self._write_once(self.secrets / name, secrets.token_urlsafe(32))
        self._write_once(
            self.secrets / "installation-id", "".join(secrets.choice(_BASE36) for _ in range(4))
        )
        self._make_key_pair()

    def is_ours(self) -> bool:
        """Tell whether `prepare` made this folder, so that it may be deleted."""
        return (self.path / _MARK).is_file()

    def secret(self, name: str) -> str:
        """Read one secret; empty before the first `up` made it."""
        try:
            return (self.secrets / name).read_text().strip()
        except FileNotFoundError:
            return ""

    def note_endpoint(self, name: str, value: Any) -> None:
        """Note where an embedded server listens, for commands that run beside it."""
        write_private(self.run / "endpoints.json", json.dumps({**self._endpoints(), name: value}))

    def database_url(self) -> str:
        """Address of the embedded PostgreSQL, as the last start noted it."""
        host = quote(self._endpoints().get("postgres_socket", str(self.path)), safe="/")
        password = quote(self.secret("postgres-password"), safe="")
        return f"postgresql://{ROLE}:{password}@/flotilla?host={host}&port=5432"

    def redis_url(self) -> str:
        """Address of the embedded Valkey, as the last start noted it."""
        password = quote(self.secret("redis-password"), safe="")
        return f"redis://:{password}@127.0.0.1:{self._endpoints().get('valkey_port', 1)}/0"

    def _endpoints(self) -> dict[str, Any]:
        try:
            return dict(json.loads((self.run / "endpoints.json").read_text()))
        except (OSError, ValueError):
            return {}

    def _make_folders(self) -> None:
        if self.path.is_dir() and any(self.path.iterdir()) and not self.is_ours():
            raise LaunchError(
                f"{self.path} holds files that are not Flotilla's: "
                "choose an empty or new folder with --state-dir."
            )
        try:
            self.path.mkdir(mode=0o711, parents=True, exist_ok=True)
            # The servers run as another user when we are root, who must pass through.
            self.path.chmod(0o711 if os.geteuid() == 0 else 0o700)
            (self.path / _MARK).touch(mode=0o600)
            for folder in (self.secrets, self.public_key.parent, self.logs, self.run):
                folder.mkdir(mode=0o700, exist_ok=True)
                folder.chmod(0o700)
        except (FileExistsError, NotADirectoryError):
            raise LaunchError(
                f"The state folder {self.path} is damaged (a file is where a folder belongs): "
                "remove that file, or choose another folder with --state-dir."
            ) from None
        except OSError as error:
            raise LaunchError(
                f"The state folder {self.path} cannot be written ({error.strerror}): "
                "choose another folder with --state-dir."
            ) from error

    def _write_once(self, path: Path, text: str) -> None:
        if path.exists() and not path.read_text().strip():
            raise LaunchError(
                f"The state folder is damaged ({path} is empty): restore it from a backup, "
                "or start afresh with: python3 manage.py up --reset"
            )
        if not path.exists():
            write_private(path, text + "\n")
        path.chmod(0o600)

    def _make_key_pair(self) -> None:
        if self.public_key.exists() and not self.private_key.exists():
            raise LaunchError(
                f"The state folder is damaged ({self.private_key} is missing, so stored exchange "
                "keys cannot be opened): restore it from a backup, "
                "or start afresh with: python3 manage.py up --reset"
            )
        if not self.private_key.exists():
            self._write_once(self.private_key, make_key_pair()[0].decode("ascii"))
        public = read_private_key(self.private_key).public_key()
        pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        self._write_once(self.public_key, pem.decode("ascii"))


class SupervisorLock:
    """Held by the one supervisor of a state folder; let go by the system when it dies."""

    def __init__(self, state: StateFolder) -> None:
        self._path = state.run / "supervisor.lock"
        self._file: int | None = None

    def take(self) -> bool:
        """Take the lock and note our pid; False when another process holds it."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        os.ftruncate(file, 0)
        os.pwrite(file, str(os.getpid()).encode(), 0)
        self._file = file
        return True

    def release(self) -> None:
        if self._file is not None:
            os.ftruncate(self._file, 0)
            os.close(self._file)
            self._file = None

    def holder(self) -> int | None:
        """Say which process holds the lock; None when nobody does."""
        try:
            file = os.open(self._path, os.O_RDWR)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return int(os.pread(file, 20, 0) or b"0")
        finally:
            os.close(file)
        return None


def write_private(path: Path, text: str) -> None:
    """Write a file only its owner can read, whole or not at all."""
    half = path.with_name(f"{path.name}.part")
    half.unlink(missing_ok=True)
    file = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(file, "w") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    half.rename(path)
