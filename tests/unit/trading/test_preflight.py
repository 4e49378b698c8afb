"""What the pre-flight check says of plans, against what the kernel makes of them."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from apps.trading.backtest import run_plan
from apps.trading.plan import Plan, ProfitStep, SafetyOrder
from apps.trading.preflight import Finding, Level, errors, preflight
from apps.trading.risk import Limits
from tests.unit.trading.worlds import BAR_MS, START, bars_of, instrument

# Nothing to object to: each test changes what it is about.
SOUND: dict[str, Any] = {
    "quote_per_entry": 100.0,
    "take_profit": 0.01,
    "stop_loss": 0.05,
    "cooldown_s": 60.0,
}
LOW_STEP = (ProfitStep(0.001, 0.5), ProfitStep(0.1, 0.5))
GRID: dict[str, Any] = {
    "grid_lower": 90.0,
    "grid_upper": 110.0,
    "grid_cells": 10,
    "grid_quote": 50.0,
}


def look(
    plan: Plan,
    *,
    price: float | None = 100.0,
    capital: float = 1000.0,
    limits: Mapping[str, Any] | None = None,
    slippage: float = 0.0,
    bar_s: float | None = None,
    **market: Any,
) -> tuple[Finding, ...]:
    return preflight(
        plan,
        instrument=instrument(**market),
        capital=capital,
        limits=Limits(**(limits or {})),
        price=price,
        slippage=slippage,
        bar_s=bar_s,
    )


def told(findings: tuple[Finding, ...]) -> list[tuple[str, str]]:
    return [(item.level.value, item.field) for item in findings if item.level is not Level.NOTE]


def the(findings: tuple[Finding, ...], field: str) -> Finding:
    (found,) = [item for item in findings if item.field == field and item.level is not Level.NOTE]
    return found


def test_a_sound_plan_gets_notes_only() -> None:
    findings = look(Plan(**SOUND))

    assert told(findings) == []
    assert [item.field for item in findings] == ["capital", "take_profit"]
    assert "from 0.2003 % above the average price" in findings[1].message


# ---- fees --------------------------------------------------------------------------------------


def pnl_at_target(plan: Plan, **market: Any) -> float:
    """What the kernel gains with one trade that ends at its target; entry at 100."""
    opened = [100.0, 100.0, 100.0]
    bars = bars_of(
        [START + k * BAR_MS for k in range(3)],
        opened, [100.0, 100.0, 120.0], [100.0, 100.0, 100.0], [100.0, 100.0, 119.0],
    )  # fmt: skip
    run = run_plan(
        plan=plan,
        instrument=instrument(**market),
        capital=Decimal(1000),
        limits=Limits(),
        bars=bars,
        bits=np.array([1, 0, 0], np.uint8),
        bar_ms=BAR_MS,
    )
    assert run.state.bot.deals == 1
    return float(run.state.bot.realised)


@pytest.mark.parametrize("taken_in", ["received", "quote"])
def test_the_smallest_target_named_is_where_a_trade_begins_to_pay(taken_in: str) -> None:
    market = {"fee_taken_in": taken_in, "lot_size": Decimal("1e-12")}
    market |= {"maker_fee": Decimal("0.0004"), "tick_size": Decimal("0.0001")}
    found = the(look(Plan(**{**SOUND, "take_profit": 0.00015}), **market), "take_profit")
    smallest = found.numbers["smallest"]

    assert found.level is Level.WARNING
    assert "0.015 % does not cover" in found.message
    assert f"{smallest:g} as a fraction" in found.remedy
    assert told(look(Plan(**{**SOUND, "take_profit": smallest}), **market)) == []
    assert pnl_at_target(Plan(**{**SOUND, "take_profit": smallest}), **market) > 0
    assert pnl_at_target(Plan(**{**SOUND, "take_profit": smallest - 1e-5}), **market) < 0


def test_coins_below_a_lot_that_stay_behind_count_against_the_target() -> None:
    market = {"lot_size": Decimal("0.01")}
    plan = Plan(**SOUND)
    found = the(look(plan, **market), "lot_size")

    # 100 lots bought, 99.9 kept, 99 sold: the kernel counts the rest as lost.
    assert "0.009 BTC of an entry at 100" in found.message
    assert found.numbers["break_even"] == pytest.approx(100 / 99 / 0.999)
    assert pnl_at_target(plan, **market) < 0
    enough = plan.changed(take_profit=found.numbers["break_even"] - 1 + 0.0001)
    assert told(look(enough, **market)) == []
    assert pnl_at_target(enough, **market) > 0
    assert told(look(plan, **market, fee_taken_in="quote")) == []


def test_slippage_counts_where_an_exit_is_sold_at_market() -> None:
    plan = Plan(**SOUND, break_even_at=0.005, break_even_to=0.0025)

    assert told(look(plan)) == []
    found = the(look(plan, slippage=0.001), "break_even_to")
    assert found.numbers["smallest"] == 0.003007


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"break_even_at": 0.01, "break_even_to": 0.0}, "break_even_to"),
        ({"exit_min_profit": 0.001}, "exit_min_profit"),
        ({"take_profit": 0.004, "take_profit_trailing": 0.003}, "take_profit"),
        ({"take_profit": None, "take_profit_steps": LOW_STEP}, "take_profit_steps.0.profit"),
    ],
)  # fmt: skip
def test_other_levels_below_the_fees_are_named(changes: dict[str, Any], field: str) -> None:
    assert told(look(Plan(**{**SOUND, **changes}))) == [("warning", field)]


def test_a_stop_that_may_lose_on_purpose_is_no_finding() -> None:
    assert told(look(Plan(**{**SOUND, "exit_min_profit": -0.02}))) == []


# ---- money and limits --------------------------------------------------------------------------


def test_every_rung_of_a_ladder_is_listed_with_what_it_takes() -> None:
    plan = Plan(
        **SOUND | {"stop_loss": 0.3}, safety_orders=3, safety_deviation=0.02, safety_quote=100.0,
        safety_step_scale=2.0, safety_volume_scale=2.0,
    )  # fmt: skip
    found = the(look(plan, capital=500), "capital")

    rungs = found.numbers["rungs"]
    assert [row["name"] for row in rungs] == [
        "the entry", "safety order 1", "safety order 2", "safety order 3",
    ]  # fmt: skip
    assert [row["quote"] for row in rungs] == [100, 100, 200, 400]
    assert [row["price"] for row in rungs] == [100, 98, 94, 86]
    assert [row["quantity"] for row in rungs] == [1.0, 1.0204, 2.12765, 4.65116]
    assert rungs[-1]["total"] == pytest.approx(100 * 1.01 * 1.001 + 700 * 1.001)
    assert found.numbers["required"] == pytest.approx(rungs[-1]["total"])
    assert "safety order 3 and what comes after it is refused" in found.message
    assert "Give the bot 801.9 USDT" in found.remedy
    assert told(look(plan, capital=801.9)) == []


def test_positions_multiply_what_is_needed() -> None:
    plan = Plan(**SOUND, max_positions=3)

    assert "only 2 of 3 positions" in the(look(plan, capital=250), "capital").message
    assert told(look(plan, capital=310)) == []


def test_an_entry_above_the_capital_cannot_work() -> None:
    assert told(look(Plan(**SOUND), capital=100)) == [("error", "quote_per_entry")]


@pytest.mark.parametrize(
    ("limits", "level"),
    [
        ({"max_order_notional": 99.0}, "error"),
        ({"max_order_notional": 150.0}, "warning"),
        ({"max_exposure": 0.09}, "error"),
        ({"max_exposure": 0.2}, "warning"),
        ({"max_orders_per_minute": 2}, "warning"),
        ({"max_price_deviation": 0.03}, "warning"),
    ],
)
def test_limits_that_refuse_what_the_plan_buys(limits: dict[str, Any], level: str) -> None:
    plan = Plan(
        **SOUND | {"stop_loss": 0.3}, safety_orders=2, safety_deviation=0.02, safety_quote=160.0
    )
    (name,) = limits

    assert told(look(plan, limits=limits)) == [(level, name)]
    assert told(look(plan)) == []


def test_an_entry_too_far_below_the_market_is_always_refused() -> None:
    plan = Plan(**SOUND, entry="limit", entry_offset=0.25, entry_timeout_s=60.0)

    assert told(look(plan)) == [("error", "entry_offset")]


# ---- sizes and exits ---------------------------------------------------------------------------


def test_what_is_below_the_venues_least_order_is_an_error_with_the_least() -> None:
    findings = look(Plan(**SOUND, safety_custom=(SafetyOrder(0.01, 4.0),)))

    found = the(findings, "safety_custom")
    assert (found.level, found.numbers["smallest"]) == (Level.ERROR, 5.001)
    assert "below the minimum 5" in found.message
    assert told(look(Plan(**SOUND, safety_custom=(SafetyOrder(0.01, 5.001),)))) == []


def test_an_entry_has_to_be_worth_an_order_at_its_stop() -> None:
    near = {**SOUND, "quote_per_entry": 6.0}
    far = {**near, "stop_loss": 0.2}
    none = {**near, "stop_loss": None}

    assert told(look(Plan(**near))) == []
    assert told(look(Plan(**far))) == [("error", "quote_per_entry")]
    assert told(look(Plan(**none))) == [("error", "quote_per_entry")]
    for plan in (far, none):
        smallest = the(look(Plan(**plan)), "quote_per_entry").numbers["smallest"]
        assert told(look(Plan(**{**plan, "quote_per_entry": smallest}))) == []


def test_one_lot_bought_cannot_be_sold_once_the_fee_is_taken_in_coins() -> None:
    plan = Plan(**SOUND)
    coarse = {"lot_size": Decimal(1), "min_quantity": Decimal(1)}

    assert [item.field for item in errors(look(plan, **coarse))] == ["quote_per_entry"] * 2
    assert errors(look(plan, price=12.0, **coarse)) == []


def test_what_a_step_leaves_has_to_be_worth_an_order_too() -> None:
    steps = (ProfitStep(0.01, 0.5), ProfitStep(0.02, 0.4), ProfitStep(0.03, 0.1))
    plan = {**SOUND, "take_profit": None, "take_profit_steps": steps, "quote_per_entry": 51.0}
    found = the(look(Plan(**plan)), "take_profit_steps.1.share")

    assert found.level is Level.ERROR
    assert "leaves 10 % of what was bought" in found.message
    smallest = found.numbers["smallest"]
    assert told(look(Plan(**{**plan, "quote_per_entry": smallest}))) == []


def test_a_remainder_that_always_joins_its_step_is_a_note() -> None:
    steps = (ProfitStep(0.01, 0.5), ProfitStep(0.02, 0.5))
    plan = Plan(
        **{**SOUND, "take_profit": None, "take_profit_steps": steps, "quote_per_entry": 8.0}
    )
    findings = look(plan)

    assert told(findings) == []
    assert findings[0].message.startswith("After step 1 too little would be left")


def test_shares_of_the_capital_that_cash_may_cut_are_refused() -> None:
    plan = {**SOUND, "quote_per_entry": None, "capital_per_entry": 0.25, "max_positions": 4}

    found = the(look(Plan(**plan)), "capital_per_entry")
    assert found.level is Level.ERROR
    assert "lower capital_per_entry to 12.5 %" in found.remedy
    assert told(look(Plan(**{**plan, "capital_per_entry": 0.125}))) == []


def test_sizes_that_shrink_with_losses_are_looked_at_where_they_are_small() -> None:
    plan = Plan(**{**SOUND, "quote_per_entry": 7.0}, risk_reduction=1.0)

    assert told(look(plan)) == [("error", "quote_per_entry")]
    assert told(look(plan, limits={"max_drawdown": 0.1})) == []


def test_a_full_position_has_to_fit_into_one_order() -> None:
    market = {"max_quantity": Decimal("1.5")}

    assert told(look(Plan(**SOUND), **market)) == []
    assert told(look(Plan(**SOUND, max_adds=1, add_quote=100.0), **market)) == [
        ("error", "quote_per_entry")
    ]


# ---- prices and times --------------------------------------------------------------------------


def test_safety_orders_below_the_stop_are_never_bought() -> None:
    ladder = {"safety_orders": 4, "safety_deviation": 0.02, "safety_quote": 100.0}
    found = the(look(Plan(**SOUND, **ladder)), "stop_loss")

    assert "Safety order 4 lies 8 % below" in found.message
    wider = found.numbers["smallest"] + 1e-6
    assert told(look(Plan(**{**SOUND, "stop_loss": wider}, **ladder))) == []
    assert told(look(Plan(**SOUND, **ladder, stop_timeout_s=60.0))) == []


def test_levels_that_a_tick_makes_one() -> None:
    plan = Plan(
        **SOUND | {"quote_per_entry": 400.0}, safety_orders=2, safety_deviation=0.004,
        safety_quote=100.0,
    )  # fmt: skip

    assert told(look(plan, tick_size=Decimal(1))) == [("warning", "safety_deviation")]
    assert told(look(plan)) == []


def test_bounds_on_entries_that_the_market_is_outside_of() -> None:
    assert told(look(Plan(**SOUND, entry_min_price=101.0))) == [("warning", "entry_min_price")]
    assert told(look(Plan(**SOUND, entry_max_price=99.0))) == [("warning", "entry_max_price")]


def test_a_plan_that_never_sells_is_told() -> None:
    plan = Plan(quote_per_entry=100.0, exit_on_signal=False)

    assert told(look(plan)) == [("warning", "take_profit")]


def test_times_without_effect_are_notes() -> None:
    plan = Plan(**{**SOUND, "cooldown_s": 0.0}, max_holding_s=30.0)
    notes = [item.field for item in look(plan, bar_s=60.0)]

    assert {"cooldown_s", "max_holding_s"} <= set(notes)


# ---- grids -------------------------------------------------------------------------------------


def test_a_sound_grid_gets_notes_only() -> None:
    findings = look(Plan(**GRID))

    assert told(findings) == []
    assert findings[1].numbers["required"] == pytest.approx(10 * 50 * 1.001)
    assert len(findings[1].numbers["cells"]) == 10


@pytest.mark.parametrize(
    ("changes", "price", "expected"),
    [
        ({"grid_cells": 200}, 100.0, [("warning", "grid_cells"), ("warning", "capital"),
                                      ("warning", "max_orders_per_minute")]),
        ({"grid_lower": 99.99, "grid_upper": 100.01, "grid_cells": 10}, 100.0,
         [("error", "grid_cells")]),
        ({}, 120.0, [("warning", "grid_upper"), ("warning", "max_price_deviation")]),
        ({}, 80.0, [("warning", "grid_lower")]),
        ({"grid_stop_lower": 85.0}, 84.0, [("error", "grid_stop_lower")]),
        ({"grid_stop_upper": 111.0}, 111.0, [("error", "grid_stop_upper")]),
        # Around the market at 100 its lowest line is 97, below the stop.
        ({"grid_lower": None, "grid_upper": None, "grid_range": 0.03, "grid_cells": 3,
          "grid_stop_lower": 98.0}, 100.0, [("error", "grid_stop_lower")]),
        ({"grid_lower": None, "grid_upper": None, "grid_range": 0.03, "grid_cells": 3,
          "grid_stop_upper": 102.0}, 100.0, [("error", "grid_stop_upper")]),
        ({"grid_quote": 4.0}, 100.0, [("error", "grid_quote")]),
        ({"grid_quote": 7.0}, 100.0, [("error", "grid_quote")]),
        ({"grid_quote": 7.0, "grid_stop_lower": 80.0}, 100.0, []),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_grid(
    changes: dict[str, Any], price: float, expected: list[tuple[str, str]]
) -> None:
    assert told(look(Plan(**GRID | changes), price=price)) == expected


# ---- without a price ---------------------------------------------------------------------------


def test_without_a_price_it_says_what_was_not_looked_at() -> None:
    findings = look(Plan(**{**SOUND, "quote_per_entry": 6.0, "stop_loss": None}), price=None)

    assert told(findings) == []
    assert findings[-1].field == "price"
    assert "were not looked at" in findings[-1].message


def test_findings_are_plain_json_with_fractions() -> None:
    (found, *_) = look(Plan(**{**SOUND, "take_profit": 0.00015}))
    shown = found.to_json()

    assert shown["level"] == "warning"
    assert shown["numbers"]["value"] == 0.00015
    assert "0.015 %" in shown["message"]
