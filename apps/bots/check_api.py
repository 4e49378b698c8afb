"""REST: look at a configuration before it is saved: what it would meet on its market."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.visible import find_account
from apps.bots.bodies import ConfigurationCheck, DraftCheck
from apps.bots.drafts import BotRefused
from apps.bots.findings import look_at_draft
from apps.bots.services import find_market_of
from apps.bots.visible import find_bot
from apps.common.api import View, endpoint
from apps.common.body import checked
from apps.common.problems import FieldProblem, Invalid

_NO_ACCOUNT = FieldProblem(
    "account",
    "account: you have none of this number, id or name.",
    "Give one of your own exchange accounts.",
)


class CheckDraft(View):
    """POST: the pre-flight check of a bot that is not made yet. Writes nothing."""

    def post(self, request: Request) -> Response:
        wish = checked(DraftCheck, request.data)
        account = find_account(reference=wish.pop("account"), user=self.caller)
        if account is None:
            raise Invalid([_NO_ACCOUNT])
        try:
            market = find_market_of(account=account, symbol=wish.pop("symbol"))
        except BotRefused as refused:
            remedy = str(DraftCheck().fields["symbol"].help_text)
            raise Invalid([FieldProblem("symbol", f"{refused}.", remedy)]) from refused
        asked = _as_drafts_name(wish)
        looked = look_at_draft(market=market, remedies=_remedies(DraftCheck), **asked)
        return Response(looked.to_json())


class CheckConfiguration(View):
    """POST: the pre-flight check of a bot as it would be with these changes. Writes nothing."""

    def post(self, request: Request, bot: str) -> Response:
        found = find_bot(reference=bot, user=self.caller)
        change = _as_drafts_name(checked(ConfigurationCheck, request.data))
        current = found.config
        if current is not None:
            given = change.get("parameters", {})
            change["parameters"] = {**current.parameters, **given}
            change.setdefault("limits", current.limits)
            change.setdefault("plan_changes", current.plan_changes)
        change.setdefault("capital", found.capital)
        looked = look_at_draft(
            strategy=found.strategy,
            market=found.market,
            timeframe=found.timeframe,
            remedies=_remedies(ConfigurationCheck),
            **change,
        )
        return Response(looked.to_json())


def _as_drafts_name(wish: dict[str, Any]) -> dict[str, Any]:
    """A request says `plan` where a draft has changes to the strategy's own plan."""
    named = dict(wish)
    if "plan" in named:
        named["plan_changes"] = named.pop("plan")
    return named


def _remedies(body: type[Any]) -> dict[str, str]:
    return {name: str(field.help_text or "") for name, field in body().fields.items()}


urlpatterns = [
    endpoint("bots/config/validate", CheckDraft, "bot-draft-validate"),
    endpoint("bots/{bot}/config/validate", CheckConfiguration, "bot-config-validate"),
]
