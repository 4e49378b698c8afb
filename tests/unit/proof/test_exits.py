"""What the drill says of stops and targets that fired, fired late, or not at all."""

from decimal import Decimal
from uuid import UUID

import pytest

from apps.ledger.evidence import FilledExit
from apps.trading.order import Role
from workers.proof.exits import NO_STOP, WITHIN_MS, Exposed, Fired, judge

SINCE, UNTIL = 1_000_000, 1_120_000
LOSER, WINNER = UUID(int=1), UUID(int=2)
EXPOSED = [
    Exposed(LOSER, LOSER, "BTC/USDT", stop=99.0, target=103.0),
    Exposed(WINNER, WINNER, "ETH/USDT", stop=9.0, target=11.0),
]
# A stop fires at a touch; a target that is only touched may stay.
TRADES = {
    "BTC/USDT": [(SINCE + 1_000, 99.0), (SINCE + 2_000, 98.9), (SINCE + 60_000, 104.0)],
    "ETH/USDT": [(SINCE + 1_000, 11.0), (SINCE + 9_000, 11.1), (SINCE + 90_000, 8.0)],
}
STOPPED_AT, FILLED_AT = SINCE + 1_100, SINCE + 1_500


def sold(bot: UUID, role: Role, at: int, *, booked_after: int = 40) -> FilledExit:
    return FilledExit(bot, f"order {role}", role, Decimal(1), at, at + booked_after)


STOP = sold(LOSER, Role.STOP, STOPPED_AT)
TARGET = sold(WINNER, Role.TAKE_PROFIT, FILLED_AT)


def judged(*exits: FilledExit, until: int = UNTIL) -> Fired:
    return judge(exposed=EXPOSED, exits=exits, trades=TRADES.__getitem__, since=SINCE, until=until)


def test_a_fleet_whose_stops_and_targets_fire_has_nothing_wrong() -> None:
    found = judged(TARGET, STOP)

    assert found.wrong == []
    assert (found.stops, found.targets) == (1, 1)
    assert (found.stop_ms, found.booked_ms) == ([100], [40, 40])


def test_a_fleet_whose_exits_need_what_is_away_is_found() -> None:
    found = judged()

    assert NO_STOP in found.wrong
    assert "no target was filled meanwhile" in found.wrong
    assert [line.split(", sold ")[1] for line in found.wrong if ", sold " in line] == ["never"] * 4


def test_a_stop_that_one_position_of_two_missed_is_found_by_name() -> None:
    other = sold(UUID(int=3), Role.STOP, STOPPED_AT)

    found = judged(TARGET, other)

    assert found.wrong == [
        f"bot {LOSER}: BTC/USDT went through its stop 99, sold never",
        f"bot {LOSER}: BTC/USDT went through its target 103, sold never",
    ]


def test_a_stop_that_came_late_is_found() -> None:
    late = sold(LOSER, Role.STOP, SINCE + 2_000 + WITHIN_MS + 1)

    (line,) = judged(TARGET, late).wrong

    assert line.endswith(f"went through its stop 99, sold {WITHIN_MS + 1} ms later")


def test_an_exit_that_our_books_learnt_of_late_is_found() -> None:
    late = sold(WINNER, Role.TAKE_PROFIT, FILLED_AT, booked_after=WITHIN_MS + 1)

    assert judged(late, STOP).wrong == [f"1 exits came to our books later than {WITHIN_MS} ms"]


def test_a_level_reached_as_it_ends_asks_for_nothing_yet() -> None:
    found = judged(until=SINCE + 2_000 + WITHIN_MS - 1)

    assert not any("went through" in line for line in found.wrong)


@pytest.mark.parametrize(("gone", "absent"), [(STOP, "stop"), (TARGET, "target")])
def test_one_kind_alone_proves_nothing_of_the_other(gone: FilledExit, absent: str) -> None:
    kept = TARGET if gone is STOP else STOP

    found = judge(exposed=[], exits=[kept], trades=TRADES.__getitem__, since=SINCE, until=UNTIL)

    assert len(found.wrong) == 1
    assert absent in found.wrong[0]


def test_what_was_sold_before_it_went_away_counts_for_nothing_but_explains_its_position() -> None:
    before = sold(LOSER, Role.STOP, SINCE - 10)

    found = judged(before, TARGET)

    assert found.wrong == [NO_STOP]
    assert (found.stops, found.stop_ms) == (0, [])
