"""Backtests of several bots that share their money: a JSON file, one run, one sheet for all."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from apps.research.asking import read_text, stored
from apps.research.columns import with_columns
from apps.research.engine import engine
from apps.research.judging import Patience, find_strategy
from apps.research.options import GENERATED_BARS, GENERATED_TIMEFRAME
from apps.research.refusals import ResearchRefused
from apps.research.results import measured, result_of
from apps.research.running import Outcome, prepare
from apps.research.series import Series, from_files, generated
from apps.research.wishes import Wish, plain_instrument
from apps.trading.metrics.costs import Costs
from apps.trading.metrics.curve import Curve, combined
from apps.trading.metrics.measure import Market, Measured, metrics_of
from apps.trading.metrics.outcomes import Outcomes
from apps.trading.metrics.sheet import Metrics
from apps.trading.portfolio import Member, Pot, run_portfolio

DEFAULT_ACCOUNT = "account"
_OF_THE_FILE = ("capital", "max_exposure", "accounts", "bots", "fee", "maker_fee", "slippage")
_OF_THE_WISH = ("strategy", "preset", "parameters", "plan", "limits", "capital")
_OF_A_BOT = (
    *_OF_THE_WISH,
    "name",
    "account",
    "symbol",
    "timeframe",
    "candles",
    "market",
    "exchange",
    "generated",
    "columns",
)
_OBJECTS = {
    "parameters": '{"period": 7}',
    "plan": '{"stop_loss": 0.02}',
    "limits": '{"max_orders_per_minute": 10}',
    "generated": '{"seed": 7, "bars": 20000}',
    "columns": '{"probability": "model.csv"}',
}


@dataclass(frozen=True, slots=True)
class Together:
    """What a portfolio's run left: each bot by name, and all of them as one."""

    outcomes: Mapping[str, Outcome]
    figures: Mapping[str, Measured]
    curve: Curve
    metrics: Metrics
    seconds: float


def run_file(path: Path, *, strategy_folder: Path | None, patience: Patience) -> Together:
    """Run the portfolio a JSON file describes; ResearchRefused names the bot and field."""
    given = _object(path)
    pots = _pots(given)
    names = list(pots)
    prepared, members = {}, []
    began = time.perf_counter()
    for place, bot in enumerate(_bots(given)):
        name = str(bot.get("name") or f"{bot.get('strategy')} {place + 1}")
        try:
            if name in prepared:
                raise ResearchRefused("another bot has the same name; give it one of its own")
            wish = _wish(given, bot)
            found = find_strategy(wish.strategy, folder=strategy_folder, patience=patience)
            strategy = with_columns(found, bot.get("columns", {}), folder=path.parent)
            series = _series(bot, path.parent)
            ready = prepare(wish=wish, series=series, strategy=strategy, patience=patience)
            account = names.index(_account(bot, names))
        except ResearchRefused as refused:
            raise ResearchRefused(f"{path.name}, bot {name!r}: {refused}") from refused
        prepared[name] = ready
        members.append(
            Member(
                plan=ready.plan,
                instrument=ready.instrument,
                capital=Decimal(str(wish.capital)),
                limits=ready.limits,
                bars=ready.bars,
                bits=ready.bits,
                bar_ms=ready.bar_ms,
                account=account,
                slippage=wish.slippage,
            )
        )
    _check_quotes(path, members)
    runs = run_portfolio(
        members=members, pots=list(pots.values()), max_exposure=given.get("max_exposure")
    )
    seconds = time.perf_counter() - began
    outcomes = {
        name: ready.outcome(run, seconds=seconds)
        for (name, ready), run in zip(prepared.items(), runs, strict=True)
    }
    figures = {name: measured(outcome) for name, outcome in outcomes.items()}
    capital = float(sum(pot.capital for pot in pots.values()))
    curve = combined([part.curve for part in figures.values()], capital=capital)
    return Together(outcomes, figures, curve, _metrics(outcomes, figures, curve), seconds)


def portfolio_result(together: Together, *, with_trades: bool = True) -> dict[str, Any]:
    """As JSON: the whole, then each bot's own result by name."""
    metrics = together.metrics
    return {
        "bots": {
            name: result_of(outcome, together.figures[name], with_trades=with_trades)
            for name, outcome in together.outcomes.items()
        },
        "bars": sum(len(outcome.series.bars.open_at) for outcome in together.outcomes.values()),
        "seconds": round(together.seconds, 6),
        "equity": {
            "start": metrics.capital,
            "end": metrics.final_equity,
            "max_drawdown": metrics.max_drawdown,
        },
        "metrics": metrics.to_json(),
        "warnings": [
            f"{name}: {warning}"
            for name, outcome in together.outcomes.items()
            for warning in outcome.warnings
        ],
        "engine": engine(),
    }


