"""Finds what the command line names: a bot or an account, by number, id or name."""

from typing import TypeVar

from django.db.models import Model, Q, QuerySet

from apps.accounts.models import ExchangeAccount
from apps.bots.models import Bot
from apps.common.console import Refused
from apps.common.reference import by_reference

_Row = TypeVar("_Row", bound=Model)


def find_bot(*, reference: str, username: str = "") -> Bot:
    """The one bot meant; Refused when it is none or could be several."""
    rows = Bot.objects.select_related("user", "account", "market", "config")
    return _one("bot", rows, reference, username)


def find_account(*, reference: str, username: str = "") -> ExchangeAccount:
    """The one exchange account meant; Refused when it is none or could be several."""
    return _one("account", ExchangeAccount.objects.select_related("user"), reference, username)


def _one(kind: str, rows: QuerySet[_Row], reference: str, username: str) -> _Row:
    if username:
        rows = rows.filter(user__username=username)
    # A name made of digits is still found, unless a number is the same.
    meant = by_reference(reference)
    found = list(rows.filter(meant)) if meant is not None else []
    found = found or list(rows.filter(Q(name__iexact=reference.strip())).order_by("number")[:3])
    if not found:
        whose = f" of {username}" if username else ""
        raise Refused(f"there is no {kind} {reference!r}{whose}: give its number, name or id")
    if len(found) > 1:
        numbers = ", ".join(f"{row.number} ({row.user.username})" for row in found)  # type: ignore[attr-defined]
        raise Refused(f"{kind} {reference!r} could be any of {numbers}: give the number")
    return found[0]
