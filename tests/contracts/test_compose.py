"""The container setup and the Procfile name programs, queues and variables that exist."""

import importlib.util
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from apps.venues.simexchange.__main__ import add_arguments
from config.env import VARIABLES
from workers.queues import QUEUES

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "flotilla"}
WORKERS = {"bots", "control", "signals", "research"}
# Settings that other programs read, not ours.
FOREIGN = {"FLOWER_READ_ONLY"}


def procfile() -> dict[str, list[str]]:
    lines = (ROOT / "Procfile").read_text().splitlines()
    entries = dict(line.split(": ", 1) for line in lines)
    return {name: shlex.split(command) for name, command in entries.items()}


def commands() -> list[tuple[str, list[str]]]:
    return [
        *((f"compose {name}", service["command"]) for name, service in OURS.items()),
        *((f"Procfile {name}", command) for name, command in procfile().items()),
    ]


def without_settings(command: list[str]) -> list[str]:
    return [word for word in command if not re.match(r"[A-Z_]+=", word)]


def test_every_program_of_the_product_is_there() -> None:
    programs = {"simexchange", "web", "beat", "flower"} | WORKERS

    assert set(OURS) == programs | {"setup"}
    assert set(SERVICES) - set(OURS) == {"postgres", "redis"}
    assert set(procfile()) == programs


@pytest.mark.parametrize(("name", "command"), commands())
def test_a_command_runs_a_module_that_exists(name: str, command: list[str]) -> None:
    words = without_settings(command)

    assert words[:2] == ["python", "-m"], name
    assert importlib.util.find_spec(words[2]) is not None


@pytest.mark.parametrize(("name", "command"), commands())
def test_a_worker_serves_a_queue_that_exists_under_its_own_name(
    name: str, command: list[str]
) -> None:
    if "worker" not in command:
        pytest.fail("no worker") if name.split()[1] in WORKERS else None
        return
    queue = command[command.index("-Q") + 1]

    assert queue in QUEUES
    assert queue == name.split()[1]
    assert command[command.index("-n") + 1] == f"{queue}-1@flotilla"
    expected = "prefork" if queue in ("signals", "research") else "threads"
    assert command[command.index("-P") + 1] == expected


@pytest.mark.parametrize(
    "command", [OURS["simexchange"]["command"], procfile()["simexchange"]], ids=str
)
def test_the_simulated_exchange_knows_its_options(command: list[str]) -> None:
    import argparse

    parser = argparse.ArgumentParser(exit_on_error=False)
    add_arguments(parser)

    assert parser.parse_args(command[3:]).port == 8010


@pytest.mark.parametrize("name", sorted(OURS))
def test_variables_are_those_the_settings_read(name: str) -> None:
    known = {variable.name for variable in VARIABLES} | FOREIGN

    assert set(OURS[name]["environment"]) <= known


@pytest.mark.parametrize("name", sorted(set(OURS) - {"setup"}))
def test_only_workers_get_the_private_key(name: str) -> None:
    service = OURS[name]
    mounts = {mount.split(":")[0] for mount in service["volumes"]}

    assert ("KEY_PRIVATE_FILE" in service["environment"]) is (name in WORKERS)
    assert ("private" in mounts) is (name in WORKERS)


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"setup"}))
def test_a_service_tells_whether_it_is_healthy(name: str) -> None:
    check = SERVICES[name]["healthcheck"]

    assert check["test"][0] == "CMD"
    assert {"interval", "timeout", "retries"} <= set(check)


def test_dependencies_exist_and_have_no_circle() -> None:
    needs = {name: set(service.get("depends_on", {})) for name, service in SERVICES.items()}
    started: set[str] = set()
    while ready := {name for name in needs if name not in started and needs[name] <= started}:
        started |= ready

    assert started == set(SERVICES)


def test_a_healthy_dependency_has_a_health_check() -> None:
    for name, service in SERVICES.items():
        for needed, condition in service.get("depends_on", {}).items():
            if condition["condition"] == "service_healthy":
                assert "test" in SERVICES[needed]["healthcheck"], f"{name} waits for {needed}"


def test_volumes_are_declared_and_used() -> None:
    used = {
        mount.split(":")[0] for service in SERVICES.values() for mount in service.get("volumes", [])
    }

    assert used == set(COMPOSE["volumes"])


def test_no_password_stands_in_the_file_or_on_a_command_line() -> None:
    for name, service in SERVICES.items():
        assert "PASSWORD" not in " ".join(service.get("command", [])).replace(
            "$$REDISCLI_AUTH", ""
        ), name
    text = (ROOT / "docker-compose.yml").read_text()
    given = re.findall(r"(?:PASSWORD|AUTH)[A-Z_]*: (\S+)", text)
    assert given
    assert all(value.startswith("${") for value in given)


def test_ports_open_on_this_machine_only() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]

    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_the_image_does_not_run_as_root() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    users = [line.split()[1] for line in lines if line.startswith("USER ")]

    assert users[-1] == "flotilla"
