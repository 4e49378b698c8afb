"""The environment: one table, read in its kinds, shown in .env.example."""

import re
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import env

ROOT = Path(__file__).resolve().parents[2]


def test_the_example_file_is_the_table() -> None:
    assert (ROOT / ".env.example").read_text() == env.example(), (
        "write it again: python -c \"from config import env; print(env.example(), end='')\" "
        "> .env.example"
    )


def test_every_variable_the_settings_read_is_in_the_table() -> None:
    names = {variable.name for variable in env.VARIABLES}
    for path in (ROOT / "config").rglob("*.py"):
        for name in re.findall(r'env\.read\("(\w+)"\)', path.read_text()):
            assert name in names, f"{path.name} reads {name}"


def test_values_come_in_their_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADING_LIVE_MODE", "true")
    monkeypatch.setenv("LEASE_TTL_S", "7.5")
    monkeypatch.setenv("RECV_WINDOW_MS", "4000")
    monkeypatch.setenv("ALLOWED_HOSTS", "a.example, b.example")

    assert env.read("TRADING_LIVE_MODE") is True
    assert env.read("LEASE_TTL_S") == 7.5
    assert env.read("RECV_WINDOW_MS") == 4000
    assert env.read("ALLOWED_HOSTS") == ["a.example", "b.example"]


def test_nothing_given_means_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRADING_LIVE_MODE", raising=False)
    monkeypatch.setenv("FLOTILLA_PORT", "")

    assert env.read("TRADING_LIVE_MODE") is False
    assert env.read("FLOTILLA_PORT") == 8000


def test_a_wrong_value_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECV_WINDOW_MS", "soon")

    with pytest.raises(ImproperlyConfigured, match="RECV_WINDOW_MS must be of kind int"):
        env.read("RECV_WINDOW_MS")


def test_the_environment_wins_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / ".env"
    file.write_text("FLOTILLA_PORT=9000\nREDIS_URL=redis://file:1/0\n")
    monkeypatch.setenv("FLOTILLA_PORT", "9100")
    monkeypatch.setenv("REDIS_URL", "gone")
    monkeypatch.delenv("REDIS_URL")

    env.load_dotenv(file)

    assert env.read("FLOTILLA_PORT") == 9100
    assert env.read("REDIS_URL") == "redis://file:1/0"


def test_a_socket_folder_reaches_django_as_the_host() -> None:
    settings = env.database("postgresql://me:p%40ss@/flotilla?host=/run/pg&port=5432")

    assert (settings["HOST"], settings["PORT"]) == ("/run/pg", 5432)
    assert (settings["USER"], settings["PASSWORD"]) == ("me", "p@ss")
    assert settings["NAME"] == "flotilla"


def test_another_database_is_refused() -> None:
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL must name a PostgreSQL database"):
        env.database("sqlite:///flotilla.db")


def test_only_those_who_compute_signals_keep_connections_and_wait_for_no_disk(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = {}
    for queue in ("bots", "control", "signals", ""):
        monkeypatch.setenv("FLOTILLA_QUEUE", queue)
        found[queue] = env.database("postgresql://user@host/name")

    hasty = [q for q, given in found.items() if "synchronous_commit" in given["OPTIONS"]["options"]]
    kept = [queue for queue, given in found.items() if given.get("CONN_MAX_AGE")]
    assert hasty == kept == ["signals"]
    assert found["signals"]["CONN_HEALTH_CHECKS"] is True
    assert all("idle_in_transaction" in given["OPTIONS"]["options"] for given in found.values())
