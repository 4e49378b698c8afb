"""What the REST views of everything that is researched share."""

from abc import abstractmethod
from typing import Any

import django_filters
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.models import ExchangeAccount
from apps.accounts.visible import find_account
from apps.bots.bodies import NoBody
from apps.bots.models import Bot
from apps.bots.shapes import BotShape
from apps.bots.visible import find_bot
from apps.common.api import Query, View
from apps.common.body import checked
from apps.common.problems import Conflict, FieldProblem, Invalid
from apps.research import services
from apps.research.bodies import PaperBotWish
from apps.research.models import Job
from apps.research.refusals import ResearchRefused

NO_ACCOUNT = FieldProblem(
    "account",
    "account: you have none of this number, id or name.",
    "Give one of your own exchange accounts.",
)


class JobQuery(Query):
    """Jobs by status, strategy, symbol and part of their name."""

    status = django_filters.ChoiceFilter(
        choices=Job.Status.choices, help_text="Give queued, running, done, failed or canceled."
    )
    strategy = django_filters.CharFilter(max_length=60)
    symbol = django_filters.CharFilter(max_length=50)
    name = django_filters.CharFilter(lookup_expr="icontains", max_length=100)


class JobView(View):
    """One kind of job: how it is found and shown."""

    @abstractmethod
    def found(self) -> Any:
        """The job that the address names; a 404 when the caller sees none."""

    @abstractmethod
    def shown(self, job: Any) -> Any:
        """The job with its result, as JSON."""


class OneJob(JobView):
    """GET: a job with its result. DELETE: one that is over."""

    def get(self, request: Request, **_address: str) -> Response:
        return Response(self.shown(self.found()))

    def delete(self, request: Request, **_address: str) -> Response:
        found = self.found()
        key = found.pk
        try:
            services.delete_job(job=found, actor=self.caller)
        except ResearchRefused as refused:
            raise Conflict(sentence_of(refused)) from refused
        return Response({"deleted": key})


class CancelJob(JobView):
    """POST: end it; what is over stays as it is. Safe to repeat."""

    def cancel(self, job: Any) -> None:
        services.cancel_job(job=job, actor=self.caller)

    def post(self, request: Request, **_address: str) -> Response:
        found = self.found()
        checked(NoBody, request.data)
        self.cancel(found)
        return Response(self.shown(found))


class PaperBotOfJob(JobView):
    """POST: a stopped bot on paper money that does what was found."""

    body: type[PaperBotWish] = PaperBotWish

    @abstractmethod
    def bot_of(self, job: Any, *, account: ExchangeAccount | None, given: dict[str, Any]) -> Bot:
        """Make it; ResearchRefused."""

    def post(self, request: Request, **_address: str) -> Response:
        found = self.found()
        given = checked(self.body, request.data)
        account = None
        if "account" in given:
            account = find_account(reference=given["account"], user=self.caller)
            if account is None:
                raise Invalid([NO_ACCOUNT])
        try:
            bot = self.bot_of(found, account=account, given=given)
        except ResearchRefused as refused:
            raise Conflict(sentence_of(refused)) from refused
        shown = BotShape(find_bot(reference=str(bot.pk), user=self.caller)).data
        return Response(shown, status=201)


def sentence_of(error: ValueError) -> str:
    """The refusal as an answer says it."""
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."
