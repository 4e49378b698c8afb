"""What people do with bots: create, start, pause, stop, configure."""

from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction

from apps.accounts.models import ExchangeAccount, User
from apps.audit import services as audit
from apps.bots.drafts import BotRefused, Draft, make_draft
from apps.bots.models import Bot, BotConfiguration
from apps.bots.wakeups import wake
from apps.markets.models import Market
from apps.markets.queries import find_market
from apps.operations.services import raise_stop, system_state
from apps.operations.stop_lock import take_stop_lock
from apps.trading.bar import timeframe_ms

__all__ = [
    "BotRefused",
    "VersionMoved",
    "create_bot",
    "describe_bot",
    "pause_bot",
    "start_bot",
    "stop_bot",
    "stop_bots",
    "update_configuration",
]
Actor = User | str


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
    market = _market(account, symbol)
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


def start_bot(*, bot: Bot, actor: Actor) -> Bot:
    """Let the bot trade. Safe to repeat; BotRefused when it may not start."""
    with transaction.atomic():
        row = _locked(bot)
        account = row.account
        if account.environment == "live" and not settings.TRADING_LIVE_MODE:
            raise BotRefused("the account is live: set TRADING_LIVE_MODE=true to trade real money")
        if account.status == "disabled":
            raise BotRefused(f"account {account.name} is disabled: enable it first")
        if system_state().state == "EMERGENCY_STOP":
            raise BotRefused("an emergency stop is in force: resume the system first")
        if row.desired_status == Bot.Desired.RUNNING and row.observed_status != Bot.Observed.ERROR:
            return row
        changes = {"desired_status": Bot.Desired.RUNNING.value}
        if row.observed_status == Bot.Observed.ERROR:
            changes |= {"observed_status": Bot.Observed.STARTING.value, "status_reason": ""}
        return _changed(row, changes, actor, "start_bot")


def pause_bot(*, bot: Bot, actor: Actor) -> Bot:
    """No entries from the commit on; exits go on. Safe to repeat."""
    with transaction.atomic():
        # Under the stop lock no entry can be on its way into the journal while this commits.
        take_stop_lock()
        row = _locked(bot)
        if row.desired_status == Bot.Desired.PAUSED:
            return row
        if row.desired_status == Bot.Desired.STOPPED:
            raise BotRefused(f"{row.name} is stopped: start it before pausing it")
        return _changed(row, {"desired_status": Bot.Desired.PAUSED.value}, actor, "pause_bot")


def stop_bot(*, bot: Bot, actor: Actor, kind: str = "leave", reason: str = "") -> Bot:
    """Stop: `guard`, `leave` or `sell` the position. Safe to repeat, and to change the kind of.

    When this commits, nothing planned before can be signed any more.
    """
    if kind not in Bot.StopKind.values:
        raise BotRefused("stop kind must be guard, leave or sell")
    with transaction.atomic():
        take_stop_lock()
        row = _locked(bot)
        if row.desired_status == Bot.Desired.STOPPED and row.stop_kind == kind:
            return row
        change = {"desired_status": Bot.Desired.STOPPED.value, "stop_kind": kind}
        raise_stop(target=row, actor=actor, reason=reason or f"stop, {kind}", change=change)
        row.refresh_from_db()
        _nudge(row)
        return row


def stop_bots(
    *, target: ExchangeAccount | User, actor: Actor, kind: str = "leave", reason: str
) -> list[Bot]:
    """Stop every bot of an account or a person in one transaction; the bots that changed."""
    if kind not in Bot.StopKind.values:
        raise BotRefused("stop kind must be guard, leave or sell")
    mine = {"account": target} if isinstance(target, ExchangeAccount) else {"user": target}
    with transaction.atomic():
        raise_stop(target=target, actor=actor, reason=reason)
        rows = Bot.objects.filter(**mine).exclude(desired_status=Bot.Desired.STOPPED)
        changed = list(rows.order_by("id").select_for_update(no_key=True))
        change = {"desired_status": Bot.Desired.STOPPED.value, "stop_kind": kind}
        return [_changed(row, change, actor, "stop_bot") for row in changed]


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
        row = _locked(bot)
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
        before = _shown(row, current)
        saved = _save_version(row, current.version + 1, draft, actor, apply_to_open=apply_to_open)
        audit.record(
            actor=actor,
            verb="update_configuration",
            object=row,
            before=before,
            after={**_shown(row, draft), "version": saved.version, "apply_to_open": apply_to_open},
        )
        _nudge(row)
        return saved


def describe_bot(
    *, bot: Bot, actor: Actor, name: str | None = None, description: str | None = None
) -> Bot:
    """Rename the bot or change its description."""
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=bot.user_id)
        row = _locked(bot)
        changes: dict[str, Any] = {}
        if name is not None and name.strip() != row.name:
            _check_name(name)
            _check_name_free(row.user, name, but=row)
            changes["name"] = name.strip()
        if description is not None and description != row.description:
            changes["description"] = description
        return _changed(row, changes, actor, "describe_bot") if changes else row


# ---- parts -----------------------------------------------------------------------------------


def _locked(bot: Bot) -> Bot:
    """The bot's row, held until this transaction ends; BotRefused when it was deleted."""
    rows = Bot.objects.select_related("account", "market", "config", "user")
    row = rows.select_for_update(of=("self",), no_key=True).filter(pk=bot.pk).first()
    if row is None:
        raise BotRefused("the bot was deleted: reload the page")
    return row


def _changed(row: Bot, changes: Mapping[str, Any], actor: Actor, verb: str) -> Bot:
    before = {name: getattr(row, name) for name in changes}
    Bot.objects.filter(pk=row.pk).update(**changes)
    row.refresh_from_db(fields=[*changes])
    audit.record(actor=actor, verb=verb, object=row, before=before, after=changes)
    _nudge(row)
    return row


def _nudge(row: Bot) -> None:
    """Tell the bot's worker once this is committed; losing that costs seconds, nothing else."""
    transaction.on_commit(partial(wake, bot_ids=[row.pk], kind="standing"))


def _market(account: ExchangeAccount, symbol: str) -> Market:
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
        raise BotRefused(f"name: you already have a bot called {name.strip()!r}")


def _save_version(
    bot: Bot, version: int, draft: Draft, actor: Actor, *, apply_to_open: bool
) -> BotConfiguration:
    saved = BotConfiguration.objects.create(
        bot=bot,
        version=version,
        parameters=draft.parameters,
        parameter_hash=draft.parameter_hash,
        bars_needed=draft.bars_needed,
        plan_changes=draft.plan_changes,
        plan=draft.plan,
        limits=draft.limits,
        capital=draft.capital,
        created_by=actor if isinstance(actor, User) else None,
        apply_to_open=apply_to_open,
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
