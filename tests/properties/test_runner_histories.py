"""Whatever is killed, stopped, late, lost or taken over: the exchange has each order once.

The very shift, runner and execution that trade run here on virtual time. The planted variants
show that the property finds what it is there for.
"""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from apps.trading.bot_state import WorkingOrder
from apps.trading.events import OrderUnknown
from apps.trading.journal import Append, AppendResult
from apps.trading.order import OrderStatus
from apps.trading.plan import Plan
from tests.properties.runner_books import broken, reached
from tests.properties.runner_world import CAPITAL, WINDOWS, Act, Story, World
from tests.properties.wires import Fate
from tests.support.memory_journal import MemoryJournal
from workers import runner
from workers.execution import Windows
from workers.mailbox import Letter

PLANS = (
    Plan(quote_per_entry=60.0, max_holding_s=1.0, exit_on_signal=False),
    Plan(quote_per_entry=60.0, max_holding_s=3.0, max_positions=2),
    Plan(quote_per_entry=100.0, stop_loss=0.01, take_profit=0.012),
    Plan(
        quote_per_entry=80.0, entry="limit", entry_offset=0.003, entry_timeout_s=4.0,
        stop_loss=0.02, max_holding_s=20.0,
    ),
    Plan(
        quote_per_entry=50.0, add_quote=30.0, max_adds=2, add_interval_s=3.0, stop_loss=0.006,
        take_profit=0.004,
    ),
)  # fmt: skip

CALM, SLOW, LATE = (1, 1, 2, 40), (1, 60, 900, 2_500), (1, 1, 40, 4_500)
WORSE = (1, 300, 1_500, 3_000, 4_500, 7_000)
WHOLE, LOSSY, BROKEN = ("",), ("", "", "", "there", "back"), ("", "there", "back")
DEEDS = (
    "kill", "kill", "kill", "start", "start", "stop", "go_on", "lapse", "declare_dead", "drain",
    "wish", "configure",
)  # fmt: skip
PAUSES_MS = st.sampled_from([50, 900, 5_000, 9_000, 14_000, 20_000])
ACTS = st.builds(Act, PAUSES_MS, st.sampled_from(DEEDS), st.integers(0, 60))


def several(values: st.SearchStrategy[Any], count: int) -> st.SearchStrategy[list[Any]]:
    """So many: short lists would be gone through too soon, and little would happen."""
    return st.lists(values, min_size=count, max_size=count)


def wire(count: int, *moods: tuple[tuple[int, ...], tuple[str, ...]]) -> st.SearchStrategy[Any]:
    """Each story has its own mood: faults that come together are found together."""

    def fates(mood: tuple[tuple[int, ...], tuple[str, ...]]) -> st.SearchStrategy[Any]:
        ms, lost = (st.sampled_from(choices) for choices in mood)
        return several(st.builds(Fate, ms, ms, lost), count)

    return st.sampled_from(moods).flatmap(fates)


USUAL: dict[str, st.SearchStrategy[Any]] = {
    "plans": several(st.sampled_from(PLANS), 2),
    "acts": several(ACTS, 6),
    "venue": wire(9, (CALM, LOSSY), (WORSE, LOSSY), (CALM, BROKEN), (SLOW, WHOLE)),
    "store": wire(7, (CALM, WHOLE), (SLOW, WHOLE), (SLOW, LOSSY), (CALM, LOSSY)),
    "stream": wire(5, (CALM, LOSSY), (WORSE, LOSSY), (CALM, BROKEN), (WORSE, ("there",))),
    "verdicts": several(st.sampled_from(["", "", "", "-1015", "-2010"]), 3).map(
        lambda verdicts: [*verdicts, "", ""]
    ),
    "lags": several(st.sampled_from([0, 0, 300, 900]), 3),
    "waits": several(st.sampled_from([0.0, 0.0, 0.0, 0.4]), 2).map(lambda waits: [*waits, 0.0]),
    "moves": several(st.sampled_from([-0.013, -0.004, -0.001, 0.0, 0.001, 0.004, 0.013]), 7),
    "signals": several(st.sampled_from([1, 1, 1, 2, 5, 0]), 3).map(lambda bits: [*bits, 1]),
}


def stories(**instead: st.SearchStrategy[Any]) -> st.SearchStrategy[Story]:
    return st.builds(Story, **{**USUAL, **instead})


