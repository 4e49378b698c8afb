"""Which bots a person sees: their own; admins, everybody's when they ask."""

from django.db.models import QuerySet
from django.http import Http404

from apps.accounts.models import User
from apps.bots.models import Bot, BotLog
from apps.common.access import is_admin
from apps.common.reference import by_reference


def bots_of(*, user: User, everybody: bool = False) -> QuerySet[Bot]:
    """Bots that were not deleted, with what a list shows of them."""
    rows = Bot.objects.select_related("account", "market", "user", "config__created_by")
    return rows if everybody and is_admin(user) else rows.filter(user=user)


def find_bot(*, reference: str, user: User) -> Bot:
    """Return the bot of a UUID or number; Http404 when it is none this person may see."""
    meant = by_reference(reference)
    rows = bots_of(user=user, everybody=True)
    bot = None if meant is None else rows.filter(meant).first()
    if bot is None:
        raise Http404(f"You have no bot {reference[:60]!r}.")
    return bot


def log_of(*, bot: Bot) -> QuerySet[BotLog]:
    """What the bot did, in words."""
    return BotLog.objects.filter(bot=bot)
