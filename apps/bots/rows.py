"""One bot's row in a service: locked, changed, audited, and its worker told."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from django.db import transaction

from apps.accounts.models import ExchangeAccount, User
from apps.audit import services as audit
from apps.bots.drafts import BotRefused
from apps.bots.models import Bot
from apps.bots.wakeups import wake

Actor = User | str


def locked(bot: Bot) -> Bot:
    """The bot's row, held until this transaction ends; BotRefused when it was deleted."""
    rows = Bot.objects.select_related("account", "market", "config", "user")
    row = rows.select_for_update(of=("self",), no_key=True).filter(pk=bot.pk).first()
    if row is None:
        raise BotRefused("the bot was deleted: reload the page")
    return row


def locked_with_funds(bot: Bot) -> Bot:
    """The bot's row, after its account's: nobody else assigns that account's funds meanwhile."""
    ExchangeAccount.objects.select_for_update(no_key=True).get(pk=bot.account_id)
    return locked(bot)


def change(row: Bot, changes: Mapping[str, Any], actor: Actor, verb: str) -> Bot:
    """Write the changes of a locked row, with what was there before."""
    before = {name: getattr(row, name) for name in changes}
    Bot.objects.filter(pk=row.pk).update(**changes)
    row.refresh_from_db(fields=[*changes])
    audit.record(actor=actor, verb=verb, object=row, before=before, after=changes)
    return row


def nudge(rows: Sequence[Bot]) -> None:
    """Tell the bots' workers once this is committed; losing that costs seconds, nothing else."""
    told = partial(wake, bot_ids=[row.pk for row in rows], kind="standing")
    transaction.on_commit(told, robust=True)
