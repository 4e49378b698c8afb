"""REST: what of a bot depends on its books: its status, and whether it may be deleted."""

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from apps.bots import api as bots_api
from apps.bots.models import Bot
from apps.bots.visible import find_bot
from apps.common.api import View, endpoint
from apps.common.problems import Conflict, FieldProblem
from apps.ledger.services import BotBusy, delete_bot
from apps.ledger.standing import standing
from apps.ledger.unprotected import unprotected
from apps.ledger.visible import live_orders, open_positions


class Status(View):
    """GET: what is wanted, what workers report, and what is open at the exchange."""

    def get(self, request: Request, bot: str) -> Response:
        found = find_bot(reference=bot, user=self.caller)
        return Response(
            {
                "id": found.pk,
                "number": found.number,
                "name": found.name,
                "desired_status": found.desired_status,
                "stop_kind": found.stop_kind,
                "observed_status": found.observed_status,
                "status_reason": found.status_reason,
                "may": standing(bot_id=found.pk).mode,
                "account_status": found.account.status,
                "config_version": found.config.version if found.config else None,
                "heartbeat_at": found.heartbeat_at,
                "heartbeat_age_s": _age_s(found),
                "last_price_at": found.last_price_at,
                "last_signal_check": found.last_signal_check,
                "last_trade_at": found.last_trade_at,
                "unprotected": unprotected(bot_ids=[found.pk]).get(found.pk, ""),
                "live_orders": live_orders(bot=found).count(),
                "open_positions": open_positions(bot=found).count(),
            }
        )


def _age_s(bot: Bot) -> float | None:
    if bot.heartbeat_at is None:
        return None
    return round((timezone.now() - bot.heartbeat_at).total_seconds(), 3)


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
