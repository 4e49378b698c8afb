"""One bot's journal, facts and standing in memory, by the ledger's rules."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from apps.trading.events import (
    Event,
    IntentPlanned,
    IntentRefused,
    JournalRow,
    OrderDone,
    OrderFilled,
    OrderSending,
    ShiftStarted,
    SignalGiven,
    from_payload,
    kind_of,
    to_payload,
)
from apps.trading.journal import (
    Append,
    Appended,
    AppendResult,
    BotStanding,
    Fenced,
    Observed,
    Refused,
    StopEpochs,
    Taken,
    Unapplied,
)
from apps.trading.order import LIVE, IllegalTransition, OrderStatus, Role, Side, next_status
from apps.trading.outcome import VenueFill, VenueOrder
from apps.trading.past import Past
from apps.trading.plan import Plan
from apps.trading.risk import Limits
from workers.ports import Configuration

BOT, ACCOUNT = UUID(int=36), UUID(int=37)
NUMBER, INSTALLATION, SYMBOL = 36, "k3y0", "BTC/USDT"
EXITS = (Role.EXIT, Role.STOP, Role.TAKE_PROFIT, Role.GRID_SELL)
BY_KIND = {"guard": "exits_only", "sell": "flatten", "leave": "nothing"}


@dataclass
class _Trial:
    """What an append would make of orders and fills."""

    status: dict[str, OrderStatus]
    filled: dict[str, Decimal]
    taken_in: set[str]

    def impossible(
        self, event: Event, *, booked: Mapping[str, VenueFill]
    ) -> tuple[str, str] | None:
        """Why the event cannot follow, as code and words."""
        name: Any = getattr(event, "client_order_id", "")
        if isinstance(event, OrderFilled):
            if event.trade_id not in booked or event.trade_id in self.taken_in:
                return "fill_not_booked", event.trade_id
            self.taken_in.add(event.trade_id)
            self.filled[name] = self.filled.get(name, Decimal(0)) + event.quantity
        if isinstance(event, OrderDone) and event.filled != self.filled.get(name, Decimal(0)):
            return "fills_missing", name
        if not name or isinstance(event, IntentRefused):
            return None
        try:
            self.status[name] = next_status(self.status.get(name), kind_of(event))
        except IllegalTransition as illegal:
            return "impossible", f"{name}: {illegal}"
        return None


class MemoryJournal:
    """The truth about one bot. Each method is one transaction; none waits.

    `broken`: what may never be asked of a journal and was.
    """

    def __init__(self, *, plan: Plan, capital: Decimal) -> None:
        self.capital = capital
        self.fence = 0
        self.dispatch = 1
        self.rows: list[JournalRow] = []
        self.status: dict[str, OrderStatus] = {}
        self.signed: set[tuple[str, int]] = set()
        self.observed_status = "STOPPED"
        self.reconciled_at = -1
        self.latest_signal: SignalGiven | None = None
        self.broken: list[str] = []
        self._planned: dict[str, tuple[IntentPlanned, StopEpochs]] = {}
        self._filled: dict[str, Decimal] = {}
        self._orders: dict[str, VenueOrder] = {}
        self._fills: dict[str, VenueFill] = {}
        self._taken_in: set[str] = set()
        self._desired = ("RUNNING", "")
        self._epochs = StopEpochs(0, 0, 0, 0)
        self._configurations = [self._configuration(1, plan, apply_to_open=False)]

    # ---- what people decide --------------------------------------------------------------------

    def decide(self, status: str, kind: str = "") -> None:
        """RUNNING, PAUSED, or STOPPED in one of three ways; a stop kills what was planned."""
        if status == "STOPPED":
            self._epochs = replace(self._epochs, bot=self._epochs.bot + 1)
            # A stop of another kind may have left something to sell.
            self.observed_status = "STOPPING"
        self._desired = (status, kind)

    def configure(self, plan: Plan, *, apply_to_open: bool) -> None:
        version = len(self._configurations) + 1
        self._configurations.append(self._configuration(version, plan, apply_to_open=apply_to_open))

    def _configuration(self, version: int, plan: Plan, *, apply_to_open: bool) -> Configuration:
        return Configuration(
            version, plan.to_json(), Limits().to_json(), self.capital, apply_to_open
        )

    def is_at_rest(self) -> bool:
        return self._desired[0] == self.observed_status == "STOPPED"

    @property
    def mode(self) -> str:
        status, kind = self._desired
        if status == "STOPPED":
            return BY_KIND[kind]
        return "exits_only" if status == "PAUSED" else "trade"

    # ---- BotStore ------------------------------------------------------------------------------

    def take(self, *, process_id: UUID, dispatch: int, now: int) -> Taken | None:
        if dispatch != self.dispatch:
            return None
        self.fence += 1
        self.dispatch += 1
        self.observed_status = "STARTING"
        self._write(ShiftStarted(self.fence, str(process_id)), now)
        newest = self._configurations[-1]
        return Taken(
            bot_id=BOT, bot_number=NUMBER, account_id=ACCOUNT, fence=self.fence,
            seq=len(self.rows), taken_at=now, desired_status=self._desired[0],
            stop_kind=self._desired[1], mode=self.mode, epochs=self._epochs, symbol=SYMBOL,
            timeframe="1m", strategy="rsi", config_version=newest.version, plan=dict(newest.plan),
            limits=dict(newest.limits), parameters={}, capital=self.capital,
        )  # fmt: skip

    def release(self, *, fence: int, status: str, reason: str, stop_epoch: int | None) -> None:
        if fence != self.fence:
            return
        if status == "ERROR" and not reason.startswith("the exchange does not answer"):
            self.broken.append(f"a shift failed: {reason}")
        stale = stop_epoch is not None and stop_epoch != self._epochs.bot
        self.observed_status = "STOPPING" if stale else status

    def append(self, append: Append, *, now: int) -> AppendResult:
        if append.fence != self.fence:
            return Fenced(self.fence)
        last = append.after_seq + len(append.events)
        if len(self.rows) != append.after_seq:
            stored = [row.event for row in self.rows[append.after_seq : last]]
            if stored == [_stored(event) for event in append.events]:
                return Appended(last)
            return self._turned_down("out_of_order", f"{append} after row {len(self.rows)}")
        refusal = self._refusal(append)
        if refusal is None:
            for event in append.events:
                self._write(event, now)
                self._project(event, append.epochs)
            return Appended(last)
        return refusal

    def past(self) -> Past:
        return Past(0, list(self.rows))

    def unapplied(self) -> Unapplied:
        fills = [f for key, f in self._fills.items() if key not in self._taken_in]
        orders = [
            order
            for name, order in self._orders.items()
            if order.is_final and self.status.get(name) in LIVE
        ]
        return Unapplied(tuple(sorted(fills, key=lambda f: f.filled_at)), tuple(orders))

    def standing(self) -> BotStanding:
        status, kind = self._desired
        version = self._configurations[-1].version
        return BotStanding(status, kind, self.mode, self._epochs, version)

    def configurations(self, *, after: int) -> list[Configuration]:
        newest = self._configurations[-1].version
        return [
            each
            for each in self._configurations
            if each.version > after and (each.apply_to_open or each.version == newest)
        ]

    def observe(self, orders: Sequence[VenueOrder], fills: Sequence[VenueFill]) -> Observed:
        """Each trade once; an order's word never goes back."""
        told = [fill for order in orders for fill in order.fills]
        new = {fill.trade_id: fill for fill in (*told, *fills) if fill.trade_id not in self._fills}
        self._fills.update(new)
        for order in orders:
            name = order.client_order_id or ""
            known = self._orders.get(name)
            if known is None or (not known.is_final and order.filled >= known.filled):
                self._orders[name] = order
        return Observed((BOT,), len(new))

    # ---- rules ---------------------------------------------------------------------------------

    def _refusal(self, append: Append) -> Refused | None:
        """Why the events may not follow; all or none of what they do to the orders is kept."""
        trial = _Trial(dict(self.status), dict(self._filled), set(self._taken_in))
        planned = dict(self._planned)
        for event in append.events:
            if isinstance(event, IntentPlanned):
                planned[event.client_order_id] = (event, append.epochs)
            if isinstance(event, IntentPlanned | OrderSending):
                refused = self._not_now(*planned[event.client_order_id])
                if refused is not None:
                    return refused
            wrong = trial.impossible(event, booked=self._fills)
            if wrong:
                return self._turned_down(*wrong)
        self.status, self._filled, self._taken_in = trial.status, trial.filled, trial.taken_in
        return None

    def _not_now(self, wish: IntentPlanned, epochs: StopEpochs) -> Refused | None:
        admitted = {
            "trade": True,
            "exits_only": wish.side is Side.SELL and Role(wish.role) in EXITS,
            "flatten": wish.side is Side.SELL and Role(wish.role) in (Role.EXIT, Role.STOP),
            "nothing": False,
        }[self.mode]
        if not admitted:
            code = "stopped" if self._desired[0] == "STOPPED" else "paused"
            return Refused(code, f"the bot is {self._desired}", wish.client_order_id)
        if epochs != self._epochs:
            return Refused("stale_epoch", "a stop came after this", wish.client_order_id)
        return None

    def _turned_down(self, code: str, message: str) -> Refused:
        self.broken.append(f"{code}: {message}")
        return Refused(code, message)

    def _write(self, event: Event, now: int) -> None:
        self.rows.append(JournalRow(len(self.rows) + 1, self.fence, _stored(event), now))

    def _project(self, event: Event, epochs: StopEpochs) -> None:
        if isinstance(event, IntentPlanned):
            self._planned[event.client_order_id] = (event, epochs)
        if isinstance(event, OrderSending):
            self.signed.add((event.client_order_id, event.signed_at))


def _stored(event: Event) -> Event:
    """The event as it is read again."""
    return from_payload(kind_of(event), json.loads(json.dumps(to_payload(event), allow_nan=False)))
