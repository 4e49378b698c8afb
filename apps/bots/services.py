"""What people do with bots: create, describe, configure; start, pause, stop (see `desired`)."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.db import transaction

from apps.accounts.models import ExchangeAccount, User
from apps.audit import services as audit
from apps.bots.desired import (
    check_capital,
    check_startable,
    pause_bot,
    resume_bot,
    start_bot,
    stop_bot,
    stop_bots,
)
from apps.bots.drafts import BotRefused, Draft, make_draft
from apps.bots.findings import look_at, look_at_bot, refuse_errors
from apps.bots.models import Bot, BotConfiguration
from apps.bots.rows import Actor, change, locked, locked_with_funds, nudge
from apps.markets.models import Market
from apps.markets.queries import find_market
from apps.trading.bar import timeframe_ms

__all__ = [
    "BotRefused",
    "VersionMoved",
    "check_capital",
    "check_startable",
    "create_bot",
    "describe_bot",
    "find_market_of",
    "pause_bot",
    "resume_bot",
    "start_bot",
    "stop_bot",
    "stop_bots",
    "update_configuration",
]


class VersionMoved(BotRefused):
    """Somebody else saved a configuration meanwhile; look at it, then save again."""


def create_bot(
    *,
    user: User,
    account: ExchangeAccount,
    name: str,
    symbol: str,
    strategy: str,
    capital: Decimal | str | float,
    timeframe: str = "1m",
    parameters: Mapping[str, Any] | None = None,
    preset: str = "",
    limits: Mapping[str, Any] | None = None,
    plan_changes: Mapping[str, Any] | None = None,
    description: str = "",
    kind: str = "trading",
    actor: Actor | None = None,
) -> Bot:
    """A new stopped bot with its first configuration; BotRefused names what is wrong.

    `symbol` in any spelling. `limits` and `plan_changes` as `Limits` and `Plan` name them.
    """
    market = find_market_of(account=account, symbol=symbol)
    _check_identity(user, account, name, kind, timeframe)
    draft = make_draft(
        strategy=strategy,
        market=market,
        capital=capital,
        parameters=parameters,
        preset=preset,
        limits=limits,
        plan_changes=plan_changes,
    )
    if kind == Bot.Kind.TRADING:
        check_capital(account=account, quote=market.quote, capital=draft.capital)
    with transaction.atomic():
        # Two requests for the same name: the second waits here and then finds the first.
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        _check_name_free(user, name)
        bot = Bot.objects.create(
            user=user,
            account=account,
            market=market,
            name=name.strip(),
            description=description,
            kind=kind,
            strategy=strategy,
            timeframe=timeframe,
            capital=draft.capital,
            quote=market.quote,
        )
        _save_version(bot, 1, draft, actor or user, apply_to_open=False)
        audit.record(
            actor=actor or user,
            verb="create_bot",
            object=bot,
            after={"name": bot.name, "symbol": market.symbol, **_shown(bot, draft)},
        )
    return bot


def update_configuration(
    *,
    bot: Bot,
    actor: Actor,
    expected_version: int | None = None,
    parameters: Mapping[str, Any] | None = None,
    capital: Decimal | str | float | None = None,
    limits: Mapping[str, Any] | None = None,
    plan_changes: Mapping[str, Any] | None = None,
    apply_to_open: bool = False,
) -> BotConfiguration:
    """Save a new version; what is not given stays, given `parameters` are put over the old ones.

    VersionMoved when `expected_version` is not the current one. A running bot takes the version
    over at once; with `apply_to_open` its open positions' targets too. Unchanged values make no
    new version.
    """
    with transaction.atomic():
        row = locked_with_funds(bot)
        current = row.config
        if current is None:
            raise BotRefused(f"{row.name} has no configuration; create the bot again")
        if expected_version is not None and expected_version != current.version:
            raise VersionMoved(
                f"version {current.version} was saved meanwhile (yours began from "
                f"{expected_version}): reload and save again"
            )
        draft = make_draft(
            strategy=row.strategy,
            market=row.market,
            capital=current.capital if capital is None else capital,
            parameters={**current.parameters, **(parameters or {})},
            limits=current.limits if limits is None else limits,
            plan_changes=current.plan_changes if plan_changes is None else plan_changes,
        )
        if _shown(row, draft) == _shown(row, current) and not apply_to_open:
            return current
        if draft.capital > current.capital:
            check_capital(account=row.account, quote=row.quote, capital=draft.capital, but=row)
        if row.desired_status != Bot.Desired.STOPPED:
            _check_draft(row, draft)
        before = _shown(row, current)
        saved = _save_version(row, current.version + 1, draft, actor, apply_to_open=apply_to_open)
        audit.record(
            actor=actor,
            verb="update_configuration",
            object=row,
            before=before,
            after={**_shown(row, draft), "version": saved.version, "apply_to_open": apply_to_open},
        )
        nudge([row])
        return saved


def describe_bot(
    *, bot: Bot, actor: Actor, name: str | None = None, description: str | None = None
) -> Bot:
    """Rename the bot or change its description."""
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=bot.user_id)
        row = locked(bot)
        changes: dict[str, Any] = {}
        if name is not None and name.strip() != row.name:
            _check_name(name)
            _check_name_free(row.user, name, but=row)
            changes["name"] = name.strip()
        if description is not None and description != row.description:
            changes["description"] = description
        return change(row, changes, actor, "describe_bot") if changes else row


# ---- parts -----------------------------------------------------------------------------------


def find_market_of(*, account: ExchangeAccount, symbol: str) -> Market:
    """The account's market in any spelling; BotRefused when there is none."""
    market = find_market(
        exchange=account.exchange,
        environment=account.environment,
        venue_name=account.venue_name,
        symbol=symbol,
    )
    if market is None:
        raise BotRefused(
            f"symbol {symbol!r} is not a spot market of {account}: choose one of its markets"
        )
    return market


