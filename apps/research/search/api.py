"""REST: searches: ask for one, look at it, cancel it, make a bot of one of its best sets."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.models import ExchangeAccount, User
from apps.bots.models import Bot
from apps.common.api import endpoint, sees_all
from apps.common.body import checked
from apps.research.api import asked_of, refused_of
from apps.research.job_api import CancelJob, JobQuery, JobView, OneJob, PaperBotOfJob
from apps.research.refusals import ResearchRefused
from apps.research.search import services
from apps.research.search.aims import USUAL_AIM, USUAL_TRADES, Aims
from apps.research.search.asked import Asked
from apps.research.search.bodies import SearchBotWish, SearchWish
from apps.research.search.models import Search
from apps.research.search.queries import find_search, searches_of
from apps.research.search.shapes import SearchShape, WholeSearchShape
from apps.research.search.space import space_of
from apps.research.services import known_strategy

USUAL_SPREAD = 2
# As the body names them, as Asked does.
_OF_ASKED = {
    "method": "method",
    "sets": "sets",
    "seed": "seed",
    "held_out": "held_out",
    "walk_forward": "walk",
    "windows": "windows",
    "monte_carlo": "draws",
}


class OfSearches(JobView):
    """How a search is found and shown."""

    def found(self) -> Search:
        return find_search(reference=self.kwargs["search"], user=self.caller)

    def shown(self, job: Search) -> Any:
        return WholeSearchShape(Search.objects.select_related("user").get(pk=job.pk)).data


class Searches(OfSearches):
    """GET: one's searches. POST: a new one, run as soon as research processes are free."""

    def post(self, request: Request) -> Response:
        given = checked(SearchWish, request.data)
        try:
            row = _created(given, self.caller)
        except ResearchRefused as refused:
            raise refused_of(refused, given, body=SearchWish) from refused
        return Response(self.shown(row), status=201)

    def get(self, request: Request) -> Response:
        rows = searches_of(user=self.caller, everybody=sees_all(request))
        return self.page(JobQuery.narrow(rows, request), shape=SearchShape, order=("-number",))


class OneSearch(OfSearches, OneJob):
    """GET: a search with its result. DELETE: one that is over."""


class Cancel(OfSearches, CancelJob):
    """POST: end it; what is over stays as it is. Safe to repeat."""

    def cancel(self, job: Search) -> None:
        services.cancel_search(search=job, actor=self.caller)


class PaperBot(OfSearches, PaperBotOfJob):
    """POST: a stopped bot on paper money with the best set, or the one at a place."""

    body = SearchBotWish

    def bot_of(self, job: Search, *, account: ExchangeAccount | None, given: dict[str, Any]) -> Bot:
        return services.start_paper_bot(
            search=job,
            actor=self.caller,
            place=given.get("place", 1),
            account=account,
            name=given.get("name", ""),
        )


def _created(given: dict[str, Any], user: User) -> Search:
    what = asked_of(given, user)
    wish = what.pop("wish")
    strategy = known_strategy(wish.strategy)
    ranges = given.get("ranges", {})
    asked = Asked(
        wish=wish,
        space=space_of(strategy, ranges=ranges, fixed=[] if ranges else list(wish.parameters)),
        aims=Aims(
            tuple(given.get("objectives", [USUAL_AIM])),
            given.get("min_trades", USUAL_TRADES),
            given.get("max_drawdown"),
        ),
        **{name: given[key] for key, name in _OF_ASKED.items() if key in given},
    )
    return services.create_search(
        user=user, asked=asked, spread=given.get("spread", USUAL_SPREAD), **what
    )


urlpatterns = [
    endpoint("searches", Searches, "searches"),
    endpoint("searches/{search}", OneSearch, "search"),
    endpoint("searches/{search}/cancel", Cancel, "search-cancel"),
    endpoint("searches/{search}/bot", PaperBot, "search-bot"),
]
