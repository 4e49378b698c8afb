"""Random worlds, the same for a seed: a market, a plan, limits, bars and signals."""

import random
from typing import Any, NamedTuple

BAR_MS = 60_000
START = 1_699_999_200_000  # 22:00 UTC: two hours of bars pass midnight
PARTS = (
    "entry", "bounds", "adds", "ladder", "targets", "stops", "leaving", "growth", "pace", "limits",
    "grid",
)  # fmt: skip
Row = tuple[int, float, float, float, float]
Values = dict[str, Any]


class World(NamedTuple):
    """Everything a run needs, as plain values."""

    seed: int
    plan: Values
    limits: Values
    instrument: dict[str, str]
    slippage: float
    capital: str
    bars: list[Row]
    bits: list[int]
    bar_ms: int


def world(seed: int, *, count: int = 120, parts: tuple[str, ...] = PARTS) -> World:
    """The same for a seed."""
    rng = random.Random(seed)
    bars = random_bars(rng, count)
    if parts == ("grid",) or ("grid" in parts and rng.random() < 0.2):
        plan = random_grid(rng, bars[0][1])
    else:
        plan = random_plan(rng, bars[0][1], [part for part in parts if part in MAKERS])
    return World(
        seed=seed,
        plan=plan,
        limits=random_limits(rng) if "limits" in parts and rng.random() < 0.6 else FREE,
        instrument=random_instrument(rng),
        slippage=rng.choice([0.0, 0.0, 0.0003, 0.002]),
        capital=rng.choice(["1000", "437.5"]),
        bars=bars,
        bits=rng.choices([0, 1, 2, 3, 4, 5], [24, 8, 2, 1, 4, 1], k=count),
        bar_ms=BAR_MS,
    )


FREE: Values = {"max_orders_per_minute": None, "max_price_deviation": None}


def random_instrument(rng: random.Random) -> dict[str, str]:
    maker = rng.choice(["0", "0.0008", "0.001"])
    return {
        "symbol": "BTC/USDT",
        "base": "BTC",
        "quote": "USDT",
        "tick_size": rng.choice(["0.01", "0.01", "0.05", "0.001"]),
        "lot_size": rng.choice(["0.00001", "0.001", "0.02"]),
        "min_quantity": "0.00001",
        "max_quantity": "0",
        "min_notional": rng.choice(["5", "1"]),
        "maker_fee": maker,
        "taker_fee": rng.choice([maker, "0.001", "0.002"]),
        "fee_taken_in": rng.choice(["received", "quote"]),
    }


def random_bars(rng: random.Random, count: int) -> list[Row]:
    """A random walk with gaps between bars and between times, now wild and now calm."""
    rows: list[Row] = []
    now, price = START, rng.uniform(60.0, 140.0)
    step, swing = rng.choice([0.0005, 0.003]), rng.choice([0.002, 0.006, 0.02])
    for _ in range(count):
        now += BAR_MS * (1 if rng.random() < 0.97 else rng.randint(2, 40))
        start = price * (1 + rng.gauss(0, step) * (10 if rng.random() < 0.05 else 1))
        end = start * (1 + rng.gauss(0, swing))
        peak = max(start, end) * (1 + abs(rng.gauss(0, swing / 2)))
        trough = min(start, end) * (1 - abs(rng.gauss(0, swing / 2)))
        first, last = round(max(start, 1.0), 2), round(max(end, 1.0), 2)
        high = max(first, last, round(peak, 2))
        rows.append((now, first, high, min(first, last, round(max(trough, 1.0), 2)), last))
        price = last
    return rows


def random_plan(rng: random.Random, price: float, parts: list[str]) -> Values:
    plan: Values = {}
    if rng.random() < 0.75:
        plan["quote_per_entry"] = rng.choice([20.0, 60.0, 150.0, 400.0])
    else:
        plan["capital_per_entry"] = rng.choice([0.05, 0.25, 1.0])
    plan["max_positions"] = rng.choice([1, 1, 2, 8])
    for part in parts:
        if rng.random() < 0.8:
            MAKERS[part](rng, plan)
    if "bounds" in parts:
        _bounds(rng, plan, price)
    return plan


def random_grid(rng: random.Random, price: float) -> Values:
    """Lines around the first price, from a few to many."""
    half = rng.choice([0.01, 0.03, 0.1])
    lower, upper = round(price * (1 - half), 2), round(price * (1 + half * 1.3), 2)
    plan: Values = {
        "grid_cells": rng.choice([2, 3, 7, 20]),
        "grid_kind": rng.choice(["arithmetic", "geometric"]),
        "grid_base": rng.random() < 0.5,
        "grid_trail_up": rng.random() < 0.5,
        "grid_trail_down": rng.random() < 0.5,
        "grid_stop_lower": rng.choice([None, lower * 0.99]),
        "grid_stop_upper": rng.choice([None, upper * 1.01]),
        "exit_on_signal": rng.random() < 0.5,
        "max_holding_s": rng.choice([None, None, 1234.5]),
    }
    if rng.random() < 0.6:
        plan["grid_quote"] = rng.choice([7.0, 30.0, 90.0])
    else:
        plan["grid_capital"] = rng.choice([0.3, 0.9])
    if rng.random() < 0.4:
        plan["grid_range"] = half
    else:
        plan["grid_lower"], plan["grid_upper"] = lower, upper
    for maker in (_growth, _pace):
        if rng.random() < 0.5:
            maker(rng, plan)
    if rng.random() < 0.3:
        _bounds(rng, plan, price)
    return plan


