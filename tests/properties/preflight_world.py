"""Random configurations near what a venue takes, markets that fall, and who counts what is left.

The count knows fills, bars and the venue's least sizes, and nothing of the pre-flight check.
"""

import random
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from math import floor, log10

import numpy as np

from apps.trading.backtest import run_plan
from apps.trading.bar import Bars
from apps.trading.instrument import Instrument
from apps.trading.kernel.layout import BUY
from apps.trading.plan import Plan, ProfitStep, SafetyOrder
from apps.trading.risk import Limits
from tests.unit.trading.worlds import BAR_MS, START, bars_of, instrument

USUAL = 0.5
BARS = 240


@dataclass(frozen=True)
class Case:
    """A configuration with a market's price to look at it with."""

    plan: Plan
    instrument: Instrument
    capital: Decimal
    limits: Limits
    price: float
    slippage: float


def random_case(rng: random.Random, *, grids: float = 0.2) -> Case:
    """Any configuration; `grids`: how many of them are grids."""
    price = float(f"{10 ** rng.uniform(-4, 5):.5g}")
    market = _random_market(rng, price)
    least = max(float(market.min_notional), float(market.min_quantity) * price)
    size = least * rng.choice([rng.uniform(0.9, 1.6), rng.uniform(1, 4), rng.uniform(2, 40)])
    positions = rng.choice([1, 1, 1, 2, 3])
    capital = size * positions * rng.choice([1.02, 1.5, 3.0, 12.0])
    if rng.random() < grids:
        plan = _random_grid(rng, price, size)
        capital = size * (plan.grid_cells or 1) * rng.choice([0.4, 1.05, 3.0])
    else:
        plan = _random_plan(rng, size, capital, positions)
    limits = Limits(
        max_price_deviation=rng.choice([None, 0.2]),
        max_orders_per_minute=None,
        max_exposure=rng.choice([None, None, 0.6]),
    )
    slippage = rng.choice([0.0, 0.0, 0.0005])
    return Case(plan, market, Decimal(f"{capital:.6f}"), limits, price, slippage)


def _random_market(rng: random.Random, price: float) -> Instrument:
    whole = floor(log10(price))
    lot = Decimal(10) ** rng.randint(-5 - whole, 0 - whole)
    tick = Decimal(10) ** rng.randint(whole - 6, whole - 2)
    return instrument(
        rng.choice(["received", "received", "quote"]),
        tick_size=tick,
        lot_size=lot,
        min_quantity=lot * rng.choice([1, 1, 1, 5, 40]),
        min_notional=Decimal(rng.choice([1, 5, 10])),
        maker_fee=Decimal(rng.choice(["0", "0.0002", "0.001"])),
        taker_fee=Decimal(rng.choice(["0.0004", "0.001", "0.0025"])),
    )


def _random_plan(rng: random.Random, size: float, capital: float, positions: int) -> Plan:
    entry = rng.choice(["market", "market", "limit"])
    adds = rng.choice([0, 0, 0, 2])
    by_share = rng.random() < 0.3
    return Plan(
        quote_per_entry=None if by_share else size,
        capital_per_entry=min(1.0, size / capital) if by_share else None,
        risk_reduction=rng.choice([0.0, 0.0, 0.0, 0.7]),
        reinvest=rng.choice([0.0, 0.0, 1.0]),
        max_positions=positions,
        entry=entry,
        entry_offset=0.0 if entry == "market" else rng.choice([0.0, 0.01]),
        add_quote=size * rng.choice([0.5, 1.0, 2.0]) if adds else None,
        max_adds=adds,
        exit_on_signal=rng.random() < 0.7,
        max_holding_s=rng.choice([None, None, 1800.0]),
        **_random_ladder(rng, size),
        **_random_exits(rng),
    )


def _random_ladder(rng: random.Random, size: float) -> dict[str, object]:
    if rng.random() < 0.6:
        return {}
    if rng.random() < 0.3:
        deviations = sorted(rng.sample(range(1, 40), rng.randint(1, 4)))
        orders = (SafetyOrder(k / 100, size * rng.uniform(0.5, 2.0)) for k in deviations)
        return {"safety_custom": tuple(orders)}
    count = rng.randint(1, 6)
    return {
        "safety_orders": count,
        "safety_deviation": rng.choice([0.005, 0.02, 0.05]),
        "safety_step_scale": rng.choice([1.0, 1.2]),
        "safety_quote": size * rng.choice([0.6, 1.0, 2.0]),
        "safety_volume_scale": rng.choice([1.0, 1.4]),
        "safety_active": rng.choice([None, 1]),
    }


def _random_exits(rng: random.Random) -> dict[str, object]:
    count = rng.choice([0, 1, 2, 3, 4])
    shares = [rng.randint(1, 6) for _ in range(count)]
    steps = [
        ProfitStep(round(0.006 * (k + 1), 6), share / sum(shares)) for k, share in enumerate(shares)
    ]
    stop = rng.choice([None, 0.01, 0.05, 0.2, 0.6])
    return {
        "take_profit_steps": tuple(steps),
        "take_profit_trailing": rng.choice([None, None, 0.004]) if steps else None,
        "stop_loss": stop,
        "stop_trailing": rng.choice([None, None, 0.03, 0.1]),
        "break_even_at": rng.choice([None, None, 0.01]),
        "stop_timeout_s": rng.choice([None, None, 300.0]) if stop else None,
    }


