"""Who may open a live page, and which bots it may hear of: asked at connect and again later."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.contrib import auth
from django.contrib.sessions.backends.db import SessionStore
from django.db import close_old_connections
from django.http import HttpRequest, parse_cookie

from apps.accounts.models import User
from apps.bots.visible import bots_of
from apps.dashboard.stream.listener import Watched
from apps.dashboard.stream.messages import key_of


@dataclass(frozen=True, slots=True)
class Admission:
    """Somebody signed in, and those of the wished bots that they may see."""

    user_id: UUID
    watched: Mapping[UUID, Watched]


def admit(*, cookies: str, numbers: Sequence[int]) -> Admission | None:
    """None when nobody is signed in (any more). Bots of others are left out without a word."""
    close_old_connections()
    try:
        user = signed_in(cookies)
        if user is None:
            return None
        rows = bots_of(user=user, everybody=True).filter(number__in=numbers)
        bots = rows.select_related(None).select_related("market")
        watched = {bot.pk: Watched(bot.number, key_of(bot.market)) for bot in bots}
        return Admission(user.pk, watched)
    finally:
        close_old_connections()


def signed_in(cookies: str) -> User | None:
    """The person whose session a Cookie header names, checked as any page checks it."""
    key = parse_cookie(cookies).get(settings.SESSION_COOKIE_NAME)
    if not key:
        return None
    request = HttpRequest()
    request.session = SessionStore(key)
    user = auth.get_user(request)
    return user if user.is_authenticated else None
