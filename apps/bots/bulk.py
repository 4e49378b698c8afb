"""Creates and starts many bots in one transaction, with the same checks as one by one."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
from django.db import transaction

from apps.accounts.models import ExchangeAccount, User
from apps.audit import services as audit
from apps.bots.drafts import BotRefused, Draft, make_draft
from apps.bots.findings import look_at, price_of, refuse_errors
from apps.bots.models import Bot, BotConfiguration
from apps.bots.rows import Actor
from apps.bots.services import check_capital, check_startable
from apps.common.ids import new_id
from apps.markets.models import Market


@dataclass(frozen=True, slots=True)
class BotWish:
    """One bot to be made, as `services.create_bot` takes it, on a market already found."""

    account: ExchangeAccount
    market: Market
    name: str
    strategy: str
    timeframe: str
    capital: Decimal
    parameters: Mapping[str, Any] = field(default_factory=dict)
    plan_changes: Mapping[str, Any] = field(default_factory=dict)


def start_new_bots(*, user: User, wishes: Sequence[BotWish], actor: Actor) -> list[Bot]:
    """Make these bots and let them trade, all or none; BotRefused names the first that may not."""
    drafts = _drafts(wishes)
    with transaction.atomic():
        # Whoever makes bots of this person waits here, so no name is taken meanwhile.
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        _check_names(user, wishes)
        _check_accounts(user, wishes)
        bots = [_bot(user, wish, draft) for wish, draft in zip(wishes, drafts, strict=True)]
        versions = [_version(bot, draft, actor) for bot, draft in zip(bots, drafts, strict=True)]
        for bot, version in zip(bots, versions, strict=True):
            # The constraint is checked at the commit, when both rows exist.
            bot.config_id = version.pk
        Bot.objects.bulk_create(bots)
        BotConfiguration.objects.bulk_create(versions)
        made = [
            (bot, _told(bot, wish, draft))
            for bot, wish, draft in zip(bots, wishes, drafts, strict=True)
        ]
        audit.record_alike(actor=actor, verb="create_bot", changes=made)
        started = [(bot, {"desired_status": bot.desired_status}) for bot in bots]
        audit.record_alike(actor=actor, verb="start_bot", changes=started)
    return bots


def _drafts(wishes: Sequence[BotWish]) -> list[Draft]:
    """One check for all bots that want the same on the same market."""
    checked: dict[tuple[object, ...], Draft] = {}
    prices: dict[tuple[UUID, str], Decimal | None] = {}
    drafts = []
    for wish in wishes:
        asked = orjson.dumps([wish.parameters, wish.plan_changes], option=orjson.OPT_SORT_KEYS)
        key = (wish.strategy, wish.market.pk, wish.timeframe, wish.capital, asked)
        if key not in checked:
            place = (wish.market.pk, wish.timeframe)
            if place not in prices:
                prices[place] = price_of(market=wish.market, timeframe=wish.timeframe)
            try:
                checked[key] = _draft(wish, prices[place])
            except BotRefused as refused:
                raise BotRefused(f"{wish.name} on {wish.market.symbol}: {refused}") from refused
        drafts.append(checked[key])
    return drafts


def _draft(wish: BotWish, price: Decimal | None) -> Draft:
    """What the wish comes to, looked at as before any start."""
    draft = make_draft(
        strategy=wish.strategy,
        market=wish.market,
        capital=wish.capital,
        parameters=wish.parameters,
        plan_changes=wish.plan_changes,
    )
    if price is not None:
        looked = look_at(
            plan=draft.plan,
            limits=draft.limits,
            capital=draft.capital,
            market=wish.market,
            timeframe=wish.timeframe,
            price=price,
        )
        refuse_errors(looked)
    return draft


def _check_names(user: User, wishes: Sequence[BotWish]) -> None:
    taken = {name.lower() for name in Bot.objects.filter(user=user).values_list("name", flat=True)}
    for wish in wishes:
        name = wish.name.strip()
        if not name:
            raise BotRefused("name: give the bot a name")
        if name.lower() in taken:
            raise BotRefused(f"name: you already have a bot called {name!r}; choose another name")
        taken.add(name.lower())


def _check_accounts(user: User, wishes: Sequence[BotWish]) -> None:
    """Each account may start bots, and has enough left for all that it is to get."""
    wanted: dict[tuple[UUID, str], Decimal] = defaultdict(Decimal)
    for wish in wishes:
        wanted[(wish.account.pk, wish.market.quote)] += wish.capital
    # By id, so that two of these never wait for each other; nobody assigns funds meanwhile.
    ids = {account_id for account_id, _ in wanted}
    rows = ExchangeAccount.objects.filter(pk__in=ids).order_by("pk")
    accounts = {row.pk: row for row in rows.select_for_update(no_key=True)}
    for account in accounts.values():
        if account.user_id != user.pk:
            raise BotRefused(f"account {account.name} belongs to somebody else; use your own")
        check_startable(account=account)
    for (account_id, quote), capital in wanted.items():
        check_capital(account=accounts[account_id], quote=quote, capital=capital)


def _bot(user: User, wish: BotWish, draft: Draft) -> Bot:
    return Bot(
        user=user,
        account=wish.account,
        market=wish.market,
        name=wish.name.strip(),
        strategy=wish.strategy,
        timeframe=wish.timeframe,
        capital=draft.capital,
        quote=wish.market.quote,
        desired_status=Bot.Desired.RUNNING,
    )


def _version(bot: Bot, draft: Draft, actor: Actor) -> BotConfiguration:
    return BotConfiguration(
        id=new_id(),
        bot=bot,
        version=1,
        created_by=actor if isinstance(actor, User) else None,
        **draft.columns(),
    )


def _told(bot: Bot, wish: BotWish, draft: Draft) -> dict[str, Any]:
    """What the audit row of a new bot tells."""
    return {
        "name": bot.name,
        "symbol": wish.market.symbol,
        "strategy": bot.strategy,
        "parameters": draft.parameters,
        "plan_changes": draft.plan_changes,
        "limits": draft.limits,
        "capital": draft.capital,
    }
