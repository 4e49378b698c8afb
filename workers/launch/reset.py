"""Deleting an installation's state, after asking."""

import shutil
from pathlib import Path

from workers.launch.errors import LaunchError
from workers.launch.identity import server_user, stand_in
from workers.launch.state import StateFolder


def reset(state: StateFolder, *, ask: bool) -> None:
    """Delete the state folder with everything in it; only one that `up` made."""
    if not state.path.exists():
        return
    if not state.is_ours():
        raise LaunchError(
            f"{state.path} was not made by Flotilla and is not deleted: "
            "name the right folder with --state-dir."
        )
    if ask and not _agreed(state.path):
        raise LaunchError("Nothing was deleted.")
    user = server_user()
    for server in ("postgres", "valkey"):
        shutil.rmtree(stand_in(state.path / server, user), ignore_errors=True)
    shutil.rmtree(state.path)


def _agreed(path: Path) -> bool:
    try:
        answer = input(f"This deletes every bot, order and key in {path}. Type yes to go on: ")
    except EOFError:
        raise LaunchError(
            "--reset asks before it deletes and nobody can answer here: add --yes."
        ) from None
    return answer.strip() == "yes"
