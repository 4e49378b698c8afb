"""What people do with research: ask for a backtest, cancel and delete it, make a bot of it."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from apps.accounts.models import ExchangeAccount, User
from apps.audit import services as audit
from apps.bots.catalogue import known_strategies
from apps.bots.models import Bot
from apps.bots.services import BotRefused, create_bot
from apps.markets.models import Market
from apps.research import jobs
from apps.research.judging import Patience, chosen
from apps.research.models import Backtest, Job, Search
from apps.research.refusals import ResearchRefused
from apps.research.running import limits_of
from apps.research.series import check_finer
from apps.research.wishes import Wish
from apps.trading.bar import timeframe_ms

GENERATED_MOST = 1_000_000
GENERATED_SYMBOL = "BTC/USDT"
CHECK_S = 5.0


def create_backtest(
    *,
    user: User,
    wish: Wish,
    timeframe: str,
    market: Market | None = None,
    start: int | None = None,
    end: int | None = None,
    generated: Mapping[str, Any] | None = None,
    detail_timeframe: str = "",
    name: str = "",
) -> Backtest:
    """A row that the next free research process carries out; ResearchRefused names what is wrong.

    Its bars: those stored of `market` that open in [start, end), or invented ones (`generated`:
    bars, seed and symbol).
    """
    wish = _checked(wish)
    source, symbol = source_of(market, start, end, generated)
    check_timeframes(timeframe, detail_timeframe)
    if detail_timeframe:
        source["detail_timeframe"] = detail_timeframe
    if len(name) > 100:
        raise ResearchRefused("name: at most 100 characters")
    with transaction.atomic():
        row = Backtest.objects.create(
            user=user,
            name=name.strip(),
            strategy=wish.strategy,
            symbol=symbol,
            timeframe=timeframe,
            wish=wish.to_json(),
            source=source,
        )
        audit.record(actor=user, verb="create_backtest", object=row, after={"wish": row.wish})
    return row


def cancel_job(*, job: Job, actor: User | str) -> bool:
    """End what waits at once and what runs within a second or two; False when it was over."""
    asked = jobs.cancel(job)
    if asked:
        audit.record(actor=actor, verb="cancel_backtest", object=job)
    return asked


def delete_job(*, job: Job, actor: User | str) -> None:
    """Delete what is over; ResearchRefused while it waits or runs."""
    with transaction.atomic():
        row = type(job)._default_manager.select_for_update().filter(pk=job.pk).first()
        if row is None:
            return
        if not row.is_over:
            raise ResearchRefused(f"{row} is {row.status}: cancel it first")
        audit.record(actor=actor, verb="delete_backtest", object=row, before={"name": str(row)})
        row.delete()


def start_paper_bot(
    *,
    backtest: Backtest,
    actor: User,
    account: ExchangeAccount | None = None,
    name: str = "",
) -> Bot:
    """A stopped bot that does what the backtest did, on an account of paper money.

    Without `account` it is the owner's first one whose venue has the market.
    """
    if backtest.status != Job.Status.DONE:
        raise ResearchRefused(f"{backtest} is {backtest.status}: only a finished one becomes a bot")
    account = account or paper_account(backtest)
    if account.environment != ExchangeAccount.Environment.SIMULATED:
        raise ResearchRefused(f"account: {account} is not paper money; choose a simulated account")
    wish = Wish.from_json(backtest.wish)
    try:
        return create_bot(
            user=backtest.user,
            account=account,
            name=name.strip() or f"{backtest.strategy} of backtest {backtest.number}",
            symbol=backtest.symbol,
            strategy=backtest.strategy,
            capital=wish.capital,
            timeframe=backtest.timeframe,
            parameters=wish.parameters,
            preset=wish.preset,
            limits=wish.limits,
            plan_changes=wish.plan,
            description=f"Made of backtest {backtest.number}.",
            actor=actor,
        )
    except BotRefused as refused:
        raise ResearchRefused(str(refused)) from refused


def values_of(bot: Bot) -> dict[str, Any]:
    """What a bot does, as a wish names it."""
    if bot.config is None:
        raise ResearchRefused(f"{bot} has no configuration: name a strategy instead")
    return {
        "strategy": bot.strategy,
        "parameters": bot.config.parameters,
        "plan": bot.config.plan_changes,
        "limits": {name: value for name, value in bot.config.limits.items() if value is not None},
        "capital": float(bot.config.capital),
    }


# ---- checks ------------------------------------------------------------------------------------


def _checked(wish: Wish) -> Wish:
    """The wish, its strategy known and its values fitting together."""
    known = known_strategies()
    if wish.strategy not in known:
        raise ResearchRefused(
            f"strategy {wish.strategy!r} is unknown; use one of {', '.join(known)}"
        )
    chosen(
        known[wish.strategy],
        parameters=wish.parameters,
        preset=wish.preset,
        plan=wish.plan,
        patience=Patience(CHECK_S),
    )
    limits_of(wish)
    return wish


def source_of(
    market: Market | None, start: int | None, end: int | None, generated: Mapping[str, Any] | None
) -> tuple[dict[str, Any], str]:
    if (market is None) == (generated is None):
        raise ResearchRefused("symbol: name a market, or ask for generated bars; one of the two")
    if market is not None:
        if None not in (start, end) and start >= end:  # type: ignore[operator]
            raise ResearchRefused("start must be before end")
        return {"kind": "market", "market": str(market.pk), "start": start, "end": end}, (
            market.symbol
        )
    given = dict(generated or {})
    bars, seed = given.get("bars", 20_000), given.get("seed", 1)
    if not 2 <= bars <= GENERATED_MOST:
        raise ResearchRefused(f"generated.bars {bars} must lie between 2 and {GENERATED_MOST}")
    return {"kind": "generated", "bars": bars, "seed": seed}, given.get("symbol", GENERATED_SYMBOL)


def check_timeframes(timeframe: str, finer: str) -> None:
    try:
        timeframe_ms(timeframe)
        if finer:
            check_finer(timeframe, finer)
    except ResearchRefused:
        raise
    except ValueError as error:
        raise ResearchRefused(str(error)) from error


def paper_account(research: Backtest | Search) -> ExchangeAccount:
    simulated = ExchangeAccount.objects.filter(
        user=research.user, environment=ExchangeAccount.Environment.SIMULATED
    ).order_by("number")
    for account in simulated:
        if Market.objects.filter(
            exchange=account.exchange,
            environment=account.environment,
            venue_name=account.venue_name,
            symbol=research.symbol,
            active=True,
        ).exists():
            return account
    raise ResearchRefused(
        f"account: no simulated account of {research.user} has the market {research.symbol}; "
        "open one, or name it"
    )
