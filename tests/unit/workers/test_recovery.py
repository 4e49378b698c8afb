"""A start rebuilds the bot of its journal; what shortens it is never believed blindly."""

from dataclasses import replace
from typing import Any

import pytest

from apps.trading.events import ConfigurationApplied, ModeChanged, PriceMoved
from apps.trading.past import Marks, Snapshot, Stamp
from apps.trading.risk import Limits
from tests.support.kept import Kept
from tests.unit.trading.bot import NOW, Bot
from workers.recovery import ROWS_AT_ONCE, Recovered

DAY_MS = 86_400_000


def configured(**plan: Any) -> Bot:
    """A bot whose journal begins with its configuration."""
    bot = Bot(limits=Limits(max_daily_loss=0.02), **plan)
    bot.take(
        ConfigurationApplied(
            version=1,
            strategy="rsi",
            plan=bot.plan.to_json(),
            capital=bot.capital,
            limits=bot.limits.to_json(),
        )
    )
    return bot


def snapshot_of(bot: Bot) -> Snapshot:
    return Snapshot(Stamp(len(bot.rows), 1, 0, "p"), bot.engine.snapshot())


def marks_of(bot: Bot) -> Marks:
    return Marks(len(bot.rows), 1, bot.engine.marks())


async def recover(kept: Kept, bot: Bot) -> Recovered:
    return await kept.recover(
        bot_number=7,
        installation="ab12",
        plan=bot.plan,
        limits=bot.limits,
        instrument=bot.market,
    )


async def test_with_a_snapshot_only_the_rows_after_it_are_asked_for() -> None:
    bot = configured()
    bot.open(100)
    snapshot = snapshot_of(bot)
    bot.take(ModeChanged("exits_only", "paused"))
    kept = Kept(bot.rows, snapshot=snapshot)

    again = await recover(kept, bot)

    assert kept.asked == [snapshot.stamp.seq]
    assert again.engine.snapshot() == bot.replayed().snapshot()
    assert not again.is_new
    assert not kept.dropped


async def test_a_snapshot_of_another_past_is_dropped_and_the_journal_read() -> None:
    bot, other = configured(), configured()
    bot.open(100)
    other.take(ModeChanged("nothing", "another past"))
    kept = Kept(bot.rows, snapshot=snapshot_of(other), vouches=False)

    again = await recover(kept, bot)

    assert kept.dropped
    assert again.engine.snapshot() == bot.replayed().snapshot()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda state: b"",
        lambda state: b"not a snapshot",
        lambda state: state[:-8],
        lambda state: state.replace(b"flotilla-bot", b"flotilla-cat", 1),
        lambda state: state.replace(b'"bot_number": 7', b'"bot_number": 8', 1),
        lambda state: state.replace(b'"orders"', b'"odours"', 1),
    ],
    ids=["empty", "noise", "cut", "other format", "other bot", "other fields"],
)
async def test_a_snapshot_that_cannot_be_read_costs_only_the_replay(spoil: Any) -> None:
    bot = configured()
    bot.open(100)
    good = snapshot_of(bot)
    kept = Kept(bot.rows, snapshot=replace(good, state=spoil(good.state)))

    again = await recover(kept, bot)

    assert kept.asked == [0]
    assert kept.dropped
    assert again.engine.snapshot() == bot.replayed().snapshot()


async def test_what_a_snapshot_knows_of_prices_since_its_row_does_not_count() -> None:
    bot = configured(take_profit=0.5)
    bot.open(100)
    bot.take(PriceMoved(120.0, 120.0, 120.0))
    kept = Kept(bot.rows, snapshot=snapshot_of(bot))

    again = await recover(kept, bot)

    assert again.engine.snapshot() == bot.replayed().snapshot()


async def test_the_days_first_equity_survives_a_kill_so_the_daily_loss_counts_from_it() -> None:
    bot = configured(take_profit=0.5, quote_per_entry=400.0, max_positions=2)
    bot.open(100, "4")
    bot.price(110, after_ms=DAY_MS)
    bot.now += 10_000
    kept = Kept(bot.rows, marks=marks_of(bot))

    with_marks = (await recover(kept, bot)).engine
    without = bot.replayed()

    assert with_marks.marks()["bot.day_equity"] == pytest.approx(1040.0)
    bot.engine = with_marks
    bot.price(104)
    assert bot.signal().events[-1].code == "daily_loss_reached"
    bot.engine = without
    bot.price(104)
    assert bot.signal().sends != ()


async def test_a_trailing_high_survives_a_kill() -> None:
    bot = configured(take_profit=0.5)
    bot.open(100)
    high = {"bot.now": NOW + 60_000, "bot.mark": 118.0, "positions.0.peak": 120.0}
    kept = Kept(bot.rows, marks=Marks(len(bot.rows), 1, high))

    again = await recover(kept, bot)

    assert again.engine.marks() == high


async def test_marks_older_than_the_journal_are_left_out() -> None:
    bot = configured()
    bot.open(100)
    stale = Marks(len(bot.rows), 1, {"positions.0.peak": 120.0})
    bot.take(ModeChanged("exits_only", "paused"))

    again = await recover(Kept(bot.rows, marks=stale), bot)

    assert again.engine.snapshot() == bot.replayed().snapshot()


async def test_marks_of_a_build_with_other_words_are_left_out() -> None:
    bot = configured()
    bot.open(100)
    foreign = Marks(len(bot.rows), 1, {"positions.0.forgotten_word": 1.0})

    again = await recover(Kept(bot.rows, marks=foreign), bot)

    assert again.engine.snapshot() == bot.replayed().snapshot()


async def test_a_bot_without_a_configuration_in_its_journal_is_new() -> None:
    bot = configured()

    assert (await recover(Kept([]), bot)).is_new
    assert not (await recover(Kept(bot.rows), bot)).is_new


async def test_a_long_journal_lets_the_other_bots_of_the_process_breathe() -> None:
    bot = configured()
    for number in range(2 * ROWS_AT_ONCE):
        bot.take(ModeChanged(("exits_only", "trade")[number % 2], "again"))
    kept = Kept(bot.rows)

    await recover(kept, bot)

    assert kept.breaths == 2
