"""Walk-forward windows: search on one stretch of bars, trade the next, and go on.

Source: Pardo (2008), "The Evaluation and Optimization of Trading Strategies", chapter 11.
"""

from dataclasses import dataclass

from apps.research.refusals import ResearchRefused

KINDS = ("anchored", "rolling")
LEARNING_PARTS = 3
"""How many times as long as a tested stretch the first one to learn from is."""
LEAST_BARS = 50


@dataclass(frozen=True, slots=True)
class Window:
    """Places of bars: learned from [first, middle), tested on [middle, last)."""

    first: int
    middle: int
    last: int

    @property
    def learned(self) -> tuple[int, int]:
        return self.first, self.middle

    @property
    def tested(self) -> tuple[int, int]:
        return self.middle, self.last


def windows(*, bars: int, kind: str, count: int, parts: int = LEARNING_PARTS) -> list[Window]:
    """Tested stretches of one length that follow each other to the last bar.

    `anchored`: each learns from all bars before; `rolling`: from the latest `parts` stretches.
    """
    if kind not in KINDS:
        raise ResearchRefused(f"walk-forward {kind!r} is unknown; use one of {', '.join(KINDS)}")
    if count < 2:
        raise ResearchRefused(f"windows {count} must be 2 or more")
    edges = [bars * k // (count + parts) for k in range(count + parts + 1)]
    if edges[1] < LEAST_BARS:
        raise ResearchRefused(
            f"windows {count} leave {edges[1]} bars to each test and {LEAST_BARS} are needed: give "
            "more bars or fewer windows"
        )
    return [
        Window(0 if kind == "anchored" else edges[k], edges[k + parts], edges[k + parts + 1])
        for k in range(count)
    ]


def halves(*, bars: int, held_out: float) -> Window:
    """One window: the last share of the bars is held out."""
    middle = bars - int(bars * held_out)
    return Window(0, middle, bars)
