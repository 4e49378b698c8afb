"""Markets, plans and instruments for the core's tests, made from a seed."""

import random
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from apps.trading.bar import Bars
from apps.trading.instrument import Instrument
from apps.trading.plan import Plan, ProfitStep
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
    """Any plan the first slice knows; times are whole bars, as in a backtest."""
    entry = rng.choice(["market", "market", "limit", "post_only"])
    adds = rng.choice([0, 0, 1, 3])
    steps = rng.choice([0, 1, 2, 4])
    timed = adds and rng.random() < 0.7
    shares = [rng.randint(1, 5) for _ in range(steps)]
    return Plan(
        quote_per_entry=rng.choice([20.0, 150.0, 400.0]),
        max_positions=rng.choice([1, 1, 2, 8]),
        entry=entry,
        entry_offset=0.0 if entry == "market" else rng.choice([0.0, 0.001, 0.01]),
        entry_timeout_s=None if entry == "market" else rng.choice([None, 60.0, 300.0]),
        add_quote=rng.choice([15.0, 100.0]) if adds else None,
        max_adds=adds,
        add_interval_s=rng.choice([60.0, 240.0]) if timed else None,
        take_profit=rng.choice([None, 0.002, 0.01]) if not steps else None,
        take_profit_steps=tuple(
            ProfitStep(0.002 * (k + 1), share / sum(shares)) for k, share in enumerate(shares)
        ),
        stop_loss=rng.choice([None, 0.002, 0.01]),
        exit_on_signal=rng.random() < 0.7,
        exit_min_profit=rng.choice([None, 0.0, 0.003]),
        max_holding_s=rng.choice([None, None, 120.0, 1200.0]),
        cooldown_s=rng.choice([0.0, 0.0, 300.0]),
    )


def random_limits(rng: random.Random) -> Limits:
    return Limits(
        max_exposure=rng.choice([None, None, 0.5]),
        max_open_positions=rng.choice([None, None, 1, 3]),
        max_orders_per_minute=rng.choice([None, 3]),
        max_daily_loss=rng.choice([None, None, 0.01]),
        max_price_deviation=rng.choice([None, 0.005]),
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
