"""People with and without rights, and a way to call the API as each of them."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache import cache
from knox.models import AuthToken
from rest_framework.test import APIClient

from apps.accounts.models import User

Person = Callable[..., User]
Caller = Callable[[User], APIClient]


@pytest.fixture(autouse=True)
def no_throttle_carried_over() -> Iterator[None]:
    """Attempts counted by one test must not count in the next."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def person(db: None) -> Person:
    """Make a user: person("ada"), person("eve", role="viewer")."""

    def make(username: str, *, role: str = "operator", **fields: Any) -> User:
        return User.objects.create_user(
            username=username, password=f"{username}-passes", role=role, **fields
        )

    return make


@pytest.fixture
def ada(person: Person) -> User:
    return person("ada")


@pytest.fixture
def bob(person: Person) -> User:
    return person("bob")


@pytest.fixture
def boss(person: Person) -> User:
    return person("boss", role="admin", is_staff=True)


@pytest.fixture
def viewer(person: Person) -> User:
    return person("vera", role="viewer")


@pytest.fixture
def as_user() -> Caller:
    """A client whose calls carry a token of the user."""

    def make(user: User) -> APIClient:
        _, token = AuthToken.objects.create(user=user)
        client = APIClient(raise_request_exception=True)
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
        client.default_format = "json"
        return client

    return make
