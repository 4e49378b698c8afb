"""REST: searches: ask for one, look at it, cancel it, make a bot of one of its best sets."""

from typing import Any

import django_filters
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.models import User
from apps.accounts.visible import find_account
from apps.bots.bodies import NoBody
from apps.bots.catalogue import known_strategies
from apps.bots.shapes import BotShape
from apps.bots.visible import find_bot
from apps.common.api import Query, View, endpoint, sees_all
from apps.common.body import checked
from apps.common.problems import Conflict, Invalid
from apps.research.api import NO_ACCOUNT, asked_of, refused_of, sentence_of
from apps.research.models import Job
from apps.research.refusals import ResearchRefused
from apps.research.search import services
from apps.research.search.aims import USUAL_AIM, USUAL_TRADES, Aims
from apps.research.search.asked import Asked
from apps.research.search.bodies import SearchBotWish, SearchWish
from apps.research.search.models import Search
from apps.research.search.queries import find_search, searches_of
from apps.research.search.shapes import SearchShape, WholeSearchShape
from apps.research.search.space import space_of

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


class SearchQuery(Query):
    """Searches by status, strategy, symbol and part of their name."""

    status = django_filters.ChoiceFilter(
        choices=Job.Status.choices, help_text="Give queued, running, done, failed or canceled."
    )
    strategy = django_filters.CharFilter(max_length=60)
    symbol = django_filters.CharFilter(max_length=50)
    name = django_filters.CharFilter(lookup_expr="icontains", max_length=100)


class Searches(View):
    """GET: one's searches. POST: a new one, run as soon as research processes are free."""

    def post(self, request: Request) -> Response:
        given = checked(SearchWish, request.data)
        try:
            row = _created(given, self.caller)
        except ResearchRefused as refused:
            raise refused_of(refused, given, body=SearchWish) from refused
        return Response(_shown(row), status=201)

    def get(self, request: Request) -> Response:
        rows = searches_of(user=self.caller, everybody=sees_all(request))
        return self.page(SearchQuery.narrow(rows, request), shape=SearchShape, order=("-number",))


class OneSearch(View):
    """GET: a search with its result. DELETE: one that is over."""

    def get(self, request: Request, search: str) -> Response:
        return Response(_shown(find_search(reference=search, user=self.caller)))

    def delete(self, request: Request, search: str) -> Response:
        found = find_search(reference=search, user=self.caller)
        try:
            services.delete_search(search=found, actor=self.caller)
        except ResearchRefused as refused:
            raise Conflict(sentence_of(refused)) from refused
        return Response({"deleted": found.pk})


class Cancel(View):
    """POST: end it; what is over stays as it is. Safe to repeat."""

    def post(self, request: Request, search: str) -> Response:
        found = find_search(reference=search, user=self.caller)
        checked(NoBody, request.data)
        services.cancel_search(search=found, actor=self.caller)
        return Response(_shown(found))


class PaperBot(View):
    """POST: a stopped bot on paper money with the best set, or the one at a place."""

    def post(self, request: Request, search: str) -> Response:
        found = find_search(reference=search, user=self.caller)
        given = checked(SearchBotWish, request.data)
        account = None
        if "account" in given:
            account = find_account(reference=given["account"], user=self.caller)
            if account is None:
                raise Invalid([NO_ACCOUNT])
        try:
            bot = services.start_paper_bot(
                search=found,
                actor=self.caller,
                place=given.get("place", 1),
                account=account,
                name=given.get("name", ""),
            )
        except ResearchRefused as refused:
            raise Conflict(sentence_of(refused)) from refused
        shown = BotShape(find_bot(reference=str(bot.pk), user=self.caller)).data
        return Response(shown, status=201)


def _created(given: dict[str, Any], user: User) -> Search:
    what = asked_of(given, user)
    wish = what.pop("wish")
    known = known_strategies()
    if wish.strategy not in known:
        raise ResearchRefused(
            f"strategy {wish.strategy!r} is unknown; use one of {', '.join(known)}"
        )
    ranges = given.get("ranges", {})
    asked = Asked(
        wish=wish,
        space=space_of(
            known[wish.strategy], ranges=ranges, fixed=[] if ranges else list(wish.parameters)
        ),
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


def _shown(row: Search) -> Any:
    return WholeSearchShape(Search.objects.select_related("user").get(pk=row.pk)).data


urlpatterns = [
    endpoint("searches", Searches, "searches"),
    endpoint("searches/{search}", OneSearch, "search"),
    endpoint("searches/{search}/cancel", Cancel, "search-cancel"),
    endpoint("searches/{search}/bot", PaperBot, "search-bot"),
]
