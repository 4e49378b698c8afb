"""The commands as a person runs them: up, status, down, and everything that can be wrong."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
import redis

from tests.support.processes import eventually, is_alive
from tests.support.servers import open_folder, running_postgres
from workers.launch import report
from workers.launch.bootstrap import ROOT
from workers.launch.state import StateFolder, SupervisorLock

pytestmark = pytest.mark.servers
SERVERS = ("--only", "postgres,valkey", "--detach")


@pytest.fixture
def folder() -> Iterator[Path]:
    with open_folder() as made:
        state = made / "state"
        yield state
        manage("down", state)


def manage(
    command: str, state: Path, *options: str, **environment: str
) -> "subprocess.CompletedProcess[str]":
    """Run a command of the launcher inside this environment."""
    ours = {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE"}
    given = {name: value for name, value in os.environ.items() if name not in ours}
    program = "import sys; from workers.launch.cli import main; sys.exit(main(sys.argv))"
    return subprocess.run(
        [sys.executable, "-c", program, command, "--state-dir", str(state), *options],
        env={**given, **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def pids(state: Path) -> dict[str, int]:
    return {one.name: one.pid or 0 for one in report.noted(StateFolder(state))}


def test_up_status_and_down_go_together(folder: Path) -> None:
    assert manage("status", folder).returncode == 3

    started = manage("up", folder, *SERVERS)

    assert started.returncode == 0, started.stderr
    running = manage("status", folder)
    assert running.returncode == 0
    assert "postgres  ready" in running.stdout
    assert all(is_alive(pid) for pid in pids(folder).values())

    before = list(pids(folder).values())
    assert manage("down", folder).returncode == 0
    assert manage("status", folder).returncode == 3
    assert not any(is_alive(pid) for pid in before)


def test_a_second_up_says_so_and_changes_nothing(folder: Path) -> None:
    manage("up", folder, *SERVERS)
    before = pids(folder)

    second = manage("up", folder)

    assert second.returncode == 0
    assert "is running already" in second.stdout
    assert pids(folder) == before


def test_data_survives_down_and_up(folder: Path) -> None:
    manage("up", folder, *SERVERS)
    address = StateFolder(folder).database_url().replace("/flotilla?", "/postgres?")
    with psycopg2.connect(address) as session, session.cursor() as cursor:
        cursor.execute("CREATE TABLE kept AS SELECT 1 AS one")
    session.close()
    client = redis.Redis.from_url(StateFolder(folder).redis_url())
    client.set("queued", "1")
    client.close()
    manage("down", folder)

    manage("up", folder, *SERVERS)

    with psycopg2.connect(address) as session, session.cursor() as cursor:
        cursor.execute("SELECT one FROM kept")
        assert cursor.fetchone() == (1,)
    session.close()
    client = redis.Redis.from_url(StateFolder(folder).redis_url())
    assert client.get("queued") == b"1"
    client.close()


def test_kill_9_of_the_supervisor_leaves_nothing_and_the_next_up_starts(folder: Path) -> None:
    manage("up", folder, *SERVERS)
    left = list(pids(folder).values())
    holder = SupervisorLock(StateFolder(folder)).holder()
    assert holder is not None

    os.kill(holder, signal.SIGKILL)

    assert eventually(lambda: not any(is_alive(pid) for pid in left), within_s=30)
    assert manage("status", folder).returncode == 3
    assert manage("up", folder, *SERVERS).returncode == 0


def test_a_killed_server_returns_at_the_same_address(folder: Path) -> None:
    manage("up", folder, *SERVERS)
    state, before = StateFolder(folder), pids(folder)
    address = state.redis_url()

    os.kill(before["valkey"], signal.SIGKILL)

    assert eventually(lambda: pids(folder)["valkey"] not in (0, before["valkey"]))
    assert state.redis_url() == address
    client = redis.Redis.from_url(address)
    assert eventually(lambda: answers(client))
    client.close()


def answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False


def test_a_taken_port_is_named_and_nothing_is_left_running(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        outcome = manage("up", folder, "--only", "postgres,web", "--port", str(port))

    assert outcome.returncode == 1
    expected = f"Port {port}, which web needs, is taken"
    assert expected in outcome.stderr
    assert len(outcome.stderr.strip().splitlines()) == 1
    assert SupervisorLock(StateFolder(folder)).holder() is None


@pytest.mark.parametrize(
    ("variable", "address"),
    [
        ("DATABASE_URL", "postgresql://flotilla:hunter2@127.0.0.1:1/flotilla"),
        ("REDIS_URL", "redis://:hunter2@127.0.0.1:1/0"),
    ],
)
def test_a_given_server_that_is_unreachable_is_an_error_without_its_password(
    folder: Path, variable: str, address: str
) -> None:
    began = time.monotonic()

    outcome = manage("up", folder, *SERVERS, **{variable: address})

    assert outcome.returncode == 2
    assert time.monotonic() - began < 15
    assert outcome.stderr.startswith(f"{variable} ")
    assert "***@127.0.0.1:1" in outcome.stderr
    assert "hunter2" not in outcome.stderr + outcome.stdout
    assert pids(folder) == {}


def test_a_given_address_of_the_wrong_kind_is_an_error(folder: Path) -> None:
    outcome = manage("up", folder, *SERVERS, DATABASE_URL="mysql://root@localhost/x")

    assert outcome.returncode == 2
    assert "DATABASE_URL must look like postgresql://" in outcome.stderr


def test_a_given_server_is_used_and_no_own_one_started(folder: Path) -> None:
    with running_postgres() as given:
        outcome = manage("up", folder, "--only", "valkey", "--detach", DATABASE_URL=given.url)

        assert outcome.returncode == 0, outcome.stderr
        assert list(pids(folder)) == ["valkey"]
        manage("down", folder)


def test_a_corrupt_state_folder_is_named_with_the_remedy(folder: Path) -> None:
    manage("up", folder, *SERVERS)
    manage("down", folder)
    (folder / "postgres" / "data" / "PG_VERSION").unlink()

    outcome = manage("up", folder, *SERVERS)

    assert outcome.returncode == 1
    assert "has no PG_VERSION" in outcome.stderr
    assert "up --reset" in outcome.stderr
    assert SupervisorLock(StateFolder(folder)).holder() is None

    assert manage("up", folder, *SERVERS, "--reset", "--yes").returncode == 0


def test_unknown_programs_and_bad_numbers_are_named(folder: Path) -> None:
    unknown = manage("up", folder, "--only", "postgres,mongo")
    assert unknown.returncode == 2
    assert "--only names mongo; the programs are postgres" in unknown.stderr

    number = manage("up", folder, "--bots-processes", "none")
    assert number.returncode == 2
    assert "none is not a number from 1 up" in number.stderr


def test_reset_refuses_while_it_runs_by_saying_it_runs(folder: Path) -> None:
    manage("up", folder, *SERVERS)

    outcome = manage("up", folder, "--reset", "--yes")

    assert "is running already" in outcome.stdout
    assert (folder / "secrets" / "django-key").exists()


def test_doctor_names_what_is_not_running(folder: Path) -> None:
    outcome = manage("doctor", folder)

    assert outcome.returncode == 1
    assert "fail  PostgreSQL   is not running: start it with: python3 manage.py up" in (
        outcome.stdout
    )
