"""Which exchange accounts a person may use: their own."""

from django.db.models import Q, QuerySet

from apps.accounts.models import ExchangeAccount, User
from apps.common.reference import by_reference


def accounts_of(*, user: User) -> QuerySet[ExchangeAccount]:
    """One's own accounts, by number."""
    return ExchangeAccount.objects.filter(user=user).order_by("number")


def find_account(*, reference: str, user: User) -> ExchangeAccount | None:
    """Return one's own account by number, id or name; None when there is none."""
    meant = by_reference(reference) or Q(name__iexact=reference.strip())
    return accounts_of(user=user).filter(meant).first()
