"""The embedded servers start, keep their contents, refuse strangers and leave nothing behind."""

import stat
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
import redis

from tests.support.servers import open_folder
from workers.launch.errors import LaunchError
from workers.launch.servers import EmbeddedPostgres, EmbeddedValkey

pytestmark = pytest.mark.servers


@pytest.fixture
def folder() -> Iterator[Path]:
    with open_folder() as made:
        yield made


def test_what_was_written_is_there_after_stop_and_start(folder: Path) -> None:
    server = EmbeddedPostgres(folder / "postgres", password="p@ss/word:1")
    server.start()
    with psycopg2.connect(server.url) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    connection.close()
    server.stop()

    server.start()

    with psycopg2.connect(server.url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT answer FROM kept")
        assert cursor.fetchall() == [(42,)]
    connection.close()
    server.stop()


def test_postgres_refuses_a_wrong_password_and_listens_on_no_port(folder: Path) -> None:
    server = EmbeddedPostgres(folder / "postgres")
    server.start()

    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(server.url.replace(server.password, "wrong"))
    with psycopg2.connect(server.url) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW listen_addresses")
        assert cursor.fetchone() == ("",)
    connection.close()
    assert stat.S_IMODE(server.socket_folder.stat().st_mode) == 0o700
    assert server.password not in Path(f"/proc/{server.pid}/cmdline").read_text()
    server.stop()


def test_valkey_refuses_a_wrong_password_and_throws_no_message_away(folder: Path) -> None:
    server = EmbeddedValkey(folder / "valkey")
    server.start()

    with pytest.raises(redis.AuthenticationError):
        redis.Redis.from_url(server.url.replace(server.password, "wrong")).ping()
    client = redis.Redis.from_url(server.url)
    assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    assert server.password not in Path(f"/proc/{server.pid}/cmdline").read_text()
    assert stat.S_IMODE((server.home / "valkey.conf").stat().st_mode) == 0o600
    client.close()
    server.stop()


def test_a_durable_valkey_keeps_its_messages_and_its_port(folder: Path) -> None:
    server = EmbeddedValkey(folder / "valkey", durable=True)
    server.start()
    address = server.url
    redis.Redis.from_url(address).set("queued", "1")
    server.stop()

    server.start()

    assert server.url == address
    assert redis.Redis.from_url(address).get("queued") == b"1"
    server.stop()


def test_a_long_path_gets_a_socket_elsewhere(folder: Path) -> None:
    deep = folder / ("long" * 20)
    deep.mkdir(mode=0o755)
    server = EmbeddedPostgres(deep / "postgres")

    server.start()

    assert server.home == deep / "postgres"
    assert len(str(server.socket_folder / ".s.PGSQL.5432")) < 100
    assert stat.S_IMODE(server.socket_folder.stat().st_mode) == 0o700
    server.stop()


def test_a_cluster_half_made_is_made_again(folder: Path) -> None:
    server = EmbeddedPostgres(folder / "postgres")
    (server.home / "data.part").mkdir()
    (server.home / "data.part" / "PG_VERSION").write_text("16\n")

    server.start()

    assert not (server.home / "data.part").exists()
    server.stop()


@pytest.mark.parametrize("lost", ["PG_VERSION", "global/pg_control"])
def test_a_damaged_data_folder_is_refused_with_the_remedy(folder: Path, lost: str) -> None:
    server = EmbeddedPostgres(folder / "postgres")
    server.start()
    server.stop()
    (server.data / lost).unlink()

    with pytest.raises(LaunchError, match=r"damaged .* up --reset"):
        server.start()

    assert server.pid is None


def test_a_data_folder_of_another_version_is_refused(folder: Path) -> None:
    server = EmbeddedPostgres(folder / "postgres")
    server.start()
    server.stop()
    (server.data / "PG_VERSION").write_text("12\n")

    with pytest.raises(LaunchError, match="made by PostgreSQL 12, this is 16"):
        server.start()


def test_a_stale_pid_file_does_not_stop_the_start(folder: Path) -> None:
    server = EmbeddedPostgres(folder / "postgres")
    server.start()
    left_behind = (server.data / "postmaster.pid").read_text()
    server.stop()
    # The pid of a process that is certainly alive and certainly not this server: init.
    lines = ["1", *left_behind.split("\n")[1:]]
    (server.data / "postmaster.pid").write_text("\n".join(lines))

    server.start()

    assert server.ready()
    server.stop()