def _check_draft(row: Bot, draft: Draft) -> None:
    """A bot that trades is not given errors that it did not have before."""
    now = look_at_bot(bot=row)
    after = look_at(
        plan=draft.plan,
        limits=draft.limits,
        capital=draft.capital,
        market=row.market,
        timeframe=row.timeframe,
    )
    refuse_errors(after, known=now.findings if now else ())


def _check_identity(
    user: User, account: ExchangeAccount, name: str, kind: str, timeframe: str
) -> None:
    _check_name(name)
    if account.user_id != user.pk:
        raise BotRefused("account: it belongs to somebody else; choose one of your own")
    if kind not in Bot.Kind.values:
        raise BotRefused("kind must be trading or external")
    try:
        timeframe_ms(timeframe)
    except ValueError as error:
        raise BotRefused(str(error)) from error


def _check_name(name: str) -> None:
    if not name.strip():
        raise BotRefused("name: give the bot a name")
    if len(name.strip()) > Bot._meta.get_field("name").max_length:  # type: ignore[operator]
        raise BotRefused("name: at most 100 characters")


def _check_name_free(user: User, name: str, *, but: Bot | None = None) -> None:
    taken = Bot.objects.filter(user=user, name__iexact=name.strip())
    if but is not None:
        taken = taken.exclude(pk=but.pk)
    if taken.exists():
        raise BotRefused(
            f"name: you already have a bot called {name.strip()!r}; choose another name"
        )


def _save_version(
    bot: Bot, version: int, draft: Draft, actor: Actor, *, apply_to_open: bool
) -> BotConfiguration:
    saved = BotConfiguration.objects.create(
        bot=bot,
        version=version,
        created_by=actor if isinstance(actor, User) else None,
        apply_to_open=apply_to_open,
        **draft.columns(),
    )
    Bot.objects.filter(pk=bot.pk).update(config=saved, capital=draft.capital)
    bot.refresh_from_db(fields=["config", "capital"])
    return saved


def _shown(bot: Bot, values: Draft | BotConfiguration) -> dict[str, Any]:
    """What an audit row tells of a configuration."""
    return {
        "strategy": bot.strategy,
        "parameters": values.parameters,
        "plan_changes": values.plan_changes,
        "limits": values.limits,
        "capital": values.capital,
    }
