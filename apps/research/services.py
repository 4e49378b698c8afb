"""What people do with research: ask for a backtest, cancel and delete it, make a bot of it."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from apps.accounts.models import ExchangeAccount, User
from apps.audit import services as audit
from apps.bots.catalogue import known_strategies
from apps.bots.models import Bot
from apps.markets.models import Market
from apps.research import jobs
from apps.research.columns import columns_of, with_read_columns
from apps.research.judging import Patience, chosen
from apps.research.models import Backtest, Search
from apps.research.paper import check_done, paper_bot_of
from apps.research.refusals import ResearchRefused
from apps.research.running import limits_of
from apps.research.series import check_finer
from apps.research.wishes import Wish
from apps.trading.bar import timeframe_ms
from apps.trading.strategy import Strategy

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
    columns: Mapping[str, Any] | None = None,
    name: str = "",
) -> Backtest:
    """A row that the next free research process carries out; ResearchRefused names what is wrong.

    Its bars: those stored of `market` that open in [start, end), or invented ones (`generated`:
    bars, seed and symbol). `columns`: see apps.research.columns.columns_of.
    """
    wish = _checked(wish)
    kept = checked_columns(wish.strategy, columns)
    source, symbol = source_of(market, start, end, generated)
    check_about(source, name=name, timeframe=timeframe, finer=detail_timeframe)
    with transaction.atomic():
        row = Backtest.objects.create(
            user=user,
            name=name.strip(),
            strategy=wish.strategy,
            symbol=symbol,
            timeframe=timeframe,
            wish=wish.to_json(),
            source=source,
            columns=kept,
        )
        audit.record(actor=user, verb="create_backtest", object=row, after={"wish": row.wish})
    return row


def cancel_job(*, job: Backtest | Search, actor: User | str) -> bool:
    """End what waits at once and what runs within a second or two; False when it was over."""
    asked = jobs.cancel(job)
    if asked:
        audit.record(actor=actor, verb=f"cancel_{job._meta.model_name}", object=job)
    return asked


def delete_job(*, job: Backtest | Search, actor: User | str) -> None:
    """Delete what is over; ResearchRefused while it waits or runs."""
    with transaction.atomic():
        row = type(job)._default_manager.select_for_update().filter(pk=job.pk).first()
        if row is None:
            return
        if not row.is_over:
            raise ResearchRefused(f"{row} is {row.status}: cancel it first")
        verb = f"delete_{job._meta.model_name}"
        audit.record(actor=actor, verb=verb, object=row, before={"name": str(row)})
        row.delete()


def start_paper_bot(
    *,
    backtest: Backtest,
    actor: User,
    account: ExchangeAccount | None = None,
    name: str = "",
) -> Bot:
    """A stopped bot that does what the backtest did, on an account of paper money."""
    check_done(backtest)
    return paper_bot_of(
        research=backtest,
        wish=Wish.from_json(backtest.wish),
        origin=f"backtest {backtest.number}",
        actor=actor,
        account=account,
        name=name,
    )


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
    chosen(
        known_strategy(wish.strategy),
        parameters=wish.parameters,
        preset=wish.preset,
        plan=wish.plan,
        patience=Patience(CHECK_S),
    )
    limits_of(wish)
    return wish


def known_strategy(name: str) -> Strategy:
    """ResearchRefused lists the known ones."""
    known = known_strategies()
    if name not in known:
        raise ResearchRefused(f"strategy {name!r} is unknown; use one of {', '.join(known)}")
    return known[name]


def checked_columns(strategy: str, columns: Mapping[str, Any] | None) -> dict[str, Any]:
    """As a row keeps them; ResearchRefused names what the strategy cannot read."""
    kept = dict(columns or {})
    with_read_columns(known_strategy(strategy), columns_of(kept))
    return kept


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


def check_about(source: dict[str, Any], *, name: str, timeframe: str, finer: str) -> None:
    """Look at the name and the lengths of bars; the source keeps the finer one."""
    if len(name) > 100:
        raise ResearchRefused("name: at most 100 characters")
    try:
        timeframe_ms(timeframe)
        if finer:
            check_finer(timeframe, finer)
            source["detail_timeframe"] = finer
    except ResearchRefused:
        raise
    except ValueError as error:
        raise ResearchRefused(str(error)) from error
