"""Markets, plans and instruments for the core's tests, made from a seed."""

import random
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from apps.trading.bar import Bars
from apps.trading.instrument import Instrument
from apps.trading.plan import Plan, ProfitStep, SafetyOrder
from apps.trading.risk import Limits

BAR_MS = 60_000
START = 1_700_000_040_000


def instrument(fee_taken_in: str = "received", **changes: object) -> Instrument:
    values: dict[str, object] = {
        "symbol": "BTC/USDT",
        "base": "BTC",
        "quote": "USDT",
        "tick_size": Decimal("0.01"),
        "lot_size": Decimal("0.00001"),
        "min_quantity": Decimal("0.00001"),
        "max_quantity": Decimal(0),
        "min_notional": Decimal(5),
        "maker_fee": Decimal("0.001"),
        "taker_fee": Decimal("0.001"),
        "fee_taken_in": fee_taken_in,
    }
    return Instrument(**{**values, **changes})  # type: ignore[arg-type]


def random_instrument(rng: random.Random) -> Instrument:
    return instrument(
        rng.choice(["received", "quote"]),
        lot_size=Decimal(rng.choice(["0.00001", "0.001", "0.1"])),
        maker_fee=Decimal(rng.choice(["0", "0.0008", "0.001"])),
    )


def random_plan(rng: random.Random) -> Plan:
    """Any plan; times are whole bars, as in a backtest."""
    if rng.random() < 0.15:
        return random_grid(rng)
    entry = rng.choice(["market", "market", "limit", "post_only"])
    return Plan(
        **_size(rng),
        entry=entry,
        entry_offset=0.0 if entry == "market" else rng.choice([0.0, 0.001, 0.01]),
        entry_timeout_s=None if entry == "market" else rng.choice([None, 60.0, 300.0]),
        entry_min_price=rng.choice([None, None, None, 99.0]),
        entry_max_price=rng.choice([None, None, None, 101.0]),
        start_delay_s=rng.choice([0.0, 0.0, 0.0, 120.0]),
        cooldown_s=rng.choice([0.0, 0.0, 300.0]),
        max_deals=rng.choice([None, None, None, 3]),
        reinvest=rng.choice([0.0, 0.0, 1.0]),
        risk_reduction=rng.choice([0.0, 0.0, 0.5]),
        **_adds(rng),
        **_ladder(rng),
        **_targets(rng),
        **_stops(rng),
        exit_on_signal=rng.random() < 0.7,
        exit_min_profit=rng.choice([None, 0.0, 0.003]),
        max_holding_s=rng.choice([None, None, 120.0, 1200.0]),
    )


def random_grid(rng: random.Random) -> Plan:
    lower, upper = rng.choice([(99.0, 101.0), (97.5, 99.9), (99.6, 100.4)])
    return Plan(
        grid_lower=lower,
        grid_upper=upper,
        grid_cells=rng.choice([2, 5, 12]),
        grid_kind=rng.choice(["arithmetic", "geometric"]),
        grid_quote=rng.choice([20.0, 60.0]),
        grid_base=rng.random() < 0.5,
        grid_trail_up=rng.random() < 0.5,
        grid_trail_down=rng.random() < 0.5,
        grid_stop_lower=rng.choice([None, lower * 0.997]),
        grid_stop_upper=rng.choice([None, upper * 1.003]),
        exit_on_signal=rng.random() < 0.3,
        max_holding_s=rng.choice([None, None, 1200.0]),
        reinvest=rng.choice([0.0, 0.5]),
        start_delay_s=rng.choice([0.0, 0.0, 120.0]),
    )


def _size(rng: random.Random) -> dict[str, Any]:
    share = rng.choice([None, None, None, 0.1])
    return {
        "quote_per_entry": None if share else rng.choice([20.0, 150.0, 400.0]),
        "capital_per_entry": share,
        "max_positions": rng.choice([1, 1, 2, 8]),
        "position_cap": rng.choice([None, None, None, 0.3]),
    }


def _adds(rng: random.Random) -> dict[str, Any]:
    adds = rng.choice([0, 0, 1, 3])
    if not adds:
        return {}
    share = rng.choice([None, None, 0.05])
    return {
        "max_adds": adds,
        "add_quote": None if share else rng.choice([15.0, 100.0]),
        "add_capital": share,
        "add_interval_s": rng.choice([None, 60.0, 240.0]),
        "add_min_drop": rng.choice([None, None, 0.001]),
    }


