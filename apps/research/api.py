"""REST: backtests: ask for one, look at it, cancel it, read its report, make a bot of it."""

from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.models import ExchangeAccount, User
from apps.accounts.visible import find_account
from apps.bots.models import Bot
from apps.bots.refusals import problem_of
from apps.bots.visible import find_bot
from apps.common.api import endpoint, sees_all
from apps.common.body import checked
from apps.common.problems import Conflict, FieldProblem, Invalid
from apps.markets.queries import find_market
from apps.research import services
from apps.research.bodies import BacktestWish
from apps.research.job_api import (
    NO_ACCOUNT,
    CancelJob,
    JobQuery,
    JobView,
    OneJob,
    PaperBotOfJob,
    sentence_of,
)
from apps.research.models import Backtest
from apps.research.queries import backtests_of, find_backtest
from apps.research.refusals import ResearchRefused
from apps.research.reports import stored_page
from apps.research.shapes import BacktestShape, WholeBacktestShape
from apps.research.stored import find_stored_market
from apps.research.wishes import Wish

_OF_THE_WISH = ("preset", "parameters", "plan", "limits", "capital", "fee", "maker_fee", "slippage")
DEFAULT_TIMEFRAME, DEFAULT_EXCHANGE = "5m", "binance"


class OfBacktests(JobView):
    """How a backtest is found and shown."""

    def found(self) -> Backtest:
        return find_backtest(reference=self.kwargs["backtest"], user=self.caller)

    def shown(self, job: Backtest) -> Any:
        whole = Backtest.objects.select_related("user").get(pk=job.pk)
        return WholeBacktestShape(whole).data


class Backtests(OfBacktests):
    """GET: one's backtests. POST: a new one, run as soon as a research process is free."""

    def post(self, request: Request) -> Response:
        wish = checked(BacktestWish, request.data)
        try:
            row = services.create_backtest(user=self.caller, **asked_of(wish, self.caller))
        except ResearchRefused as refused:
            raise refused_of(refused, wish) from refused
        return Response(self.shown(row), status=201)

    def get(self, request: Request) -> Response:
        rows = backtests_of(user=self.caller, everybody=sees_all(request))
        return self.page(JobQuery.narrow(rows, request), shape=BacktestShape, order=("-number",))


class OneBacktest(OfBacktests, OneJob):
    """GET: a backtest with its result. DELETE: one that is over."""


class Cancel(OfBacktests, CancelJob):
    """POST: end it; what is over stays as it is. Safe to repeat."""


class Report(OfBacktests):
    """GET: the page with charts, complete in itself."""

    def get(self, request: Request, backtest: str) -> HttpResponse:
        try:
            return HttpResponse(stored_page(self.found()))
        except ResearchRefused as refused:
            raise Conflict(sentence_of(refused)) from refused


class PaperBot(OfBacktests, PaperBotOfJob):
    """POST: a stopped bot on paper money that does what the backtest did."""

    def bot_of(
        self, job: Backtest, *, account: ExchangeAccount | None, given: dict[str, Any]
    ) -> Bot:
        return services.start_paper_bot(
            backtest=job, actor=self.caller, account=account, name=given.get("name", "")
        )


# ---- from a request to what the service takes --------------------------------------------------


def asked_of(given: dict[str, Any], user: User) -> dict[str, Any]:
    """Bars and wish of a body, as services.create_backtest takes them."""
    asked: dict[str, Any] = {
        name: given[name]
        for name in ("name", "start", "end", "generated", "detail_timeframe", "columns")
        if name in given
    }  # fmt: skip
    values = {name: given[name] for name in _OF_THE_WISH if name in given}
    timeframe = given.get("timeframe")
    if "bot" in given:
        bot = find_bot(reference=given["bot"], user=user)
        values = _over(services.values_of(bot), values)
        timeframe = timeframe or bot.timeframe
        if "symbol" not in given and "generated" not in given:
            asked["market"] = bot.market
    elif "strategy" not in given:
        raise ResearchRefused("strategy: name one, or a bot that has one")
    asked["timeframe"] = timeframe = timeframe or DEFAULT_TIMEFRAME
    if "symbol" in given:
        asked["market"] = _market(given, timeframe, user)
    strategy = given.get("strategy") or values.pop("strategy")
    return {**asked, "wish": Wish(**{**values, "strategy": strategy})}


def _over(usual: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """Single parameters, plan fields and limits win, the bot's others stay."""
    joined = {**usual, **values}
    for name in ("parameters", "plan", "limits"):
        joined[name] = {**usual[name], **values.get(name, {})}
    return joined


def _market(given: dict[str, Any], timeframe: str, user: User) -> Any:
    if "account" not in given:
        return find_stored_market(
            exchange=given.get("exchange", DEFAULT_EXCHANGE),
            symbol=given["symbol"],
            timeframe=timeframe,
        )
    account = find_account(reference=given["account"], user=user)
    if account is None:
        raise Invalid([NO_ACCOUNT])
    market = find_market(
        exchange=account.exchange,
        environment=account.environment,
        venue_name=account.venue_name,
        symbol=given["symbol"],
    )
    if market is None:
        raise ResearchRefused(
            f"symbol {given['symbol']!r} is not a spot market of {account}: "
            "choose one of its markets"
        )
    return market


def refused_of(
    error: ValueError, given: dict[str, Any], *, body: type[BacktestWish] = BacktestWish
) -> Invalid:
    """The answer that names the field."""
    remedies = {name: str(field.help_text or "") for name, field in body().fields.items()}
    strategy = str(given.get("strategy", ""))
    problem = problem_of(error, remedies=remedies, strategy=strategy)
    first = str(error).partition(" ")[0]
    for group in ("plan", "limits"):
        if first in given.get(group, {}):
            problem = FieldProblem(f"{group}.{first}", sentence_of(error), remedies[group])
    return Invalid([problem])


urlpatterns = [
    endpoint("backtests", Backtests, "backtests"),
    endpoint("backtests/{backtest}", OneBacktest, "backtest"),
    endpoint("backtests/{backtest}/cancel", Cancel, "backtest-cancel"),
    endpoint("backtests/{backtest}/report", Report, "backtest-report"),
    endpoint("backtests/{backtest}/bot", PaperBot, "backtest-bot"),
]
