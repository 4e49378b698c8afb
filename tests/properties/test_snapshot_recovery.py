"""A start from any snapshot and the rows after it gives the bot that the whole journal gives."""

import random
from collections.abc import Mapping
from typing import Any

from apps.trading.past import Marks, Snapshot, Stamp
from tests.properties.shell import Shell
from tests.properties.test_engine_histories import act, configuration
from tests.support.kept import Kept
from tests.unit.trading.worlds import instrument, random_limits, random_plan
from workers.recovery import Recovered


async def recovered(
    shell: Shell, *, snapshot: Snapshot | None = None, marks: Mapping[str, Any] | None = None
) -> Recovered:
    held = None if marks is None else Marks(len(shell.rows), 1, marks)
    kept = Kept(shell.rows, snapshot=snapshot, marks=held)
    again = await kept.recover(
        bot_number=36,
        installation="k3y0",
        plan=shell.plan,
        limits=shell.limits,
        instrument=shell.instrument,
    )
    assert not kept.dropped
    return again


def history(seed: int, steps: int = 120) -> tuple[Shell, list[Snapshot]]:
    """A bot's life, with the snapshot after each of its commits."""
    rng = random.Random(seed)
    shell = Shell(
        rng=rng, plan=random_plan(rng), instrument=instrument(), limits=random_limits(rng)
    )
    shell.take(configuration(shell, version=1))
    taken = [snapshot_of(shell)]
    for number in range(steps):
        shell.now += rng.choice([1, 50, 1_000, 20_000])
        act(shell, number)
        taken.append(snapshot_of(shell))
    return shell, taken


def snapshot_of(shell: Shell) -> Snapshot:
    return Snapshot(Stamp(len(shell.rows), 1, 0, "p"), shell.engine.snapshot())


async def test_any_snapshot_and_its_tail_give_the_bot_of_the_whole_journal() -> None:
    tails = 0
    for seed in range(8):
        shell, snapshots = history(seed)
        whole = (await recovered(shell)).engine.snapshot()

        for snapshot in random.Random(seed).sample(snapshots, 20):
            again = await recovered(shell, snapshot=snapshot)

            assert again.engine.snapshot() == whole, f"seed {seed}, row {snapshot.stamp.seq}"
            assert not again.is_new
            tails += snapshot.stamp.seq < len(shell.rows)
    assert tails > 100


async def test_marks_bring_back_what_prices_moved_after_the_last_row() -> None:
    moved = 0
    for seed in range(100, 106):
        shell, snapshots = history(seed, steps=80)
        words = shell.engine.marks()
        moved += bool(words)

        for snapshot in (None, snapshots[len(snapshots) // 2], snapshots[-1]):
            again = await recovered(shell, snapshot=snapshot, marks=words)

            assert again.engine.marks() == words, f"seed {seed}"
            assert again.engine.watch() == shell.engine.watch(), f"seed {seed}"
            again.engine.apply_marks({})
            assert again.engine.snapshot() == shell.without_marks(), f"seed {seed}"
    assert moved > 2
