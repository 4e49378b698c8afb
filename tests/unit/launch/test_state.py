"""The state folder: secrets made once and private, damage named with its remedy."""

import stat
from pathlib import Path

import pytest

from apps.accounts.keys import read_private_key, read_public_key
from workers.launch.errors import LaunchError
from workers.launch.reset import reset
from workers.launch.state import StateFolder, SupervisorLock


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    made = StateFolder(tmp_path / "state")
    made.prepare()
    return made


def contents(state: StateFolder) -> dict[str, str]:
    return {
        str(path.relative_to(state.secrets)): path.read_text()
        for path in state.secrets.rglob("*")
        if path.is_file()
    }


def test_secrets_are_made_once_and_kept(state: StateFolder) -> None:
    before = contents(state)

    state.prepare()

    assert contents(state) == before
    assert set(before) == {
        "django-key",
        "postgres-password",
        "redis-password",
        "first-login",
        "installation-id",
        "keys/public.key",
        "keys/private.key",
    }
    assert len(set(before.values())) == len(before)


def test_nobody_else_may_read_secrets(state: StateFolder) -> None:
    for path in state.secrets.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)
    assert stat.S_IMODE(state.secrets.stat().st_mode) == 0o700


def test_the_key_pair_is_one_pair(state: StateFolder) -> None:
    private = read_private_key(state.private_key)

    expected = read_public_key(state.public_key).public_bytes_raw()
    assert private.public_key().public_bytes_raw() == expected


def test_the_installation_id_is_four_base36_characters(state: StateFolder) -> None:
    name = state.secret("installation-id")

    assert len(name) == 4
    assert int(name, 36) >= 0
    assert name == name.lower()


def test_a_start_cut_short_between_the_halves_of_the_pair_goes_on(state: StateFolder) -> None:
    public = state.public_key.read_text()
    state.public_key.unlink()

    state.prepare()

    assert state.public_key.read_text() == public


def test_a_lost_private_key_is_named(state: StateFolder) -> None:
    state.private_key.unlink()

    with pytest.raises(LaunchError, match=r"private\.key is missing.*backup.*--reset"):
        state.prepare()


def test_an_empty_secret_is_damage_not_a_new_password(state: StateFolder) -> None:
    (state.secrets / "postgres-password").write_text("")

    with pytest.raises(LaunchError, match=r"damaged .*postgres-password is empty"):
        state.prepare()


def test_a_file_where_the_folder_belongs_is_named(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("mine")

    with pytest.raises(LaunchError, match="a file is where a folder belongs"):
        StateFolder(tmp_path / "state").prepare()

    assert (tmp_path / "state").read_text() == "mine"


def test_a_folder_with_foreign_files_is_neither_used_nor_deleted(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("dear")
    state = StateFolder(tmp_path)

    with pytest.raises(LaunchError, match="holds files that are not Flotilla's"):
        state.prepare()
    with pytest.raises(LaunchError, match="was not made by Flotilla and is not deleted"):
        reset(state, ask=False)

    assert [path.name for path in tmp_path.iterdir()] == ["letters.txt"]


def test_reset_deletes_what_up_made(state: StateFolder) -> None:
    reset(state, ask=False)

    assert not state.path.exists()


def test_reset_without_anybody_to_answer_deletes_nothing(
    state: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(_prompt: str) -> str:
        raise EOFError

    monkeypatch.setattr("builtins.input", nobody)

    with pytest.raises(LaunchError, match="add --yes"):
        reset(state, ask=True)

    assert state.is_ours()


def test_reset_takes_only_yes_for_yes(state: StateFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builtins.input", lambda _prompt: "y")

    with pytest.raises(LaunchError, match="Nothing was deleted"):
        reset(state, ask=True)

    assert state.is_ours()


def test_one_supervisor_at_a_time(state: StateFolder) -> None:
    first, second = SupervisorLock(state), SupervisorLock(state)

    assert first.take() is True
    assert second.take() is False
    assert second.holder() is not None

    first.release()
    assert second.holder() is None
    assert second.take() is True
    second.release()
