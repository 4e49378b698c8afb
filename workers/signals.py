"""Evaluates strategies when bars close: each distinct wish once, for all bots that share it.

Runs on queue `signals` in processes of its own with time limits, because strategies may be the
user's code: an endless loop there stops no bot.
"""

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from django.conf import settings
from django.utils import timezone

from apps.bots import signals as rows
from apps.bots import wakeups
from apps.bots.drafts import known_strategy
from apps.bots.signals import Wish
from apps.common.moments import to_ms
from apps.common.strategy_limit import strategy_limit
from apps.markets import candles
from apps.markets.blocks import BlockDamaged
from apps.trading.bar import Bars, timeframe_ms
from apps.trading.params import Values
from apps.trading.signals import to_bits
from apps.trading.strategy import Strategy

logger = logging.getLogger(__name__)

LATE_BARS = 2
"""A bar that closed longer ago than this many bars gives no signal: it is news of the past."""
STRATEGY_LIMIT_S = 5.0
"""What one strategy may take for one wish; it then gives none, and the others get their turn."""


@dataclass(frozen=True, slots=True)
class _Question:
    """A wish with what its strategy needs to answer it."""

    wish: Wish
    strategy: Strategy
    p: Values
    warm_up: int
    now: int
    since: int

    @property
    def series(self) -> tuple[UUID, str]:
        return (self.wish.market_id, self.wish.timeframe)


@dataclass(frozen=True, slots=True)
class _Verdict:
    bits: int
    strength: float
    inputs: Mapping[str, float]
    reason: str


def check_all() -> int:
    """Every wish; the scheduled net under the checks that bar closes ask for.

    It also tells when each bot's signals were last evaluated: at the close of a bar that would
    keep the journals of the very bots waiting whose orders are to leave.
    """
    given, checked = _check(rows.wishes())
    rows.mark_checked(bot_ids=checked)
    return given


def check_closed(*, closed: Collection[tuple[UUID, str]]) -> int:
    """The wishes of the markets and timeframes whose bars have just closed."""
    return _check(rows.wishes(closed=closed))[0]


def _check(wishes: Sequence[Wish]) -> tuple[int, list[UUID]]:
    """How many new signals there are, and the bots whose signals could be evaluated."""
    now_of = _market_time(wishes)
    questions: list[_Question] = []
    for wish in wishes:
        with _sparing_others(wish):
            question = _question(wish, now_of(wish))
            needed = question.strategy.missing()
            if needed:
                rows.say_waiting(bot_ids=wish.bot_ids, what=" and ".join(needed))
            else:
                questions.append(question)
    series = _read(questions)
    checked: list[UUID] = []
    given = 0
    for question in questions:
        if question.series in series:
            with _sparing_others(question.wish):
                given += _answer(question, series[question.series], checked)
    return given, checked


def _market_time(wishes: Sequence[Wish]) -> Callable[[Wish], int]:
    """What time it is in a wish's market, ms; where only prices tell, the end of the newest bar."""
    if settings.MARKET_TIME != "prices":
        now = to_ms(timezone.now())
        return lambda wish: now
    newest = candles.newest({(wish.market_id, wish.timeframe) for wish in wishes})
    return lambda wish: (
        newest.get((wish.market_id, wish.timeframe), 0) + timeframe_ms(wish.timeframe)
    )


@contextmanager
def _sparing_others(wish: Wish) -> Iterator[None]:
    """A strategy that fails is logged."""
    try:
        yield
    except Exception:
        logger.exception("strategy %s failed on %s", wish.strategy, wish.timeframe)


def _question(wish: Wish, now: int) -> _Question:
    strategy = known_strategy(name=wish.strategy)
    p = strategy.values(wish.parameters)
    with strategy_limit(STRATEGY_LIMIT_S):
        warm_up = strategy.warm_up(p)
        memory = max(strategy.memory(p), warm_up + 1)
    since = now - (memory + LATE_BARS) * timeframe_ms(wish.timeframe)
    return _Question(wish, strategy, p, warm_up, now, since)


def _read(questions: Sequence[_Question]) -> dict[tuple[UUID, str], Bars]:
    """The bars of every series asked about, once each, as far back as anybody needs them."""
    until = max((question.now for question in questions), default=0)
    since: dict[tuple[UUID, str], int] = {}
    for question in questions:
        since[question.series] = min(question.since, since.get(question.series, until))
    try:
        return candles.read_many(since=since, until=until)
    except BlockDamaged:
        # Whose it is shows when each is read alone; the others are judged all the same.
        return {key: bars for key in since for bars in _read_alone(key, since[key], until)}


def _read_alone(key: tuple[UUID, str], since: int, until: int) -> list[Bars]:
    try:
        return [candles.read_many(since={key: since}, until=until)[key]]
    except BlockDamaged:
        logger.exception("the %s bars of market %s cannot be read", key[1], key[0])
        return []


def _answer(question: _Question, series: Bars, checked: list[UUID]) -> int:
    """1 when this gave a new signal; whoever waits for it is woken at once."""
    wish = question.wish
    step = timeframe_ms(wish.timeframe)
    first = int(np.searchsorted(series.open_at, question.since))
    bars = Bars._make(column[first:] for column in series)
    missing = question.warm_up + 1 - len(bars.open_at)
    if missing > 0:
        bars_more = f"{missing} more bar{'s' if missing > 1 else ''}"
        rows.say_waiting(bot_ids=wish.bot_ids, what=f"{bars_more} before its first signal")
        return 0
    bar_open_at = int(bars.open_at[-1])
    if bar_open_at + step < question.now - LATE_BARS * step:
        return 0
    with strategy_limit(STRATEGY_LIMIT_S):
        verdict = _verdict(question, bars)
    checked.extend(wish.bot_ids)
    if verdict is None:
        return 0
    new = rows.store_signal(
        wish=wish,
        bar_open_at=bar_open_at,
        bits=verdict.bits,
        strength=verdict.strength,
        inputs=verdict.inputs,
        reason=verdict.reason,
    )
    if new:
        wakeups.wake(bot_ids=wish.bot_ids, kind="signal")
    return int(new)


def _verdict(question: _Question, bars: Bars) -> _Verdict | None:
    """Of the newest bar; None when the strategy wants nothing there."""
    strategy, p = question.strategy, question.p
    signals = strategy.signals(bars, p)
    bits = int(to_bits(signals, bars=len(bars.open_at))[-1])
    if not bits:
        return None
    inputs = strategy.inputs(bars, p)
    reason = strategy.reason(p, bits=bits, inputs=inputs)
    return _Verdict(bits, float(signals.strength[-1]), inputs, reason)
