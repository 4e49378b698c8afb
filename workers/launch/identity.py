"""Which user the embedded servers run as, with the folders that user can reach."""

import hashlib
import os
import pwd
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workers.launch.errors import LaunchError

ROOT_FOLDERS = (Path("/var/lib/flotilla"), Path("/var/tmp/flotilla"))  # noqa: S108


@dataclass(frozen=True, slots=True)
class ServerUser:
    """An account of the operating system that is not root."""

    uid: int
    gid: int
    name: str


def server_user(*, environment: Mapping[str, str] = os.environ) -> ServerUser | None:
    """Name the user the servers must change to; None when they run as we do.

    PostgreSQL refuses to run as root and under a user id without a passwd entry.
    """
    if os.geteuid() != 0:
        _require_passwd_entry(os.geteuid())
        return None
    sudo_uid = environment.get("SUDO_UID", "")
    if sudo_uid.isdigit() and sudo_uid != "0":
        return _from_passwd(pwd.getpwuid, int(sudo_uid))
    return _from_passwd(pwd.getpwnam, "nobody")


def _from_passwd(look_up: Callable[[Any], pwd.struct_passwd], key: int | str) -> ServerUser:
    try:
        entry = look_up(key)
    except KeyError:
        raise LaunchError(
            f"PostgreSQL cannot run as root and there is no user {key!r} to run it as: "
            "start as an ordinary user, or give DATABASE_URL and REDIS_URL."
        ) from None
    return ServerUser(uid=entry.pw_uid, gid=entry.pw_gid, name=entry.pw_name)


def _require_passwd_entry(uid: int) -> None:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        raise LaunchError(
            f"User id {uid} has no entry in /etc/passwd, which PostgreSQL needs: "
            "start as a named user, or give DATABASE_URL."
        ) from None


def process_arguments(user: ServerUser | None) -> dict[str, Any]:
    """Return the arguments that make `subprocess` run a program as `user`."""
    if user is None:
        return {}
    return {"user": user.uid, "group": user.gid, "extra_groups": []}


def reachable(path: Path, user: ServerUser | None) -> bool:
    """Tell whether `user` may pass through every existing folder down to `path`."""
    if user is None:
        return True
    existing = [folder for folder in (path, *path.parents) if folder.exists()]
    return all(_may_enter(folder, user) for folder in existing)


def _may_enter(folder: Path, user: ServerUser) -> bool:
    status = folder.stat()
    if status.st_uid == user.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == user.gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)


def server_folder(folder: Path, user: ServerUser | None) -> Path:
    """Make the 0700 folder of one server: `folder`, or its stand-in where `user` can reach."""
    chosen = stand_in(folder, user)
    own_folder(chosen, user)
    return chosen


def stand_in(folder: Path, user: ServerUser | None) -> Path:
    """Name the folder that serves where `user` cannot reach `folder`; `folder` where it can."""
    if reachable(folder.absolute().parent, user):
        return folder.absolute()
    digest = hashlib.sha256(str(folder.absolute()).encode()).hexdigest()[:12]
    return _writable_root() / f"{folder.name}-{digest}"


def _writable_root() -> Path:
    for root in ROOT_FOLDERS:
        try:
            root.mkdir(mode=0o711, parents=True, exist_ok=True)
        except OSError:
            continue
        if root.stat().st_uid == os.geteuid():
            root.chmod(0o711)
            return root
    raise LaunchError(
        f"None of {', '.join(map(str, ROOT_FOLDERS))} can be written: "
        "choose a folder every user can pass through with --state-dir."
    )


def own_folder(folder: Path, user: ServerUser | None) -> None:
    """Make `folder` private to `user`; refuse one that belongs to somebody else."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    wanted = os.geteuid() if user is None else user.uid
    owner = folder.stat().st_uid
    if user is not None and owner == os.geteuid():
        os.chown(folder, user.uid, user.gid)
    elif owner != wanted:
        raise LaunchError(
            f"{folder} belongs to user id {owner}, not to {wanted}: "
            "start as that user, or choose another folder with --state-dir."
        )
    folder.chmod(0o700)