# One process trades on a slow database at an exchange to which many requests never come.
SLOW_ROWS = stories(
    plans=st.just(PLANS[:1]),
    acts=st.just([Act(20_000, "go_on")] * 3),
    venue=wire(9, (CALM, ("", "", "there"))),
    store=wire(7, (SLOW, WHOLE)),
    verdicts=st.just([""]),
    waits=st.just([0.0]),
    signals=st.just([1]),
)

# Bots change hands while requests of their last owner are still on their way.
MANY_HANDS = stories(
    plans=st.just(PLANS[:1]),
    acts=several(
        st.builds(
            Act,
            st.sampled_from([900, 2_500, 4_000]),
            st.sampled_from(("start", "stop", "go_on", "kill")),
            st.integers(0, 30),
        ),
        12,
    ),
    venue=wire(9, (LATE, WHOLE), (LATE, LOSSY)),
    store=wire(7, (CALM, WHOLE)),
    verdicts=st.just([""]),
    signals=st.just([1]),
)


def always_the_same(examples: int, *phases: Phase) -> settings:
    """No luck: every run tells the same stories."""
    return settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=phases,
        report_multiple_bugs=False,
    )


def play(story: Story, world: type[World] = World) -> World:
    told = world(story)
    told.play()
    return told


@pytest.fixture(autouse=True)
def silence(caplog: pytest.LogCaptureFixture) -> None:
    """Thousands of shifts that are lost on purpose would say so."""
    caplog.set_level("CRITICAL")


def test_no_story_loses_or_doubles_an_order() -> None:
    seen: Counter[str] = Counter()
    for kind, count in ((stories(), 50), (MANY_HANDS, 25), (SLOW_ROWS, 15)):

        @always_the_same(count, Phase.generate, Phase.shrink)
        @given(kind)
        def tell(story: Story) -> None:
            told = play(story)

            assert broken(told) == []
            seen.update(reached(told))

        tell()

    print(dict(seen))
    assert [name for name in MUST_HAPPEN if not seen[name]] == [], "too little came to pass"


MUST_HAPPEN = (
    "killed", "taken over", "signed again", "OrderUnknown", "OrderAbsent", "OrderFilled",
    "SendRefused", "OrderRejected", "CancelRequested", "IntentExpired", "ModeChanged",
    "ConfigurationApplied", "PositionClosed",
)  # fmt: skip


# ---- what must be found --------------------------------------------------------------------------


class Fell(Exception):
    """A story went wrong."""


def falls(told: st.SearchStrategy[Story], world: type[World] = World) -> list[str]:
    """What the first story that goes wrong says."""
    found: list[str] = []
    count = 0

    @always_the_same(150, Phase.generate)
    @given(told)
    def tell(story: Story) -> None:
        nonlocal count
        count += not found
        found[:] = broken(play(story, world))
        if found:
            raise Fell

    with pytest.raises(Fell):
        tell()
    print(f"found after {count} stories: {found}")
    return found


def believed(letter: Letter, order: WorkingOrder | None) -> bool:
    """As `overtaken` once was: an absence says something of every signature of its order."""
    if order is None:
        return True
    return isinstance(letter, OrderUnknown) and order.status is not OrderStatus.SENDING


def test_an_absence_believed_of_a_newer_signature_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "overtaken", believed)

    assert any("twice" in line or "cannot happen" in line for line in falls(SLOW_ROWS))


class Hasty(World):
    """Takes for absent what is not shown yet: the deadline is not waited for."""

    windows = Windows(recv_window_ms=WINDOWS.recv_window_ms, read_lag_ms=-WINDOWS.recv_window_ms)


def test_an_absence_before_the_deadline_is_found() -> None:
    assert any("twice" in line for line in falls(MANY_HANDS, Hasty))


class Unfenced(MemoryJournal):
    """Takes rows of whoever had the bot once, after whatever stands there."""

    def append(self, append: Append, *, now: int) -> AppendResult:
        anyone = replace(append, fence=self.fence, after_seq=len(self.rows))
        return super().append(anyone, now=now)


class TwoMasters(World):
    def make_journal(self, plan: Plan) -> MemoryJournal:
        return Unfenced(plan=plan, capital=CAPITAL)


def test_a_journal_without_a_fence_is_found() -> None:
    assert falls(MANY_HANDS, TwoMasters)
