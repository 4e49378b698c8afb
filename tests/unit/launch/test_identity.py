"""Which user the servers run as, and where that user can reach."""

import os
import pwd
from pathlib import Path

import pytest

from workers.launch.errors import LaunchError
from workers.launch.identity import ServerUser, own_folder, reachable, server_user, stand_in

NOBODY = ServerUser(uid=pwd.getpwnam("nobody").pw_uid, gid=pwd.getpwnam("nobody").pw_gid, name="")
IS_ROOT = os.geteuid() == 0


def test_root_becomes_nobody_or_whoever_called_sudo() -> None:
    user = server_user(environment={})
    caller = server_user(environment={"SUDO_UID": str(NOBODY.uid)})

    assert (user.uid if user else None) == (NOBODY.uid if IS_ROOT else None)
    assert (caller.uid if caller else None) == (NOBODY.uid if IS_ROOT else None)


def test_a_private_folder_on_the_way_is_not_passed(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)

    assert reachable(private / "deep", NOBODY) is False
    assert reachable(private / "deep", None) is True


def test_the_stand_in_is_outside_and_always_the_same(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)

    assert stand_in(private / "postgres", None) == private / "postgres"
    if IS_ROOT:
        first = stand_in(private / "postgres", NOBODY)
        assert tmp_path not in first.parents
        assert stand_in(private / "postgres", NOBODY) == first
        assert stand_in(tmp_path / "postgres", NOBODY) != first


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    stranger = ServerUser(uid=os.geteuid() + 12345, gid=0, name="stranger")
    folder = tmp_path / "postgres"
    folder.mkdir()
    if IS_ROOT:
        os.chown(folder, 4321, 4321)

        with pytest.raises(LaunchError, match="belongs to user id 4321"):
            own_folder(folder, stranger)
    else:
        with pytest.raises(PermissionError):
            own_folder(folder, stranger)