def _metrics(
    outcomes: Mapping[str, Outcome], figures: Mapping[str, Measured], curve: Curve
) -> Metrics:
    """One sheet: the curves added up, all trades in the order of their closes.

    The market is what the bots' markets did, weighed by the bots' capital.
    """
    parts = list(figures.values())
    weights = [outcome.wish.capital for outcome in outcomes.values()]
    markets = [part.metrics for part in parts]
    total = sum(weights)
    return metrics_of(
        curve=curve,
        trades=Outcomes.of(*(part.trips.closed for part in parts)),
        open_profit=[trade.unrealised for part in parts for trade in part.trips.open],
        dust=sum(part.metrics.dust for part in parts),
        costs=Costs(*(sum(each) for each in zip(*(part.costs for part in parts), strict=True))),
        market=Market(
            change=sum(w * m.market_change for w, m in zip(weights, markets, strict=True)) / total,
            buy_and_hold=sum(w * m.buy_and_hold for w, m in zip(weights, markets, strict=True))
            / total,
        ),
    )


# ---- the file ----------------------------------------------------------------------------------


def _object(path: Path) -> dict[str, Any]:
    try:
        given = json.loads(read_text(path))
    except ValueError as error:
        raise ResearchRefused(f"{path.name} is not JSON: {error}") from None
    if not isinstance(given, dict):
        raise ResearchRefused(f'{path.name} must hold an object such as {{"bots": [...]}}')
    _check_names(path.name, given, _OF_THE_FILE)
    if ("capital" in given) == ("accounts" in given):
        raise ResearchRefused(f"{path.name} must say either capital or accounts: what is shared")
    return given


def _bots(given: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    bots = given.get("bots")
    if not (isinstance(bots, list) and bots and all(isinstance(bot, dict) for bot in bots)):
        raise ResearchRefused("bots must be a list of objects, one per bot")
    return bots


def _pots(given: Mapping[str, Any]) -> dict[str, Pot]:
    accounts = given.get("accounts") or {DEFAULT_ACCOUNT: {"capital": given.get("capital")}}
    if not isinstance(accounts, dict):
        raise ResearchRefused("accounts must be an object of accounts by name")
    _share(given.get("max_exposure"), "max_exposure")
    pots = {}
    for name, account in accounts.items():
        where = f"account {name!r}"
        if not isinstance(account, dict):
            raise ResearchRefused(f'{where} must be an object such as {{"capital": 10000}}')
        _check_names(where, account, ("capital", "max_exposure"))
        # A wish checks amounts; an account's is one too.
        capital = Wish("", capital=account.get("capital", 0)).capital
        share = _share(account.get("max_exposure"), f"{where}: max_exposure")
        pots[str(name)] = Pot(Decimal(str(capital)), share)
    return pots


def _share(value: Any, name: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
        raise ResearchRefused(f"{name} {value!r} must be a fraction above 0 and at most 1")
    return float(value)


def _account(bot: Mapping[str, Any], names: Sequence[str]) -> str:
    name = str(bot.get("account", names[0]))
    if name not in names:
        raise ResearchRefused(f"account {name!r} is unknown; use one of {', '.join(names)}")
    return name


def _wish(given: Mapping[str, Any], bot: Mapping[str, Any]) -> Wish:
    _check_names("a bot", bot, _OF_A_BOT)
    for name in ("strategy", "capital"):
        if name not in bot:
            raise ResearchRefused(f"{name} is missing")
    for name, example in _OBJECTS.items():
        if not isinstance(bot.get(name, {}), dict):
            raise ResearchRefused(f"{name} must be an object such as {example}")
    costs = {name: given[name] for name in ("fee", "maker_fee", "slippage") if name in given}
    return Wish(**{name: bot[name] for name in _OF_THE_WISH if name in bot}, **costs)


def _series(bot: Mapping[str, Any], folder: Path) -> Series:
    chosen = [name for name in ("candles", "market", "generated") if name in bot]
    if len(chosen) != 1:
        raise ResearchRefused(
            "say where its bars are, by one of candles (a file), market (a symbol whose bars are "
            'stored) and generated ({"seed": 7})'
        )
    timeframe = bot.get("timeframe", "")
    if chosen == ["candles"]:
        symbol = bot.get("symbol", "BASE/QUOTE")
        return from_files(
            folder / bot["candles"], instrument=plain_instrument(symbol), timeframe=timeframe
        )
    timeframe = timeframe or GENERATED_TIMEFRAME
    if chosen == ["market"]:
        return stored(
            exchange=bot.get("exchange", "binance"), symbol=bot["market"], timeframe=timeframe
        )
    invented = {"bars": GENERATED_BARS, "seed": 1, **bot["generated"]}
    _check_names("generated", invented, ("bars", "seed", "symbol"))
    symbol = invented.get("symbol", bot.get("symbol", "BTC/USDT"))
    return generated(
        instrument=plain_instrument(symbol),
        timeframe=timeframe,
        count=invented["bars"],
        seed=invented["seed"],
    )


def _check_names(where: str, given: Mapping[str, Any], known: Sequence[str]) -> None:
    for name in given:
        if name not in known:
            raise ResearchRefused(f"{where}: {name!r} is unknown; use some of {', '.join(known)}")


def _check_quotes(path: Path, members: Sequence[Member]) -> None:
    quotes = sorted({member.instrument.quote for member in members})
    if len(quotes) > 1:
        raise ResearchRefused(
            f"{path.name}: its markets are quoted in {', '.join(quotes)}, and bots can share only "
            "money of one kind: make a file for each"
        )
