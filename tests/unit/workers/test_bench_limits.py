"""When the limits bench says that its targets are met."""

from typing import Any

import pytest

from apps.venues.budget_readings import BudgetReading
from workers.bench.limits import LimitsReport, _waits, _weights


def a_report(**changes: Any) -> LimitsReport:
    values: dict[str, Any] = {
        "bots": 200,
        "running": 200,
        "accounts": 10,
        "markets": 20,
        "minutes": 10.0,
        "limit": 6_000,
        "weights": [900, 4_800],
        "refused": {"429": 0, "418": 0, "-1015": 0},
        "budget_waits_ms": {"CANCEL": [1, 999, 5_000]},
    }
    return LimitsReport(**values | changes)


def test_targets_are_met_at_their_edges() -> None:
    report = a_report()

    assert report.held
    assert "targets met" in str(report)
    assert report.as_json()["shares"] == [0.15, 0.8]


@pytest.mark.parametrize(
    "changes",
    [
        {"weights": [900, 4_801]},
        {"refused": {"429": 1}},
        {"refused": {"-1015": 1}},
        {"budget_waits_ms": {"CANCEL": [1, 1_000, 1_000]}},
        {"running": 199},
    ],
)
def test_one_target_missed_is_missed(changes: dict[str, Any]) -> None:
    report = a_report(**changes)

    assert not report.held
    assert "TARGETS MISSED" in str(report)


def test_what_counts_is_the_busiest_address_and_counter() -> None:
    told = {
        "addresses": {
            "192.0.2.1": [{"at": 0, "weight": 5}],
            "127.0.0.1": [{"at": 0, "weight": 3_000}, {"at": 60_000, "weight": 10}],
        }
    }
    quiet = BudgetReading("b", 6_000, 0, 0.0, 0.0, 1, (), {"DATA 1": 1})
    busy = BudgetReading("a", 6_000, 0, 0.0, 0.0, 1, (), {"CANCEL 1": 99, "CANCEL 500": 1})

    assert _weights(told) == [3_000, 10]
    assert _waits([quiet, busy]) == {"CANCEL": [1, 1, 500]}
