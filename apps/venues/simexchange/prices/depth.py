"""Resting depth of a generated market: the ladder, and how far a taker walks down it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from apps.venues.simexchange.amounts import SCALE
from apps.venues.simexchange.prices.catalogue import ASSETS, Flow, Pair
from apps.venues.simexchange.prices.values import Floats, randomness

Levels = tuple[tuple[int, int], ...]

# No taker of the generated flow walks further than this fraction of the price.
WALK_CAP = 0.0020
_DEEPEST = 0.0060
_LEVELS = 40
_JITTER = 1024


def walk(*, flow: Flow, notional: NDArray[np.float32], activity: Floats) -> Floats:
    """How far beyond the best price a taker's last print lies, as a fraction of the price."""
    beyond = notional * thinning(activity) - flow.touch
    far = np.zeros(len(notional))
    deep = beyond > 0
    far[deep] = (beyond[deep] / flow.slope) ** (1 / flow.bend) * 1e-4
    return np.minimum(far, WALK_CAP)


def thinning(activity: Floats) -> Floats:
    """How much thinner books are when prices move more."""
    return np.asarray(np.maximum(activity, 0.3) ** 0.6)


@dataclass(frozen=True, slots=True)
class Book:
    """The shape of a market's ladder: cumulative notional follows the flow's depth curve."""

    distances: tuple[float, ...]  # from the best price, as fractions
    notionals: tuple[float, ...]  # per level, in quote
    jitter: tuple[float, ...]
    tick: int
    lot: int

    def side(self, *, best: int, down: bool, thickness: float, second: int) -> Levels:
        """Levels from the scaled best price outwards; quantities change once a second.

        `thickness` multiplies the usual quantities.
        """
        tick, lot = self.tick, self.lot
        jitter, place = self.jitter, second * 41 + (17 if down else 0)
        levels: list[tuple[int, int]] = []
        owed, taken = 0.0, -1
        for index, distance in enumerate(self.distances):
            owed += self.notionals[index]
            step = int(best * distance / tick)
            if step == taken:
                continue
            price = best - step * tick if down else best + step * tick
            if price <= 0:
                break
            noise = jitter[(place + index) % _JITTER]
            lots = int(owed * thickness * noise * SCALE / price * (SCALE / lot))
            levels.append((price, max(lots, 1) * lot))
            owed, taken = 0.0, step
        return tuple(levels)


def make_book(*, pair: Pair, seed: int) -> Book:
    """The ladder's shape of a generated market."""
    flow, rules = pair.flow, pair.rules
    far = np.concatenate(([0.0], np.geomspace(0.05, _DEEPEST * 1e4, _LEVELS - 1)))
    # A level carries the notional between itself and the next one outwards.
    edges = np.concatenate((far[1:], [far[-1] * 1.25]))
    reached = flow.touch * np.minimum(1.0, edges / 0.1) + flow.slope * edges**flow.bend
    notional = np.diff(reached, prepend=0.0) / ASSETS[rules.quote].value
    random = randomness(seed=seed, name=f"{rules.symbol}/depth", block=0)
    jitter: NDArray[np.float64] = np.exp(random.normal(-0.08, 0.4, _JITTER))
    return Book(
        distances=tuple((far * 1e-4).tolist()),
        notionals=tuple(notional.tolist()),
        jitter=tuple(jitter.tolist()),
        tick=rules.tick,
        lot=rules.lot,
    )
