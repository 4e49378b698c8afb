"""Log in, log out, who am I."""

from datetime import timedelta

import pytest
from django.utils import timezone
from knox.models import AuthToken
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.audit.models import AuditEvent
from tests.integration.faces.conftest import Caller, Person

pytestmark = [pytest.mark.django_db, pytest.mark.servers]


def _login(username: str, password: str) -> object:
    return APIClient().post(
        "/api/auth/login", {"username": username, "password": password}, format="json"
    )


def test_a_login_answers_a_token_that_works(ada: User) -> None:
    answer = _login("ada", "ada-passes")

    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"token", "expiry", "user"}
    assert body["user"]["username"] == "ada"
    assert body["user"]["role"] == "operator"
    client = APIClient()
    me = client.get("/api/auth/me", HTTP_AUTHORIZATION=f"Bearer {body['token']}")
    assert me.status_code == 200
    assert me.json()["id"] == str(ada.pk)
    event = AuditEvent.objects.get(verb="login")
    assert event.actor_id == ada.pk
    assert body["token"] not in str(event.after)


@pytest.mark.parametrize("address", ["/api/auth/me", "/api/auth/me/"])
def test_an_address_works_with_and_without_its_last_slash(
    address: str, ada: User, as_user: Caller
) -> None:
    assert as_user(ada).get(address).status_code == 200


def test_a_wrong_password_gives_no_token_and_says_what_to_check(ada: User) -> None:
    answer = _login("ada", "wrong")

    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["WWW-Authenticate"] == "Bearer"
    assert answer.json() == {
        "type": "urn:flotilla:problem:not-authenticated",
        "title": "Unauthorized",
        "status": 401,
        "detail": "User name or password is wrong. Check both.",
        "instance": "/api/auth/login",
    }
    assert AuthToken.objects.count() == 0


def test_a_disabled_person_cannot_log_in(person: Person) -> None:
    person("gone", is_active=False)

    assert _login("gone", "gone-passes").status_code == 401
    assert AuthToken.objects.count() == 0


def test_guessing_a_password_ends_after_ten_attempts(ada: User) -> None:
    codes = [_login("ada", f"guess {attempt}").status_code for attempt in range(11)]

    assert codes == [401] * 10 + [429]
    refused = _login("ada", "ada-passes")
    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= 60
    assert AuthToken.objects.count() == 0


def test_a_forged_address_header_does_not_reset_the_throttle(ada: User) -> None:
    client = APIClient()
    codes = [
        client.post(
            "/api/auth/login",
            {"username": "ada", "password": "guess"},
            format="json",
            HTTP_X_FORWARDED_FOR=f"10.0.0.{attempt}",
        ).status_code
        for attempt in range(11)
    ]

    assert codes[-1] == 429


def test_a_logout_ends_this_token_and_no_other(ada: User, as_user: Caller) -> None:
    first, second = as_user(ada), as_user(ada)

    assert first.post("/api/auth/logout").status_code == 204

    assert first.get("/api/auth/me").status_code == 401
    assert second.get("/api/auth/me").status_code == 200


def test_an_expired_token_is_refused(ada: User) -> None:
    row, token = AuthToken.objects.create(user=ada)
    AuthToken.objects.filter(pk=row.pk).update(expiry=timezone.now() - timedelta(seconds=1))

    answer = APIClient().get("/api/auth/me", HTTP_AUTHORIZATION=f"Bearer {token}")

    assert answer.status_code == 401


@pytest.mark.parametrize("header", ["Bearer", "Bearer x", "Bearer a b", "Token x", "Bearer é"])
def test_a_malformed_token_is_refused_like_none(header: str, db: None) -> None:
    answer = APIClient().get("/api/auth/me", HTTP_AUTHORIZATION=header)

    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"


def test_a_session_may_read_but_a_post_needs_its_csrf_token(ada: User) -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(ada)

    assert client.get("/api/auth/me").status_code == 200
    answer = client.post("/api/auth/logout")

    assert answer.status_code == 403
    assert "CSRF" in answer.json()["detail"]
    assert client.get("/api/auth/me").status_code == 200


@pytest.mark.parametrize(
    ("body", "field", "remedy"),
    [
        ({"username": "ada"}, "password", "Give your password."),
        ({"username": "", "password": "x"}, "username", "Give your user name."),
        ({"username": "a", "password": "x", "otp": 1}, "otp", "The fields are"),
        ({"username": ["a"], "password": "x"}, "username", "Give your user name."),
    ],
)
def test_a_login_body_that_is_wrong_names_field_and_remedy(
    body: dict[str, object], field: str, remedy: str, ada: User
) -> None:
    answer = APIClient().post("/api/auth/login", body, format="json")

    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert error["field"] == field
    assert field in error["detail"]
    assert error["remedy"].startswith(remedy)


def test_a_body_is_json_whatever_its_label(ada: User) -> None:
    answer = APIClient().generic(
        "POST",
        "/api/auth/login",
        '{"username": "ada", "password": "ada-passes"}',
        content_type="application/x-www-form-urlencoded",
    )

    assert answer.status_code == 200


@pytest.mark.parametrize("raw", ["{", "[1]", '{"a": NaN}', "[" * 100_000, '"x"', b"\xff\xfe"])
def test_a_body_that_is_no_json_object_is_refused(raw: str | bytes, db: None) -> None:
    answer = APIClient().generic("POST", "/api/auth/login", raw, content_type="application/json")

    assert answer.status_code == 400
    assert "JSON" in answer.json()["detail"]


def test_a_body_above_the_limit_is_refused_unread(db: None) -> None:
    answer = APIClient().generic("POST", "/api/auth/login", b" " * 1_000_001)

    assert answer.status_code == 413


def test_an_unknown_api_address_is_a_problem_and_other_addresses_a_page(db: None) -> None:
    answer = APIClient().get("/api/nothing")

    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"
    assert "/api/nothing" in answer.json()["detail"]
    assert APIClient().get("/nothing")["Content-Type"].startswith("text/html")


def test_the_front_page_leads_a_stranger_to_the_login(db: None) -> None:
    answer = APIClient().get("/")

    assert answer.status_code == 302
    assert answer["Location"] == "/login/?next=/"
