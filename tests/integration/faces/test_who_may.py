"""Every route of the API: who is let in, and nobody sees or moves what is another's."""

import re
from collections.abc import Iterator

import pytest
from django.urls import get_resolver
from django.urls.resolvers import URLPattern, URLResolver
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.audit.models import AuditEvent
from apps.bots.models import Bot
from apps.common.access import Denied
from apps.research.models import Backtest
from apps.research.wishes import Wish
from tests.integration.faces.conftest import Caller
from tests.integration.faces.rows import a_bot, a_fill, a_position, an_order

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

OPEN_TO_ALL = {"api/auth/login", "api/health"}
ABOUT_THE_CALLER = {"api/auth/logout", "api/auth/me"}
EVERYBODYS = {"api/strategies", "api/strategies/{strategy}"}
WRITES = ("post", "put", "patch", "delete")


def _routes(patterns: list[URLPattern | URLResolver], before: str = "") -> Iterator[tuple]:
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns, route)
        elif route.startswith("api/"):
            shown = re.sub(r"\(\?P<(\w+)>[^)]+\)", r"{\1}", route).replace("^", "")
            yield shown.removesuffix("/?$"), pattern.callback.cls


ROUTES = dict(_routes(get_resolver().url_patterns))
CALLS = [
    (route, method)
    for route, view in ROUTES.items()
    for method in ("get", *WRITES)
    if hasattr(view, method)
]


@pytest.fixture
def adas(ada: User) -> dict[str, str]:
    """What stands in the routes' places: things of Ada."""
    bot = a_bot(ada)
    order = an_order(bot, "1test00000000000a1")
    a_fill(order, "t1", 2)
    a_position(bot, order.client_order_id)
    backtest = Backtest.objects.create(
        user=ada, name="dip buyer", strategy="rsi", wish=Wish("rsi").to_json(), source={}
    )
    return {
        "{bot}": str(bot.number),
        "{backtest}": str(backtest.number),
        "{client_order_id}": order.client_order_id,
        "{strategy}": "rsi",
    }


def _address(route: str, names: dict[str, str]) -> str:
    for place, value in names.items():
        route = route.replace(place, value)
    return f"/{route}"


def test_there_are_routes_and_each_view_names_its_permission() -> None:
    assert len(ROUTES) >= 10
    for route, view in ROUTES.items():
        assert Denied not in view.permission_classes, route
        assert view.permission_classes, route


@pytest.mark.parametrize(("route", "method"), [c for c in CALLS if c[0] not in OPEN_TO_ALL])
def test_without_a_token_the_answer_is_401(route: str, method: str, adas: dict[str, str]) -> None:
    answer = getattr(APIClient(), method)(_address(route, adas))

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Bearer"
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("route", "method"),
    [c for c in CALLS if c[0] not in OPEN_TO_ALL | ABOUT_THE_CALLER and c[1] in WRITES],
)
def test_a_viewer_may_not_write_even_to_their_own(
    route: str, method: str, ada: User, adas: dict[str, str], as_user: Caller
) -> None:
    User.objects.filter(pk=ada.pk).update(role="viewer")
    before = Bot.objects.values().get()

    answer = getattr(as_user(ada), method)(_address(route, adas), {}, format="json")

    assert answer.status_code == 403
    assert "viewer" in answer.json()["detail"]
    assert Bot.objects.values().get() == before
    assert AuditEvent.objects.count() == 0


@pytest.mark.parametrize(
    ("route", "method"), [c for c in CALLS if "{" in c[0] and c[0] not in EVERYBODYS]
)
@pytest.mark.parametrize("by", ["number", "pk"])
def test_things_of_others_are_not_found(
    route: str, method: str, by: str, bob: User, adas: dict[str, str], as_user: Caller
) -> None:
    before = Bot.objects.values().get()
    names = {
        **adas,
        "{bot}": str(getattr(Bot.objects.get(), by)),
        "{backtest}": str(getattr(Backtest.objects.get(), by)),
    }

    answer = getattr(as_user(bob), method)(_address(route, names), {}, format="json")

    assert answer.status_code == 404
    assert "dip buyer" not in answer.content.decode()
    assert Bot.objects.values().get() == before
    assert AuditEvent.objects.count() == 0


@pytest.mark.parametrize(
    "route",
    sorted({r for r, m in CALLS if m == "get" and "{" not in r} - OPEN_TO_ALL - EVERYBODYS),
)
@pytest.mark.parametrize("query", ["", "?all=true"])
def test_lists_leave_out_what_belongs_to_others(
    route: str, query: str, bob: User, adas: dict[str, str], as_user: Caller
) -> None:
    body = as_user(bob).get(f"/{route}{query}").json()

    assert body.get("results", []) == []
    assert "dip buyer" not in str(body)


@pytest.mark.parametrize("route", ["api/orders", "api/fills", "api/positions"])
def test_an_admin_sees_everybodys_only_when_asking_for_it(
    route: str, boss: User, adas: dict[str, str], as_user: Caller
) -> None:
    client = as_user(boss)

    assert client.get(f"/{route}").json()["results"] == []
    assert len(client.get(f"/{route}?all=true").json()["results"]) == 1


@pytest.mark.parametrize("reference", ["0", "99999999", "9" * 30, "x", "%00", "..%2f", "%D9%A1"])
def test_a_bot_that_is_not_there_is_not_found(reference: str, ada: User, as_user: Caller) -> None:
    answer = as_user(ada).get(f"/api/bots/{reference}/fills")

    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"
