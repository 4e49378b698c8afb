"""The installation's state by REST: everybody reads it, operators change it, people resume."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.audit.models import AuditEvent
from apps.operations.models import SystemState
from tests.integration.faces.conftest import Caller

pytestmark = [pytest.mark.django_db, pytest.mark.servers]


@pytest.fixture
def client(ada: User, as_user: Caller) -> APIClient:
    return as_user(ada)


def change(client: APIClient, **body: Any) -> Any:
    return client.post("/api/system/state", body)


def test_without_any_change_the_installation_runs(client: APIClient) -> None:
    body = client.get("/api/system/state").json()

    assert (body["state"], body["positions"], body["changed_at"]) == ("RUNNING", None, None)
    assert not SystemState.objects.exists()


def test_a_person_pauses_and_resumes_with_a_reason(client: APIClient) -> None:
    paused = change(client, state="PAUSED", reason="maintenance").json()
    without = change(client, state="RUNNING", reason="  ")
    resumed = change(client, state="RUNNING", reason="done").json()

    assert (paused["state"], paused["reason"], paused["changed_by"]) == (
        "PAUSED",
        "maintenance",
        "ada",
    )
    assert without.status_code == 400
    (error,) = without.json()["errors"]
    assert error["field"] == "reason"
    assert "resume" in error["remedy"]
    assert resumed["state"] == "RUNNING"


@pytest.mark.parametrize("path", ["/api/system/emergency-stop", "/api/system/state"])
def test_an_emergency_stop_is_safe_to_repeat_and_ends_by_resuming_only(
    path: str, client: APIClient
) -> None:
    wish = {"positions": "guard", "reason": "fire"}
    if path.endswith("state"):
        wish["state"] = "EMERGENCY_STOP"

    first, second = client.post(path, wish), client.post(path, wish)
    paused = change(client, state="PAUSED")
    resumed = change(client, state="RUNNING", reason="fire is out")

    assert first.status_code == second.status_code == 200
    assert first.json() == second.json()
    assert (first.json()["state"], first.json()["positions"]) == ("EMERGENCY_STOP", "guard")
    assert SystemState.objects.get().stop_epoch == 1
    assert paused.status_code == 409
    assert "RUNNING and a reason" in paused.json()["detail"]
    assert (resumed.status_code, resumed.json()["positions"]) == (200, None)


def test_a_stop_without_a_word_leaves_positions_alone(client: APIClient) -> None:
    answer = client.post("/api/system/emergency-stop")

    assert answer.status_code == 200
    assert answer.json()["positions"] == "leave"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"state": "STOPPED"}, "state"),
        ({}, "state"),
        ({"state": "PAUSED", "positions": "burn"}, "positions"),
        ({"state": "PAUSED", "colour": "red"}, "colour"),
    ],
)
def test_a_state_that_cannot_be_names_the_field(
    body: dict[str, Any], field: str, client: APIClient
) -> None:
    answer = client.post("/api/system/state", body)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == field
    assert answer.json()["errors"][0]["remedy"]
    assert not SystemState.objects.exists()
    assert not AuditEvent.objects.exists()


def test_a_viewer_reads_the_state_and_may_not_change_it(viewer: User, as_user: Caller) -> None:
    client = as_user(viewer)

    assert client.get("/api/system/state").status_code == 200
    assert client.post("/api/system/emergency-stop", {}).status_code == 403
    assert not SystemState.objects.exists()
