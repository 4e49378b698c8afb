"""Which orders, fills and positions a person sees: those of the bots they see."""

from typing import TypeVar

from django.db.models import Model, QuerySet
from django.http import Http404

from apps.accounts.models import User
from apps.bots.models import Bot
from apps.common.access import is_admin
from apps.ledger.models import Fill, Order, Position
from apps.ledger.models.projections import LIVE_STATUSES

_Row = TypeVar("_Row", bound=Model)


def orders_of(*, user: User, everybody: bool = False) -> QuerySet[Order]:
    """Orders, each with its bot."""
    return _seen(Order.objects.select_related("bot"), user, everybody)


def fills_of(*, user: User, everybody: bool = False) -> QuerySet[Fill]:
    """Fills as the bots have taken them, each with its bot."""
    return _seen(Fill.objects.select_related("bot"), user, everybody)


def positions_of(*, user: User, everybody: bool = False) -> QuerySet[Position]:
    """Holdings, open and closed, each with its bot."""
    return _seen(Position.objects.select_related("bot"), user, everybody)


def _seen(rows: QuerySet[_Row], user: User, everybody: bool) -> QuerySet[_Row]:
    return rows if everybody and is_admin(user) else rows.filter(bot__user=user)


def find_order(*, client_order_id: str, user: User) -> Order:
    """Return one order; Http404 when it is none this person may see."""
    order = orders_of(user=user, everybody=True).filter(pk=client_order_id[:64]).first()
    if order is None:
        raise Http404(f"You have no order {client_order_id[:60]!r}.")
    return order


def live_orders(*, bot: Bot) -> QuerySet[Order]:
    """Orders of a bot that are not final."""
    return Order.objects.filter(bot=bot, status__in=LIVE_STATUSES)


def open_positions(*, bot: Bot) -> QuerySet[Position]:
    """Positions of a bot that are not closed."""
    return Position.objects.filter(bot=bot).exclude(status=Position.Status.CLOSED)
