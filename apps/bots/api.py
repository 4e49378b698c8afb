"""REST: bots: what they are to do, and what they did."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from apps.bots.models import Bot, BotLog
from apps.bots.shapes import BotShape, ConfigurationShape, LogShape
from apps.bots.visible import bots_of, find_bot, log_of
from apps.common.api import Query, View, endpoint, sees_all
from apps.common.reference import ReferenceField
from apps.markets.symbols import meant_by


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

    def get(self, request: Request) -> Response:
        rows = bots_of(user=self.caller, everybody=sees_all(request))
        return self.page(BotQuery.narrow(rows, request), shape=BotShape, order=("-number",))


class OneBot(View):
    """GET: a bot. PUT: change what is given of it."""

    def get(self, request: Request, bot: str) -> Response:
        return Response(BotShape(find_bot(reference=bot, user=self.caller)).data)


class Configuration(View):
    """GET: the version in force."""

    def get(self, request: Request, bot: str) -> Response:
        found = find_bot(reference=bot, user=self.caller)
        return Response(ConfigurationShape(found.config).data)


class Log(View):
    """GET: what the bot did, in words, newest first."""

    def get(self, request: Request, bot: str) -> Response:
        rows = log_of(bot=find_bot(reference=bot, user=self.caller))
        return self.page(LogQuery.narrow(rows, request), shape=LogShape, order=("-at",))


urlpatterns = [
    endpoint("bots", Bots, "bots"),
    endpoint("bots/{bot}/config", Configuration, "bot-config"),
    endpoint("bots/{bot}/logs", Log, "bot-logs"),
    endpoint("bots/{bot}", OneBot, "bot"),
]