def _random_grid(rng: random.Random, price: float, size: float) -> Plan:
    width = rng.choice([0.02, 0.1, 0.4])
    # Often few lines lie below the market: then little is held where it falls on.
    below = width * rng.random() * rng.choice([1.0, 1.0, 0.1])
    lower, upper = price * (1 - below), price * (1 + width * rng.random() + 0.005)
    return Plan(
        grid_lower=lower,
        grid_upper=upper,
        grid_cells=rng.choice([2, 3, rng.randint(2, 30)]),
        grid_kind=rng.choice(["arithmetic", "geometric"]),
        grid_quote=size,
        grid_base=rng.random() < 0.4,
        grid_trail_up=rng.random() < 0.2,
        grid_trail_down=rng.random() < 0.2,
        grid_stop_lower=rng.choice([None, lower * 0.98, lower * 0.8]),
        exit_on_signal=rng.random() < 0.5,
        risk_reduction=rng.choice([0.0, 0.0, 0.7]),
    )


def falling_bars(rng: random.Random, case: Case) -> Bars:
    """A walk between double the price and what the fall leaves of it; opens near the last close."""
    tick = float(case.instrument.tick_size)
    lowest, highest = case.price * min(USUAL, 1 - fall_of(case)), case.price * 2.0
    rows: list[tuple[float, ...]] = []
    close, drift = case.price, 0.0
    for k in range(BARS):
        if k % 40 == 0:
            drift = rng.choice([-0.02, -0.005, -0.001, 0.0, 0.001, 0.008])
        opened = close * (1 + max(-0.008, min(0.008, rng.gauss(0, 0.003))))
        close = opened * (1 + rng.gauss(drift, 0.006))
        high = max(opened, close) * (1 + abs(rng.gauss(0, 0.003)))
        low = min(opened, close) * (1 - abs(rng.gauss(0, 0.003)))
        row = [min(highest, max(lowest, value)) for value in (opened, high, low, close)]
        rows.append(tuple(max(1, round(value / tick)) * tick for value in row))
        close = row[-1]
    at = [START + k * BAR_MS for k in range(BARS)]
    columns = [[row[k] for row in rows] for k in range(4)]
    return bars_of(at, *columns)


def fall_of(case: Case) -> float:
    return case.plan.stop_loss or USUAL


def what_is_left(case: Case, rng: random.Random) -> list[str]:
    """Remainders of a lot or more that could not be sold, in words; empty when there are none."""
    bars = falling_bars(rng, case)
    bits = np.array([rng.choice([0] * 6 + [1, 1, 2, 4, 5]) for _ in range(BARS)], np.uint8)
    run = run_plan(
        plan=case.plan,
        instrument=case.instrument,
        capital=case.capital,
        limits=case.limits,
        bars=bars,
        bits=bits,
        bar_ms=BAR_MS,
        slippage=case.slippage,
    )
    deals = defaultdict(list)
    for fill in run.fills:
        deals[int(fill["deal"])].append(fill)
    found: list[str] = []
    lost_from = _when_too_much_is_lost(case, deals, bars)
    for deal, fills in deals.items():
        if int(fills[-1]["time"]) < lost_from:
            found += [f"deal {deal}: {said}" for said in _stuck(case, fills, bars, lost_from)]
    return found


def _when_too_much_is_lost(case: Case, deals: dict[int, list[np.void]], bars: Bars) -> int:
    """From when on more is lost than what sizes were looked at for: half, or the limit's share."""
    ended = sorted(
        (int(fills[-1]["time"]), sum(_flow(fill) for fill in fills))
        for fills in deals.values()
        if int(fills[-1]["side"]) != BUY
    )
    left = float(case.capital) * (case.limits.max_drawdown or USUAL)
    for at, gained in ended:
        left += gained
        if left < 0:
            return at
    return int(bars.open_at[-1]) + BAR_MS


def _flow(fill: np.void) -> float:
    """What a fill brings; a fee taken in coins is worth what it would have cost."""
    return float(-int(fill["side"]) * fill["price"] * fill["quantity"] - fill["fee"])


def _stuck(case: Case, fills: list[np.void], bars: Bars, until: int) -> list[str]:
    """A deal's holding after each fill, at the lowest price before the next one."""
    market, plan = case.instrument, case.plan
    in_coins = market.fee_taken_in == "received"
    quantity = cost = 0.0
    lot = float(market.lot_size)
    found = []
    for k, fill in enumerate(fills):
        amount, price = float(fill["quantity"]), float(fill["price"])
        if int(fill["side"]) == BUY:
            kept = amount - (float(fill["fee"]) / price if in_coins else 0.0)
            quantity, cost = quantity + kept, cost + amount * price
        else:
            cost *= max(0.0, 1 - amount / quantity)
            quantity -= amount
        next_at = int(fills[k + 1]["time"]) if k + 1 < len(fills) else until
        between = (bars.open_at > int(fill["time"])) & (bars.open_at + BAR_MS <= next_at)
        lots = floor(quantity / lot + 1e-6)
        if quantity <= lot * 1.000001 or not between.any():
            continue
        average = cost / quantity
        floor_price = plan.grid_stop_lower or average * (1 - fall_of(case))
        lowest = max(float(bars.low[between].min()), floor_price)
        coins = Decimal(lots) * market.lot_size
        worth = float(coins) * lowest
        if coins < market.min_quantity or worth < float(market.min_notional):
            found.append(f"{coins} bought at {average:.8g} are worth {worth:.4f} at {lowest:.8g}")
    return found
