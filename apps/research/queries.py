"""Which research a person sees: their own; admins, everybody's when they ask."""

from django.db.models import QuerySet
from django.http import Http404

from apps.accounts.models import User
from apps.common.access import is_admin
from apps.common.reference import by_reference
from apps.research.models import Backtest

LONG = ("result", "drawing", "columns")
"""Columns that lists do without: what they show stands in others."""


def backtests_of(*, user: User, everybody: bool = False) -> QuerySet[Backtest]:
    """Newest work first is the caller's to say."""
    rows = Backtest.objects.select_related("user").defer(*LONG)
    return rows if everybody and is_admin(user) else rows.filter(user=user)


def find_backtest(*, reference: str, user: User) -> Backtest:
    """The backtest of a UUID or number; Http404 when it is none this person may see."""
    meant = by_reference(reference)
    rows = backtests_of(user=user, everybody=True)
    found = None if meant is None else rows.filter(meant).first()
    if found is None:
        raise Http404(f"You have no backtest {reference[:60]!r}.")
    return found