def _ladder(rng: random.Random) -> dict[str, Any]:
    kind = rng.random()
    if kind < 0.5:
        return {}
    if kind < 0.6:
        orders = (SafetyOrder(0.002, 20.0), SafetyOrder(0.004, 30.0), SafetyOrder(0.02, 4.0))
        return {"safety_custom": orders, "safety_active": rng.choice([None, 1])}
    count = rng.choice([1, 3, 6])
    share = rng.choice([None, None, 0.02])
    return {
        "safety_orders": count,
        "safety_deviation": rng.choice([0.001, 0.003]),
        "safety_step_scale": rng.choice([1.0, 1.4]),
        "safety_quote": None if share else rng.choice([15.0, 60.0]),
        "safety_capital": share,
        "safety_volume_scale": rng.choice([1.0, 1.3]),
        "safety_active": rng.choice([None, 1, min(2, count)]),
    }


def _targets(rng: random.Random) -> dict[str, Any]:
    steps = rng.choice([0, 1, 2, 4])
    shares = [rng.randint(1, 5) for _ in range(steps)]
    single = rng.choice([None, 0.002, 0.01]) if not steps else None
    return {
        "take_profit": single,
        "take_profit_steps": tuple(
            ProfitStep(0.002 * (k + 1), share / sum(shares)) for k, share in enumerate(shares)
        ),
        "take_profit_from": rng.choice(["average", "average", "base"]),
        "take_profit_trailing": rng.choice([None, 0.0015]) if single or steps else None,
    }


def _stops(rng: random.Random) -> dict[str, Any]:
    loss = rng.choice([None, 0.002, 0.01])
    trailing = rng.choice([None, None, 0.004])
    even = rng.choice([None, None, 0.003])
    return {
        "stop_loss": loss,
        "stop_trailing": trailing,
        "stop_trailing_at": rng.choice([None, 0.002]) if trailing else None,
        "break_even_at": even,
        "break_even_to": rng.choice([0.0, 0.001, -0.001]) if even else 0.0,
        "stop_timeout_s": rng.choice([None, 120.0]) if loss or trailing or even else None,
    }


def random_limits(rng: random.Random) -> Limits:
    losses = rng.choice([None, None, 2])
    return Limits(
        max_exposure=rng.choice([None, None, 0.5]),
        max_open_positions=rng.choice([None, None, 1, 3]),
        max_orders_per_minute=rng.choice([None, 3]),
        max_daily_loss=rng.choice([None, None, 0.01]),
        max_price_deviation=rng.choice([None, 0.005]),
        max_drawdown=rng.choice([None, None, 0.02]),
        max_consecutive_losses=losses,
        loss_pause_s=rng.choice([None, 600.0]) if losses else None,
    )


def random_bars(rng: random.Random, count: int, *, price: float = 100.0) -> Bars:
    """A random walk with gaps between bars and between times; prices on the tick."""
    opened, high, low, close, at = [], [], [], [], []
    now = START
    for _ in range(count):
        now += BAR_MS * (1 if rng.random() < 0.98 else rng.randint(2, 90))
        start = price * (1 + rng.gauss(0, 0.0005) * (10 if rng.random() < 0.05 else 1))
        end = start * (1 + rng.gauss(0, 0.002))
        peak = max(start, end) * (1 + abs(rng.gauss(0, 0.001)))
        trough = min(start, end) * (1 - abs(rng.gauss(0, 0.001)))
        at.append(now)
        for column, value in ((opened, start), (high, peak), (low, trough), (close, end)):
            column.append(max(1.0, round(value, 2)))
        price = close[-1]
    return bars_of(at, opened, high, low, close)


def bars_of(
    at: list[int], opened: list[float], high: list[float], low: list[float], close: list[float]
) -> Bars:
    reals = [np.array(column, np.float64) for column in (opened, high, low, close)]
    return Bars(np.array(at, np.int64), *reals, np.ones(len(at)))


def random_bits(rng: random.Random, count: int) -> NDArray[np.uint8]:
    """Mostly silent; entries more often than exits and adds."""
    chances = [0] * 30 + [1] * 6 + [2, 2, 3, 4, 5]
    return np.array([rng.choice(chances) for _ in range(count)], np.uint8)
