"""Prints a digest of what the kernel does with random plans and markets, stepped and looped."""

import hashlib
import random
import sys
from decimal import Decimal

import numba

from apps.trading.backtest import run_plan
from tests.properties.stepped import SteppedVenue
from tests.unit.trading.worlds import (
    BAR_MS,
    random_bars,
    random_bits,
    random_instrument,
    random_limits,
    random_plan,
)


def digest(worlds: int, bars: int) -> str:
    """Over the bytes of every state and every fill."""
    total = hashlib.sha256()
    for seed in range(worlds):
        rng = random.Random(seed)
        plan, instrument, limits = random_plan(rng), random_instrument(rng), random_limits(rng)
        market, bits = random_bars(rng, bars), random_bits(rng, bars)
        looped = run_plan(
            plan=plan,
            instrument=instrument,
            capital=Decimal(1000),
            limits=limits,
            bars=market,
            bits=bits,
            bar_ms=BAR_MS,
            slippage=0.0003,
            skip=seed % 2 == 0,
        )
        total.update(looped.fills.tobytes() + looped.state.tobytes())
        venue = SteppedVenue(plan=plan, instrument=instrument, capital=1000.0, limits=limits)
        venue.play(market, bits, BAR_MS)
        total.update(repr(venue.fills).encode() + venue.state.tobytes())
    return total.hexdigest()


if __name__ == "__main__":
    compiled = "uncompiled" if numba.config.DISABLE_JIT else "compiled"
    sys.stdout.write(f"{compiled} {digest(int(sys.argv[1]), int(sys.argv[2]))}\n")
