"""The memory in which the kernel decides: a state is copied in, decided on, and copied out."""

from math import isfinite
from typing import NamedTuple

import numpy as np

from apps.trading.configuration import Configuration
from apps.trading.kernel import layout
from apps.trading.kernel.compile import loaded
from apps.trading.kernel.events import decide, look_again
from apps.trading.kernel.words import INDEX, ORDERS_AT, PLAN_AT, clock_of, parts
from apps.trading.risk import Totals

_NOW = INDEX["bot.now"]
_MARK = INDEX["bot.mark"]
_POSITIONS = INDEX["bot.positions"]
_STRIDE = INDEX["bot.stride"]
_WATCH_LOW = INDEX["bot.watch_low"]
_WATCH_HIGH = INDEX["bot.watch_high"]
_WATCH_TIME = INDEX["bot.watch_time"]
_WATCH_SIGNALS = INDEX["bot.watch_signals"]
_GRID_ON = INDEX["bot.grid_on"]
_TRAILS = INDEX["bot.grid.trail_up"], INDEX["bot.grid.trail_down"]
# Plan and limits lie side by side: what a configuration says of a bot.
_PLACES = dict(layout.STATE.fields or {})
_CONFIGURED = slice(_PLACES["plan"][1], _PLACES["totals"][1])
CONFIGURATIONS_KEPT = 2048
"""So many are copied in when their bot's turn comes; others are written field by field."""


class Action(NamedTuple):
    """One wish of the kernel; the fields of layout.ACTION, in their order (`rung`: index)."""

    kind: int
    order_kind: int
    side: int
    role: int
    position: int
    slot: int
    rung: int
    verdict: int
    price: float
    quantity: float
    reference: float


class Watch(NamedTuple):
    """Strictly between the prices, before `wake_at` (ms), without these bits: nothing happens.

    `bars`: but for what the close of a bar may bring.
    """

    low: float
    high: float
    wake_at: int
    signal_bits: int
    bars: bool


class Workspace:
    """One kernel record, for one bot or for many in turn. Not for several threads at once.

    Nothing of a bot stays in it: whoever uses it says the configuration and loads the state.
    """

    def __init__(self) -> None:
        # Here and not at the first event: what must be compiled is before the first bot starts.
        self._decide, self._look_again = loaded(decide), loaded(look_again)
        self._states = layout.new_states(1)
        self.row = self._states[0]
        self._bytes = self._states.view(np.uint8)
        self._words = self._states.view(np.int64)
        self._reals = self._states.view(np.float64)
        # Views: a field of a record costs ten times an element of an array.
        self._actions = self._states["actions"][0]
        self._order_status = self._states["orders"]["status"][0]
        self.position_status = self._states["positions"]["status"][0]
        self._totals: Totals | None = None
        self._looked_out = False
        self._configuration: Configuration | None = None
        # By the identity of its parts; each entry keeps them alive, so that the ids stay theirs.
        self._written: dict[tuple[int, int, int], tuple[Configuration, np.ndarray]] = {}

    def begin(self, configuration: Configuration) -> bytes:
        """A new bot's state, loaded and returned."""
        self._bytes[:PLAN_AT] = 0
        self.configure(configuration)
        self._looked_out = True
        layout.open_books(
            self.row,
            capital=float(configuration.capital),
            positions=configuration.plan.max_positions,
        )
        return self.dump()

    def configure(self, configuration: Configuration) -> None:
        """Put plan, limits and market rules beside the state."""
        if configuration is self._configuration:
            return
        # Unknown until all of it is in place: a plan that cannot be written stops half-way.
        self._configuration = None
        kept = self._written.get(_parts(configuration))
        if kept is not None:
            self._bytes[_CONFIGURED] = kept[1]
        else:
            self._write(configuration)
        self._configuration = configuration

    def _write(self, configuration: Configuration) -> None:
        # Field by field costs as much as four decisions.
        configuration.plan.to_record(self.row.plan, instrument=configuration.instrument)
        configuration.limits.to_record(self.row.limits)
        if len(self._written) >= CONFIGURATIONS_KEPT:
            del self._written[next(iter(self._written))]
        self._written[_parts(configuration)] = (configuration, self._bytes[_CONFIGURED].copy())

    def deposit(self, amount: float) -> None:
        """More capital, or less; it is neither profit nor loss."""
        bot = self.row.bot
        for name in ("cash", "capital", "day_equity", "peak_equity"):
            setattr(bot, name, getattr(bot, name) + amount)

    def load(self, kernel: bytes, *, now: int, mark: float, totals: Totals) -> None:
        kept = np.frombuffer(kernel, np.uint8)
        head, orders = parts(kept.view(np.int64))
        self._bytes[:head] = kept[:head]
        # Whatever stands there is another bot's, or what a step that failed left behind.
        self._bytes[head:ORDERS_AT] = 0
        self._bytes[ORDERS_AT : ORDERS_AT + orders] = kept[head:]
        self._bytes[ORDERS_AT + orders : PLAN_AT] = 0
        self._looked_out = False
        self._words[_NOW] = now
        self._reals[_MARK] = mark
        if totals != self._totals:
            totals.to_record(self.row.totals)
            self._totals = totals

    def dump(self) -> bytes:
        """The part of the state that this bot uses."""
        if not self._looked_out:
            self._look_again(self._states, 0)
        head, orders = parts(self._words)
        used = self._bytes[ORDERS_AT : ORDERS_AT + orders]
        return self._bytes[:head].tobytes() + used.tobytes()

    def decide(
        self,
        kind: int,
        now: int,
        a: int = 0,
        b: int = 0,
        x: float = 0.0,
        y: float = 0.0,
        z: float = 0.0,
        w: float = 0.0,
    ) -> list[Action]:
        """Tell the kernel one event; see kernel.events.decide for what the numbers mean."""
        self._looked_out = True
        count = self._decide(self._states, 0, kind, now, a, b, x, y, z, w)
        return [Action(*values) for values in self._actions[:count].tolist()]

    def order_status(self, position: int, slot: int) -> int:
        """FREE where the bot has no such slot any more: its order had filled before it went."""
        positions, stride = int(self._words[_POSITIONS]), int(self._words[_STRIDE])
        if position >= positions or slot >= stride:
            return layout.FREE
        return int(self._order_status[position * stride + slot])

    def clock(self) -> tuple[int, float]:
        """(now, mark) of the state."""
        return int(self._words[_NOW]), float(self._reals[_MARK])

    def watch_of(self, kernel: bytes, *, configuration: Configuration) -> Watch:
        """What a state looks out for."""
        self.configure(configuration)
        now, mark = clock_of(kernel)
        self.load(kernel, now=now, mark=mark, totals=Totals())
        self._look_again(self._states, 0)
        return self.watch()

    def watch(self) -> Watch:
        words, reals = self._words, self._reals
        return Watch(
            float(reals[_WATCH_LOW]),
            float(reals[_WATCH_HIGH]),
            int(words[_WATCH_TIME]),
            int(words[_WATCH_SIGNALS]),
            bool(words[_GRID_ON]) and any(bool(words[place]) for place in _TRAILS),
        )


def _parts(configuration: Configuration) -> tuple[int, int, int]:
    return id(configuration.plan), id(configuration.limits), id(configuration.instrument)


def checked_price(price: float, name: str) -> float:
    """ValueError when it is no price at all: better to halt than to trade on nonsense."""
    if not (isfinite(price) and price > 0):
        raise ValueError(f"{name} {price} is not a price")
    return price
