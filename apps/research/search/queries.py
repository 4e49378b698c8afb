"""Which searches a person sees: their own; admins, everybody's when they ask."""

from django.db.models import QuerySet
from django.http import Http404

from apps.accounts.models import User
from apps.common.access import is_admin
from apps.common.reference import by_reference
from apps.research.search.models import Search


def searches_of(*, user: User, everybody: bool = False) -> QuerySet[Search]:
    """Without their results, which are long."""
    rows = Search.objects.select_related("user").defer("result", "columns")
    return rows if everybody and is_admin(user) else rows.filter(user=user)


def find_search(*, reference: str, user: User) -> Search:
    """The search of a UUID or number; Http404 when it is none this person may see."""
    meant = by_reference(reference)
    rows = searches_of(user=user, everybody=True)
    found = None if meant is None else rows.filter(meant).first()
    if found is None:
        raise Http404(f"You have no search {reference[:60]!r}.")
    return found
