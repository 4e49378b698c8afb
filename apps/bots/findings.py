"""The pre-flight check of a bot: its configuration on its market, at the last known price."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from apps.bots.drafts import BotRefused, make_draft
from apps.bots.models import Bot
from apps.bots.refusals import problem_of
from apps.markets.candles import last_bar_at, read_bars
from apps.markets.models import Market
from apps.markets.prices import latest_prices
from apps.trading.bar import timeframe_ms
from apps.trading.plan import Plan
from apps.trading.preflight import Finding, Level, errors, preflight
from apps.trading.risk import Limits


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found, and the price at which it was looked at; None where none is known."""

    price: Decimal | None
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """Whether a bot may start with it."""
        return not errors(self.findings)

    @property
    def striking(self) -> list[Finding]:
        """What a person has to see before it is saved: all but the notes."""
        return [finding for finding in self.findings if finding.level is not Level.NOTE]

    def to_json(self) -> dict[str, Any]:
        return {
            "passed": self.passed,
            "price": None if self.price is None else format(self.price.normalize(), "f"),
            "findings": [finding.to_json() for finding in self.findings],
        }


def price_of(*, market: Market, timeframe: str) -> Decimal | None:
    """What the market costs: the last price heard, else the close of the newest stored bar."""
    heard = latest_prices(market_ids=[market.pk]).get(market.pk)
    if heard is not None:
        return heard.price
    newest = last_bar_at(market=market, timeframe=timeframe)
    if newest is None:
        return None
    bars = read_bars(market=market, timeframe=timeframe, since=newest, until=newest + 1)
    return Decimal(repr(float(bars.close[-1]))) if len(bars.close) else None


def look_at(
    *,
    plan: Mapping[str, Any],
    limits: Mapping[str, Any],
    capital: Decimal,
    market: Market,
    timeframe: str,
    price: Decimal | None = None,
) -> Looked:
    """Check a configuration's values as they are stored. BotRefused when they are no plan.

    `price`: instead of the market's last one.
    """
    try:
        planned, limited = Plan.from_json(plan), Limits.from_json(limits)
    except (ValueError, TypeError) as error:
        raise BotRefused(str(error)) from error
    at = price_of(market=market, timeframe=timeframe) if price is None else price
    found = preflight(
        planned,
        instrument=market.instrument,
        capital=capital,
        limits=limited,
        price=at,
        bar_s=timeframe_ms(timeframe) / 1000,
    )
    return Looked(at, found)


def look_at_draft(
    *,
    strategy: str,
    market: Market,
    timeframe: str,
    price: Decimal | None = None,
    remedies: Mapping[str, str] | None = None,
    **asked: Any,
) -> Looked:
    """Check what would be saved, `asked` as `make_draft` takes it; a refusal is the one finding.

    `remedies`: what to say of each field that the asking side knows.
    """
    try:
        draft = make_draft(strategy=strategy, market=market, **asked)
        return look_at(
            plan=draft.plan,
            limits=draft.limits,
            capital=draft.capital,
            market=market,
            timeframe=timeframe,
            price=price,
        )
    except BotRefused as error:
        problem = problem_of(error, remedies=remedies or {}, strategy=strategy)
        refused = Finding(Level.ERROR, problem.field, problem.detail, problem.remedy)
        return Looked(price or price_of(market=market, timeframe=timeframe), (refused,))


def look_at_bot(*, bot: Bot) -> Looked | None:
    """Check the configuration in force; None where the bot has none that says a plan."""
    config = bot.config
    if config is None or not config.plan:
        return None
    return look_at(
        plan=config.plan,
        limits=config.limits,
        capital=config.capital,
        market=bot.market,
        timeframe=bot.timeframe,
    )


def refuse_errors(looked: Looked, *, known: Sequence[Finding] = ()) -> None:
    """BotRefused tells the first error; those of a field that had one before are left aside."""
    before = {finding.field for finding in errors(known)}
    for finding in errors(looked.findings):
        if finding.field not in before:
            raise BotRefused(
                f"the pre-flight check refuses {finding.field}: {finding.in_words()[:-1]}"
            )
