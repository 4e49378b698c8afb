"""REST: bots: what they are to do, and what they did."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import django_filters
from django.db import transaction
from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.models import User
from apps.accounts.visible import find_account
from apps.bots import services
from apps.bots.bodies import BotChange, BotWish, NoBody, StopWish
from apps.bots.models import Bot, BotLog
from apps.bots.refusals import problem_of
from apps.bots.shapes import BotShape, ConfigurationShape, LogShape
from apps.bots.visible import bots_of, find_bot, log_of
from apps.common.api import Query, View, endpoint, sees_all
from apps.common.body import checked
from apps.common.problems import Conflict, FieldProblem, Invalid
from apps.common.reference import ReferenceField
from apps.markets.symbols import meant_by

_NO_ACCOUNT = FieldProblem(
    "account",
    "account: you have none of this number, id or name.",
    "Give one of your own exchange accounts.",
)


class AccountFilter(django_filters.Filter):  # type: ignore[misc]
    """Bots of the account that a number or id names."""

    field_class = ReferenceField

    def filter(self, rows: QuerySet[Any], meant: Any) -> QuerySet[Any]:
        if meant is None:
            return rows
        (column, value), *_ = meant.children
        return rows.filter(**{f"account__{column}": value})


class BotQuery(Query):
    """Bots by status, symbol, strategy, account and part of their name."""

    status = django_filters.ChoiceFilter(
        field_name="observed_status",
        choices=Bot.Observed.choices,
        help_text="Give what workers report, such as RUNNING or STOPPED.",
    )
    desired_status = django_filters.ChoiceFilter(choices=Bot.Desired.choices)
    symbol = django_filters.CharFilter(method="of_symbol", max_length=50)
    strategy = django_filters.CharFilter(max_length=60)
    account = AccountFilter(help_text="Give an account's number or id.")
    name = django_filters.CharFilter(lookup_expr="icontains", max_length=100)

    def of_symbol(self, rows: QuerySet[Any], name: str, symbol: str) -> QuerySet[Any]:
        return rows.filter(market__symbol__in=meant_by(symbol))


class LogQuery(Query):
    """Log lines by level and time."""

    level = django_filters.ChoiceFilter(
        choices=BotLog.Level.choices, help_text="Give INFO, WARNING or ERROR."
    )
    since = django_filters.IsoDateTimeFilter(field_name="at", lookup_expr="gte")
    until = django_filters.IsoDateTimeFilter(field_name="at", lookup_expr="lt")


class Bots(View):
    """GET: one's bots. POST: a new one, stopped."""

    def post(self, request: Request) -> Response:
        wish = checked(BotWish, request.data)
        account = find_account(reference=wish.pop("account"), user=self.caller)
        if account is None:
            raise Invalid([_NO_ACCOUNT])
        try:
            bot = services.create_bot(user=self.caller, account=account, **wish)
        except services.BotRefused as error:
            raise _refused(error, BotWish, wish["strategy"]) from error
        return Response(_shown(bot, self.caller), status=201)

    def get(self, request: Request) -> Response:
        rows = bots_of(user=self.caller, everybody=sees_all(request))
        return self.page(BotQuery.narrow(rows, request), shape=BotShape, order=("-number",))


class OneBot(View):
    """GET: a bot. PUT, PATCH: change what is given of it. `apps.ledger` adds DELETE."""

    def put(self, request: Request, bot: str) -> Response:
        found = find_bot(reference=bot, user=self.caller)
        change = checked(BotChange, request.data)
        try:
            _change(found, change, actor=self.caller)
        except services.VersionMoved as error:
            raise Conflict(_sentence(error)) from error
        except services.BotRefused as error:
            raise _refused(error, BotChange, found.strategy) from error
        return Response(_shown(found, self.caller))

    patch = put

    def get(self, request: Request, bot: str) -> Response:
        return Response(BotShape(find_bot(reference=bot, user=self.caller)).data)


class Configuration(OneBot):
    """GET: the version in force. PUT, PATCH: as of the bot itself."""

    def get(self, request: Request, bot: str) -> Response:
        found = find_bot(reference=bot, user=self.caller)
        return Response(ConfigurationShape(found.config).data)


class Log(View):
    """GET: what the bot did, in words, newest first."""

    def get(self, request: Request, bot: str) -> Response:
        rows = log_of(bot=find_bot(reference=bot, user=self.caller))
        return self.page(LogQuery.narrow(rows, request), shape=LogShape, order=("-at",))


class Start(View):
    """POST: let the bot trade. Safe to repeat."""

    def post(self, request: Request, bot: str) -> Response:
        found = find_bot(reference=bot, user=self.caller)
        checked(NoBody, request.data)
        with _conflicts():
            services.start_bot(bot=found, actor=self.caller)
        return Response(_shown(found, self.caller))


class Pause(View):
    """POST: no entries from now on, exits go on. Safe to repeat."""

    def post(self, request: Request, bot: str) -> Response:
        found = find_bot(reference=bot, user=self.caller)
        checked(NoBody, request.data)
        with _conflicts():
            services.pause_bot(bot=found, actor=self.caller)
        return Response(_shown(found, self.caller))


class Resume(View):
    """POST: let a paused bot open positions again. Safe to repeat."""

    def post(self, request: Request, bot: str) -> Response:
        found = find_bot(reference=bot, user=self.caller)
        checked(NoBody, request.data)
        with _conflicts():
            services.resume_bot(bot=found, actor=self.caller)
        return Response(_shown(found, self.caller))


class Stop(View):
    """POST: stop; `position` says what becomes of an open one. Safe to repeat."""

    def post(self, request: Request, bot: str) -> Response:
        found = find_bot(reference=bot, user=self.caller)
        wish = checked(StopWish, request.data)
        with _conflicts():
            services.stop_bot(bot=found, actor=self.caller, kind=wish["position"])
        return Response(_shown(found, self.caller))


def _change(bot: Bot, change: dict[str, Any], *, actor: User) -> None:
    """Name and description, then the configuration; both or neither."""
    words = {name: change.pop(name) for name in ("name", "description") if name in change}
    expected = change.pop("version", None)
    with transaction.atomic():
        if words:
            services.describe_bot(bot=bot, actor=actor, **words)
        if change or expected is not None:
            services.update_configuration(bot=bot, actor=actor, expected_version=expected, **change)


def _shown(bot: Bot, user: User) -> Any:
    """The bot as it stands now: services change the row, not the object given."""
    return BotShape(find_bot(reference=str(bot.pk), user=user)).data


def _refused(error: ValueError, body: type[Any], strategy: str) -> Invalid:
    remedies = {name: str(field.help_text or "") for name, field in body().fields.items()}
    return Invalid([problem_of(error, remedies=remedies, strategy=strategy)])


@contextmanager
def _conflicts() -> Iterator[None]:
    """What a bot's present state does not admit is a conflict."""
    try:
        yield
    except services.BotRefused as error:
        raise Conflict(_sentence(error)) from error


def _sentence(error: ValueError) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."


urlpatterns = [
    endpoint("bots", Bots, "bots"),
    endpoint("bots/{bot}/config", Configuration, "bot-config"),
    endpoint("bots/{bot}/logs", Log, "bot-logs"),
    endpoint("bots/{bot}/start", Start, "bot-start"),
    endpoint("bots/{bot}/pause", Pause, "bot-pause"),
    endpoint("bots/{bot}/resume", Resume, "bot-resume"),
    endpoint("bots/{bot}/stop", Stop, "bot-stop"),
]
