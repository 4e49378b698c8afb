"""REST: what bots made: profit and totals with the prices and rates used, days, equity."""

from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.visible import find_account
from apps.bots.visible import find_bot
from apps.common.api import Moment, View, endpoint, plain, sees_all
from apps.common.body import checked
from apps.common.exact import exactly, stored
from apps.common.moments import to_ms
from apps.common.problems import FieldProblem, Invalid
from apps.ledger.profit import Figures, bot_figures
from apps.ledger.queries import Day, daily_figures, equity_curve
from apps.ledger.rates import Rate
from apps.ledger.totals import Sums, total_figures

MOST_POINTS = 5_000
AMOUNTS = [
    "capital",
    "realised",
    "unrealised",
    "fees",
    "change",
    "equity",
    "net_realised",
    "net_unrealised",
    "quantity",
    "dust",
    "average_price",
    "value",
    "price",
    "volume",
]
_SINCE = "Give a time such as 2026-11-20T12:00:00Z."


class Span(serializers.Serializer[Any]):
    """A stretch of time: from `since` on, before `until`."""

    since = serializers.DateTimeField(required=False, help_text=_SINCE)
    until = serializers.DateTimeField(required=False, help_text=_SINCE)


class DaySpan(Span):
    """Days, newest first; `next` of an answer leads to older ones."""

    limit = serializers.IntegerField(
        min_value=1, max_value=500, default=50, help_text="Give 1 to 500 days."
    )


class PointSpan(Span):
    """A curve of at most so many points."""

    points = serializers.IntegerField(
        min_value=2, max_value=MOST_POINTS, default=1_000, help_text=f"Give 2 to {MOST_POINTS}."
    )


class TotalWish(serializers.Serializer[Any]):
    """Of one account, of all one's bots, or (admins) of the whole installation."""

    account = serializers.CharField(
        required=False, max_length=60, help_text="Give the number, id or name of your account."
    )
    all = serializers.BooleanField(required=False, help_text="Give true or false.")


class Profit(View):
    """GET: the bot's profit and loss in its quote asset, and the price that values its coins."""

    def get(self, request: Request, bot: str) -> Response:
        found = find_bot(reference=bot, user=self.caller)
        return Response(_profit(bot_figures([found.pk])[found.pk]))


class Days(View):
    """GET: the bot's UTC days, newest first; days without fills have zeros."""

    def get(self, request: Request, bot: str) -> Response:
        found = find_bot(reference=bot, user=self.caller)
        wish = checked(DaySpan, request.query_params.dict())
        days = daily_figures(bot=found, since=_ms(wish, "since"), until=_ms(wish, "until"))
        shown = days[-wish["limit"] :]
        older = _older(request, shown[0]) if len(shown) < len(days) else None
        return Response({"next": older, "results": [_day(day) for day in reversed(shown)]})


class Equity(View):
    """GET: the bot's worth after its fills, oldest first, thinned evenly."""

    def get(self, request: Request, bot: str) -> Response:
        found = find_bot(reference=bot, user=self.caller)
        wish = checked(PointSpan, request.query_params.dict())
        until = _ms(wish, "until")
        points = equity_curve(
            bot=found,
            since=_ms(wish, "since") or 0,
            until=to_ms(timezone.now()) + 1 if until is None else until,
            most=wish["points"],
        )
        results = [{"at": _time(at), "equity": plain(equity)} for at, equity in points]
        return Response({"quote": found.quote, "results": results})


class Total(View):
    """GET: all one's bots together in the reporting currency; ?account=, or ?all=true."""

    def get(self, request: Request) -> Response:
        wish = checked(TotalWish, request.query_params.dict())
        account = None
        if "account" in wish:
            account = find_account(reference=wish["account"], user=self.caller)
            if account is None:
                detail = "account: you have no such exchange account."
                raise Invalid([FieldProblem("account", detail, "Give one of your accounts.")])
        totals = total_figures(user=None if sees_all(request) else self.caller, account=account)
        return Response(
            {
                "currency": totals.currency,
                **_sums(totals.sums),
                "rates": [_rate(rate) for rate in totals.rates],
                "unconverted": {asset: _sums(sums) for asset, sums in totals.unconverted.items()},
                "unvalued_fees": _by_asset(totals.unvalued_fees),
                "deleted_change": plain(stored(totals.deleted_change)),
                "deleted_unconverted": _by_asset(totals.deleted_unconverted),
                "priceless_bots": totals.priceless_bots,
                "price_age_s": totals.price_age_s,
            }
        )


def _profit(figures: Figures) -> dict[str, Any]:
    today = figures.today
    return {
        "quote": figures.quote,
        "base": figures.base,
        **{name: _amount(getattr(figures, name)) for name in AMOUNTS},
        "other_fees": _by_asset(figures.other_fees),
        "unvalued_fees": _by_asset(figures.unvalued_fees),
        "price_source": figures.price_source,
        "price_at": None if figures.price_at is None else _time(figures.price_at),
        "price_age_s": figures.price_age_s,
        "open_positions": figures.open_positions,
        "fills": figures.fills,
        "trades": figures.trades,
        "wins": figures.wins,
        "losses": figures.losses,
        "today": {item.name: _amount(getattr(today, item.name)) for item in fields(today)},
    }


def _day(day: Day) -> dict[str, Any]:
    return {item.name: _amount(getattr(day, item.name)) for item in fields(day)}


def _sums(sums: Sums) -> dict[str, Any]:
    amounts = ("capital", "realised", "unrealised", "fees", "change", "equity", "today_pnl")
    return {"bots": sums.bots, **{name: _amount(getattr(sums, name)) for name in amounts}}


def _rate(rate: Rate) -> dict[str, Any]:
    return {
        "asset": rate.asset,
        "currency": rate.currency,
        "value": plain(rate.value),
        "path": rate.path,
        "at": _time(rate.at),
        "age_s": rate.age_s,
    }


def _by_asset(amounts: Any) -> dict[str, str]:
    return {asset: plain(amount) for asset, amount in amounts.items()}


def _amount(value: Any) -> Any:
    """Amounts as text in full; counts, dates and None as they are."""
    if not isinstance(value, Decimal):
        return value
    with exactly():
        return plain(stored(value))


def _time(at: int) -> str:
    return Moment().to_representation(at)


def _ms(wish: dict[str, Any], name: str) -> int | None:
    given: datetime | None = wish.get(name)
    return None if given is None else to_ms(given)


def _older(request: Request, first: Day) -> str:
    """The address of the days before the first one shown."""
    query = request.query_params.copy()
    query["until"] = f"{first.day.isoformat()}T00:00:00Z"
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")


urlpatterns = [
    endpoint("bots/{bot}/stats", Days, "bot-stats"),
    endpoint("bots/{bot}/stats/pnl", Profit, "bot-pnl"),
    endpoint("bots/{bot}/equity", Equity, "bot-equity"),
    endpoint("pnl", Total, "pnl"),
]