def _entry(rng: random.Random, plan: Values) -> None:
    plan["entry"] = rng.choice(["market", "limit", "post_only"])
    if plan["entry"] != "market":
        plan["entry_offset"] = rng.choice([0.0, 0.001, 0.01])
        plan["entry_timeout_s"] = rng.choice([None, 60.0, 301.5])


def _bounds(rng: random.Random, plan: Values, price: float) -> None:
    plan["entry_min_price"] = rng.choice([None, None, round(price * 0.99, 2)])
    plan["entry_max_price"] = rng.choice([None, None, round(price * 1.01, 2)])


def _adds(rng: random.Random, plan: Values) -> None:
    plan["max_adds"] = rng.choice([1, 3, 12])
    if rng.random() < 0.6:
        plan["add_quote"] = rng.choice([15.0, 100.0])
    else:
        plan["add_capital"] = rng.choice([0.02, 0.2])
    plan["add_interval_s"] = rng.choice([None, 60.0, 90.0, 240.0])
    plan["add_min_drop"] = rng.choice([None, None, 0.004])
    plan["position_cap"] = rng.choice([None, None, max(0.3, plan.get("capital_per_entry", 0.0))])


def _ladder(rng: random.Random, plan: Values) -> None:
    if rng.random() < 0.25:
        plan["safety_custom"] = [
            {"deviation": deviation, "quote": rng.choice([6.0, 40.0, 90.0])}
            for deviation in sorted(rng.sample([0.002, 0.005, 0.01, 0.017, 0.04, 0.09], 3))
        ]
    else:
        plan["safety_orders"] = rng.choice([1, 3, 7])
        plan["safety_deviation"] = rng.choice([0.001, 0.004, 0.01])
        plan["safety_step_scale"] = rng.choice([1.0, 1.3, 0.8])
        plan["safety_volume_scale"] = rng.choice([1.0, 1.5, 0.7])
        if rng.random() < 0.6:
            plan["safety_quote"] = rng.choice([7.0, 30.0, 80.0])
        else:
            plan["safety_capital"] = rng.choice([0.01, 0.05])
    rungs = plan.get("safety_orders") or 3
    plan["safety_active"] = rng.choice([None, 1, min(2, rungs)])


def _targets(rng: random.Random, plan: Values) -> None:
    steps = rng.choice([0, 1, 2, 4])
    if steps:
        shares = [rng.choice([1, 2, 3, 20]) for _ in range(steps)]
        first, wide = rng.choice([0.002, 0.0055]), rng.choice([0.001, 0.0053])
        profits = [first + wide * k for k in range(steps)]
        plan["take_profit_steps"] = [
            {"profit": profit, "share": share / sum(shares)}
            for profit, share in zip(profits, shares, strict=True)
        ]
    else:
        plan["take_profit"] = rng.choice([0.002, 0.0123])
    plan["take_profit_from"] = rng.choice(["average", "base"])
    plan["take_profit_trailing"] = rng.choice([None, 0.001, 0.004])


def _stops(rng: random.Random, plan: Values) -> None:
    plan["stop_loss"] = rng.choice([None, 0.002, 0.0123, 0.03])
    if rng.random() < 0.5:
        plan["stop_trailing"] = rng.choice([0.003, 0.01])
        plan["stop_trailing_at"] = rng.choice([None, 0.002, 0.008])
    if rng.random() < 0.5:
        plan["break_even_at"] = rng.choice([0.003, 0.01])
        plan["break_even_to"] = rng.choice([0.0, 0.0011, -0.002])
    if any(plan.get(name) is not None for name in ("stop_loss", "stop_trailing", "break_even_at")):
        plan["stop_timeout_s"] = rng.choice([None, None, 60.0, 150.0])


def _leaving(rng: random.Random, plan: Values) -> None:
    plan["exit_on_signal"] = rng.random() < 0.7
    plan["exit_min_profit"] = rng.choice([None, 0.0, 0.0031]) if plan["exit_on_signal"] else None
    plan["max_holding_s"] = rng.choice([None, None, 120.0, 1234.5])


def _growth(rng: random.Random, plan: Values) -> None:
    plan["reinvest"] = rng.choice([0.0, 0.5, 1.0])
    plan["risk_reduction"] = rng.choice([0.0, 0.5, 1.0])


def _pace(rng: random.Random, plan: Values) -> None:
    plan["cooldown_s"] = rng.choice([0.0, 60.0, 300.0])
    plan["start_delay_s"] = rng.choice([0.0, 0.0, 60.0, 125.0])
    plan["max_deals"] = rng.choice([None, None, 1, 5])


MAKERS = {
    "entry": _entry,
    "adds": _adds,
    "ladder": _ladder,
    "targets": _targets,
    "stops": _stops,
    "leaving": _leaving,
    "growth": _growth,
    "pace": _pace,
}


def random_limits(rng: random.Random) -> Values:
    losses = rng.choice([None, None, 2, 4])
    return {
        "max_order_notional": rng.choice([None, None, 160.0]),
        "max_exposure": rng.choice([None, None, 0.33, 0.8]),
        "max_open_positions": rng.choice([None, None, 1, 3]),
        "max_orders_per_minute": rng.choice([None, 2, 4, 30]),
        "max_daily_loss": rng.choice([None, None, 0.004, 0.02]),
        "max_price_deviation": rng.choice([None, 0.005, 0.2]),
        "max_drawdown": rng.choice([None, None, 0.005, 0.03]),
        "max_consecutive_losses": losses,
        "loss_pause_s": rng.choice([None, 300.0, 1200.0]) if losses else None,
    }
