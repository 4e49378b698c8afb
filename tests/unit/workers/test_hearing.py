"""A user stream that keeps events to itself is noticed, and one that is only late is not."""

from decimal import Decimal

import pytest

from apps.trading.journal import LiveOrder
from apps.trading.order import Side, VenueStatus
from apps.trading.outcome import VenueOrder
from workers import hearing
from workers.hearing import Hearing

BEGAN = 1_790_000_000_000


class Now:
    """The exchange's time, moved by hand."""

    def __init__(self) -> None:
        self.at = BEGAN

    def __call__(self) -> int:
        return self.at


@pytest.fixture
def now() -> Now:
    return Now()


@pytest.fixture
def heard(now: Now) -> Hearing:
    made = Hearing(exchange_now=now)
    made.gap(live=True)
    return made


def placed(name: str, *, at: int, status: str = "open") -> LiveOrder:
    return LiveOrder(name, "BTC/USDT", f"v{name}", status, Decimal(0), at, settled=False)


def shown(
    name: str, *, at: int = BEGAN, filled: str = "0", status: VenueStatus = VenueStatus.OPEN
) -> VenueOrder:
    return VenueOrder(
        "BTC/USDT", name, f"v{name}", Side.BUY, None, status, None, Decimal(1), Decimal(filled), at
    )


def test_an_order_the_stream_never_mentioned_is_unheard_of_after_a_while(
    heard: Hearing, now: Now
) -> None:
    orders = [placed("told", at=BEGAN + 1_000), placed("kept", at=BEGAN + 1_000)]
    heard.told(shown("told"))

    now.at = BEGAN + 1_000 + hearing.PATIENCE_MS - 1
    early = heard.unheard(orders)
    now.at += 1

    assert early == []
    assert heard.unheard(orders) == ["kept"]


@pytest.mark.parametrize(
    "order",
    [
        placed("before it was live", at=BEGAN),
        placed("of unknown outcome", at=BEGAN + 1_000, status="sending"),
        placed("never signed", at=0),
    ],
)
def test_an_order_the_stream_need_not_have_told_is_not_judged(
    heard: Hearing, now: Now, order: LiveOrder
) -> None:
    now.at = BEGAN + 10_000

    assert heard.unheard([order]) == []


def test_old_orders_are_not_judged_because_what_was_told_may_be_forgotten(
    heard: Hearing, now: Now
) -> None:
    now.at = BEGAN + 1_000 + hearing.LOOKED_BACK_MS + 1

    assert heard.unheard([placed("old", at=BEGAN + 1_000)]) == []


def test_an_order_that_moved_further_than_the_stream_said_is_untold(
    heard: Hearing, now: Now
) -> None:
    filled, final = VenueStatus.FILLED, VenueStatus.CANCELED
    heard.told(shown("part", filled="0.4"))
    heard.told(shown("whole", filled="1", status=filled))
    heard.told(shown("gone"))
    moved = [
        shown("part", filled="0.5", at=BEGAN + 1_000),
        shown("whole", filled="1", status=filled, at=BEGAN + 1_000),
        shown("gone", status=final, at=BEGAN + 1_000),
        shown("never told", filled="0.1", at=BEGAN + 1_000),
    ]

    now.at = BEGAN + 5_000

    assert heard.untold(moved) == ["part", "gone", "never told"]


def test_a_later_event_told_before_an_earlier_one_counts(heard: Hearing, now: Now) -> None:
    heard.told(shown("mixed", filled="1", status=VenueStatus.FILLED))
    heard.told(shown("mixed", filled="0.3"))
    now.at = BEGAN + 5_000

    moved = [shown("mixed", filled="1", status=VenueStatus.FILLED, at=BEGAN + 1_000)]

    assert heard.untold(moved) == []


def test_only_the_newest_orders_are_remembered(
    heard: Hearing, now: Now, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hearing, "KEPT", 10)
    for number in range(30):
        heard.told(shown(f"n{number}"))
    now.at = BEGAN + 5_000

    unheard = heard.unheard([placed(f"n{number}", at=BEGAN + 1_000) for number in range(30)])

    assert unheard == [f"n{number}" for number in range(20)]
