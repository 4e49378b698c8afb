"""Fixtures for every test: servers that start only when a test asks for them."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connections

from apps.trading.compiled import load
from config import env
from tests.support.servers import running_postgres, running_valkey

# A state folder has a cache of its own: every test that starts an installation would compile the
# kernel once more.
_CACHE = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
os.environ.setdefault("NUMBA_CACHE_DIR", str(Path(_CACHE) / "flotilla"))


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Address of the session's PostgreSQL; Django's connections go there from then on."""
    with running_postgres() as server:
        given = env.database(server.url)
        for name in ("HOST", "PORT", "USER", "PASSWORD"):
            connections["default"].settings_dict[name] = given[name]
        yield server.url
        connections.close_all()


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """Address of the session's Valkey; `settings.REDIS_URL` names it from then on."""
    with running_valkey() as server:
        settings.REDIS_URL = server.url
        yield server.url


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, postgres_url: str
) -> None:
    """Start the database server before pytest-django makes its database."""


def pytest_collection_finish(session: pytest.Session) -> None:
    """Compile before the first test: within one, a transaction or a worker would wait for it."""
    marks = ("servers", "scenario")
    if any(item.get_closest_marker(mark) for item in session.items for mark in marks):
        load()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long scenarios first, whatever the shuffle said: testers side by side end together."""
    items.sort(key=lambda item: item.get_closest_marker("scenario") is None)
