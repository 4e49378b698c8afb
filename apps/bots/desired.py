"""What people want of a bot: that it trades, pauses or stops."""

from decimal import Decimal

from django.conf import settings
from django.db import transaction

from apps.accounts.models import ExchangeAccount, User
from apps.bots.books import the_books
from apps.bots.drafts import BotRefused
from apps.bots.findings import look_at_bot, refuse_errors
from apps.bots.models import Bot
from apps.bots.rows import Actor, change, locked, locked_with_funds, nudge
from apps.operations.services import raise_stop, system_state
from apps.operations.stop_lock import take_stop_lock

RUNNING, PAUSED, STOPPED = (status.value for status in Bot.Desired)


def start_bot(*, bot: Bot, actor: Actor) -> Bot:
    """Let the bot trade. Safe to repeat; BotRefused when it may not start."""
    with transaction.atomic():
        row = locked_with_funds(bot)
        check_startable(account=row.account)
        failed = row.observed_status == Bot.Observed.ERROR
        if row.desired_status == RUNNING and not failed:
            return row
        if row.desired_status == STOPPED:
            check_capital(account=row.account, quote=row.quote, capital=row.capital, but=row)
            _check_configuration(row)
        changes = {"desired_status": RUNNING}
        if failed:
            changes |= {"observed_status": Bot.Observed.STARTING.value}
        if failed or row.observed_status == Bot.Observed.STOPPED:
            # How it ended says nothing of what it waits for now.
            changes |= {"status_reason": ""}
        change(row, changes, actor, "start_bot")
        nudge([row])
        return row


def resume_bot(*, bot: Bot, actor: Actor) -> Bot:
    """Let a paused bot open positions again. Safe to repeat; a stopped one has to be started."""
    with transaction.atomic():
        row = locked(bot)
        if row.desired_status == STOPPED:
            raise BotRefused(f"{row.name} is stopped, not paused: start it")
        return start_bot(bot=row, actor=actor)


def check_startable(*, account: ExchangeAccount) -> None:
    """BotRefused when no bot of this account may start now."""
    if account.environment == "live" and not settings.TRADING_LIVE_MODE:
        raise BotRefused("the account is live: set TRADING_LIVE_MODE=true to trade real money")
    if account.status == "disabled":
        raise BotRefused(f"account {account.name} is disabled: enable it first")
    if system_state().state == "EMERGENCY_STOP":
        raise BotRefused("an emergency stop is in force: resume the system first")


def _check_configuration(row: Bot) -> None:
    """BotRefused when the pre-flight check finds an error.

    A bot that holds something may start all the same: guarding that comes first, and each entry
    is reviewed on its own.
    """
    looked = look_at_bot(bot=row)
    if looked and not looked.passed and not the_books().open_positions(bot_id=row.pk):
        refuse_errors(looked)


def check_capital(
    *, account: ExchangeAccount, quote: str, capital: Decimal, but: Bot | None = None
) -> None:
    """BotRefused when the account has less left than a bot is to get.

    What is left: what its books hold, minus what working bots have been assigned. Before the
    books are open nobody knows; then each order is checked against them when it is planned.
    """
    funds = the_books().funds(account_id=account.pk, asset=quote, but=but.pk if but else None)
    if funds is None or capital <= funds.free:
        return
    raise BotRefused(
        f"capital of {_plain(capital)} {quote} is above the {_plain(funds.free)} {quote} that "
        f"account {account.name} has left ({_plain(funds.held)} there, {_plain(funds.assigned)} "
        f"assigned to {funds.bots} other bots): lower it, or stop another bot"
    )


def pause_bot(*, bot: Bot, actor: Actor) -> Bot:
    """No entries from the commit on; exits go on. Safe to repeat."""
    with transaction.atomic():
        # Under the stop lock no entry can be on its way into the journal while this commits.
        take_stop_lock()
        row = locked(bot)
        if row.desired_status == PAUSED:
            return row
        if row.desired_status == STOPPED:
            raise BotRefused(f"{row.name} is stopped: start it before pausing it")
        change(row, {"desired_status": PAUSED}, actor, "pause_bot")
        nudge([row])
        return row


def stop_bot(*, bot: Bot, actor: Actor, kind: str = "leave", reason: str = "") -> Bot:
    """Stop: `guard`, `leave` or `sell` the position. Safe to repeat while it stops.

    When this commits, nothing planned before can be signed any more. The kind may be changed
    on the way. A bot that has stopped and left its position can be told to guard or sell it;
    BotRefused when there is nothing to stop.
    """
    _check_kind(kind)
    with transaction.atomic():
        take_stop_lock()
        row = locked(bot)
        changes = {"desired_status": STOPPED, "stop_kind": kind}
        if row.desired_status == STOPPED:
            if row.observed_status == Bot.Observed.STOPPED:
                _check_anything_left(row, kind)
                # Seen as not yet stopped, it gets a shift that looks after the position.
                changes["observed_status"] = Bot.Observed.STOPPING.value
            elif row.stop_kind == kind:
                return row
        raise_stop(target=row, actor=actor, reason=reason or f"stop, {kind}", change=changes)
        row.refresh_from_db()
        nudge([row])
        return row


def stop_bots(
    *, target: ExchangeAccount | User, actor: Actor, kind: str = "leave", reason: str
) -> list[Bot]:
    """Stop every bot of an account or a person in one transaction; the bots that changed."""
    _check_kind(kind)
    mine = {"account": target} if isinstance(target, ExchangeAccount) else {"user": target}
    with transaction.atomic():
        raise_stop(target=target, actor=actor, reason=reason)
        rows = Bot.objects.filter(**mine).exclude(desired_status=STOPPED)
        changed = list(rows.order_by("id").select_for_update(no_key=True))
        changes = {"desired_status": STOPPED, "stop_kind": kind}
        for row in changed:
            change(row, changes, actor, "stop_bot")
        nudge(changed)
        return changed


def _check_kind(kind: str) -> None:
    if kind not in Bot.StopKind.values:
        raise BotRefused("stop kind must be guard, leave or sell")


def _check_anything_left(row: Bot, kind: str) -> None:
    """A bot that has stopped can only be told to look after a position that it left."""
    open_positions = the_books().open_positions(bot_id=row.pk)
    if not open_positions:
        raise BotRefused(f"{row.name} is stopped already and holds nothing: there is no more to do")
    if kind == Bot.StopKind.LEAVE:
        raise BotRefused(
            f"{row.name} is stopped already and its position is left unprotected: "
            "stop it with sell or guard to have it looked after"
        )


def _plain(amount: Decimal) -> str:
    return format(amount.normalize(), "f")
