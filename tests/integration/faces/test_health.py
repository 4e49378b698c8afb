"""The health probe tells what is away."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from pytest_django import Settings
from rest_framework.test import APIClient

from apps.operations.models import WorkerProcess
from apps.operations.services import register_process

pytestmark = [pytest.mark.django_db, pytest.mark.servers]


def test_everything_answers_and_workers_are_counted_by_kind(
    redis_url: str, settings: Settings
) -> None:
    settings.REDIS_URL = redis_url
    register_process(kind="bots", host="here", pid=1)
    register_process(kind="bots", host="here", pid=2)
    lapsed = register_process(kind="signals", host="here", pid=3)
    WorkerProcess.objects.filter(pk=lapsed).update(renewed_at=Now() - timedelta(seconds=60))

    answer = APIClient().get("/api/health")

    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "database": "ok",
        "broker": "ok",
        "workers": {"bots": 2},
    }


def test_without_workers_the_installation_is_degraded_but_the_web_is_well(
    redis_url: str, settings: Settings
) -> None:
    settings.REDIS_URL = redis_url

    answer = APIClient().get("/api/health/")

    assert answer.status_code == 200
    assert answer.json()["status"] == "degraded"
    assert answer.json()["workers"] == {}


def test_a_broker_that_is_away_is_named_without_its_address(settings: Settings) -> None:
    settings.REDIS_URL = "redis://:planted-password@127.0.0.1:1/0"

    answer = APIClient().get("/api/health")

    assert answer.status_code == 503
    assert answer.json()["broker"] == "unreachable"
    assert answer.json()["database"] == "ok"
    assert "planted-password" not in answer.content.decode()
    assert "127.0.0.1" not in answer.content.decode()


def test_a_bad_token_does_not_hide_the_health(settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    answer = APIClient().get("/api/health", HTTP_AUTHORIZATION="Bearer nonsense")

    assert answer.status_code == 503
