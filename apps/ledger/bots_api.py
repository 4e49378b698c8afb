"""REST: what of a bot depends on its books: its status, and whether it may be deleted."""

from rest_framework.request import Request
from rest_framework.response import Response

from apps.bots import api as bots_api
from apps.bots.visible import find_bot
from apps.common.api import View, endpoint
from apps.common.problems import Conflict, FieldProblem
from apps.ledger.services import BotBusy, delete_bot
from apps.ledger.status import statuses_of


class Status(View):
    """GET: what is wanted, what workers report, and what is open at the exchange."""

    def get(self, request: Request, bot: str) -> Response:
        found = find_bot(reference=bot, user=self.caller)
        return Response(statuses_of(bots=[found])[0])


class OneBot(bots_api.OneBot):
    """GET and PUT as the bots have them. DELETE: a stopped, flat bot; tells the coins it leaves."""

    def delete(self, request: Request, bot: str) -> Response:
        found = find_bot(reference=bot, user=self.caller)
        try:
            left = delete_bot(bot=found, actor=self.caller)
        except BotBusy as busy:
            raise Conflict(
                f"{found.name} cannot be deleted: {busy}.",
                [_problem(reason) for reason in busy.reasons],
            ) from busy
        return Response({"deleted": found.pk, "coins_left": left})


def _problem(reason: str) -> FieldProblem:
    detail, _, remedy = reason.partition(": ")
    return FieldProblem("bot", f"bot: {detail}.", f"{remedy[:1].upper()}{remedy[1:]}.")


urlpatterns = [
    endpoint("bots/{bot}", OneBot, "bot"),
    endpoint("bots/{bot}/status", Status, "bot-status"),
]
