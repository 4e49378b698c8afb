"""What every page shares: signed in only, a strict content policy, the system's state."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from apps.accounts.models import ExchangeAccount, User
from apps.accounts.money import money_at_stake
from apps.bots.models import Bot
from apps.common.access import may_write
from apps.common.moments import to_ms
from apps.dashboard.staleness import HEARTBEAT_AMBER_S, HEARTBEAT_RED_S, PRICE_AMBER_S
from apps.operations.services import system_state

# Everything a page needs comes from here: nothing inline, nothing from another host.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {"Content-Security-Policy": POLICY, "Referrer-Policy": "same-origin"}
STOP_KINDS = (
    (
        Bot.StopKind.GUARD.value,
        "Guard it",
        "No new entries. The bot stays for its exits and stops once the position is sold.",
    ),
    (
        Bot.StopKind.SELL.value,
        "Sell it",
        "Cancels all orders, sells the position at market, then stops.",
    ),
    (
        Bot.StopKind.LEAVE.value,
        "Leave it",
        "Cancels all orders and stops. The coins stay, without stop loss or target.",
    ),
)
_SENTENCES = {
    "RUNNING": "",
    "PAUSED": "The system is paused: no bot opens anything, exits go on.",
    "EMERGENCY_STOP": "Emergency stop: no bot opens anything. Open positions: {}.",
}
View = Callable[..., HttpResponseBase]


def with_policy(view: View) -> View:
    """Answers carry the content policy and are never kept by a cache."""

    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers["Cache-Control"] = "no-store"
        return response

    return answered


def page(view: View) -> View:
    """A page, or an answer for its script: for those who are signed in."""
    return login_required(with_policy(view))


def person(request: HttpRequest) -> User:
    """Who is asking; `page` has seen to it that somebody is signed in."""
    return cast(User, request.user)


def system_shown() -> dict[str, str]:
    """The installation's state, in words for the banner."""
    row = system_state()
    sentence = _SENTENCES[row.state].format(row.positions)
    return {"state": row.state, "sentence": sentence, "reason": row.reason}


def shared(request: HttpRequest) -> dict[str, Any]:
    """What the frame of every page shows."""
    return {
        "may_write": may_write(request.user),
        "system": system_shown(),
        "stop_kinds": STOP_KINDS,
    }


def stakes(accounts: Iterable[ExchangeAccount]) -> list[str]:
    """Whatever these accounts trade that is not real money, each said once."""
    kinds = {money_at_stake(account=account) for account in accounts}
    return sorted(kinds - {"real money"})


def now_ms() -> int:
    """The server's clock, by which a page's script counts ages."""
    return to_ms(timezone.now())


def rules() -> dict[str, Any]:
    """Ages at which a page's script turns amber and red, seconds."""
    return {"heartbeat": [HEARTBEAT_AMBER_S, HEARTBEAT_RED_S], "price": [PRICE_AMBER_S, None]}
