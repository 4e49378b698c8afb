"""One step of one bot: what an event makes it want, on a copy of its state."""

from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from decimal import ROUND_UP, Decimal
from typing import Any

from apps.trading.bot_state import BotState, Slot, WorkingOrder
from apps.trading.configuration import Configuration
from apps.trading.equity import Books
from apps.trading.events import (
    CancelRequested,
    Event,
    IntentExpired,
    IntentPlanned,
    IntentRefused,
    PositionClosed,
    Trigger,
)
from apps.trading.intent import CancelIntent, OrderIntent, client_order_id
from apps.trading.kernel import layout
from apps.trading.kernel.risk import BELOW_MINIMUM, MARKET_MARGIN
from apps.trading.kernel.words import move, moved
from apps.trading.order import OrderStatus, OrderType, Role, Side
from apps.trading.reasons import NOTHING_LEFT, REASONS
from apps.trading.risk import VERDICTS, Totals
from apps.trading.told import to_told
from apps.trading.workspace import Action, Workspace

ORDER_TYPES = {
    layout.MARKET: OrderType.MARKET,
    layout.LIMIT: OrderType.LIMIT,
    layout.POST_ONLY: OrderType.POST_ONLY,
}
SIDES = {layout.BUY: Side.BUY, layout.SELL: Side.SELL}
# In the place of a client order id among refusals.
BUYS = "buys"
# A planned order that was offered but not signed (no budget) is offered again after this.
OFFER_AGAIN_MS = 500
_RESERVE_STEP = Decimal("1e-8")


class Decision:
    """Collects the events, sends and cancels of one step while the kernel decides."""

    def __init__(
        self,
        *,
        state: BotState,
        workspace: Workspace,
        trigger: Trigger | Event,
        now: int,
        totals: Totals,
        refusals: Mapping[str, tuple[str, str]],
        bot_number: int,
        installation: str,
    ) -> None:
        self.before = state
        self.trigger = trigger
        self.now = now
        self.configuration = state.configuration
        self.orders = dict(state.orders)
        self.slots: dict[Slot, str] = dict(state.slots)
        self.books = state.books
        self.plan_seq = state.plan_seq
        self.mode = state.mode
        self.events: list[Event] = []
        self.sends: list[OrderIntent] = []
        self.cancels: list[CancelIntent] = []
        self._workspace = workspace
        self._totals = totals
        self._refusals = refusals
        self._bot_number = bot_number
        self._installation = installation
        self._marks: dict[str, Any] | None = None
        self._told: dict[str, Any] | None = None
        self._wishes: deque[Action] = deque()
        workspace.configure(self.configuration)
        workspace.load(state.kernel, now=state.now, mark=state.mark, totals=totals)

    # ---- what every consequence carries --------------------------------------------------------

    def marks(self) -> dict[str, Any]:
        """What replay needs to decide again: the time, and what moved since the last event."""
        if self._marks is None:
            before = self.before
            kernel = move(before.kernel, {"bot.now": before.now, "bot.mark": before.mark})
            self._marks = {"at": self.now, **moved(before.journaled, kernel)}
            if totals := self._totals.to_json():
                self._marks["totals"] = totals
            if self._refusals:
                self._marks["refusals"] = {k: list(v) for k, v in self._refusals.items()}
        return self._marks

    def told(self) -> dict[str, Any]:
        if self._told is None:
            self._told = to_told(self.trigger)
        return self._told

    # ---- the kernel ----------------------------------------------------------------------------

    def ask(
        self,
        kind: int,
        a: int = 0,
        b: int = 0,
        x: float = 0.0,
        y: float = 0.0,
        z: float = 0.0,
        w: float = 0.0,
    ) -> None:
        """Tell the kernel one event and carry out every wish that follows from it."""
        self._wishes.extend(self._workspace.decide(kind, self.now, a, b, x, y, z, w))
        self.carry_out()

    def carry_out(self) -> None:
        """Act on every wish; what that tells the kernel may make it wish for more."""
        while self._wishes:
            wish = self._wishes.popleft()
            if wish.kind == layout.PLACE:
                self._plan(wish)
            elif wish.kind == layout.CANCEL:
                self._withdraw((wish.position, wish.slot))
            else:
                code, message = VERDICTS[wish.verdict]
                self._refuse(wish, code=code, message=message)

    def tell(self, kind: int, slot: Slot) -> None:
        """Tell the kernel that a slot's order is accepted, rejected or gone; wishes wait."""
        self._wishes.extend(self._workspace.decide(kind, self.now, slot[0], slot[1]))

    def unwanted(self, order: WorkingOrder) -> bool:
        """Whether the kernel waits for this order to be gone."""
        slot = (order.position, order.slot)
        if self.slots.get(slot) != order.client_order_id:
            return False
        return self._workspace.order_status(*slot) == layout.CANCELING

    def configure(self, configuration: Configuration) -> None:
        """Follow this from now on. A bot that has done nothing yet begins anew with it."""
        before, self.configuration = self.configuration, configuration
        bot = self._workspace.row.bot
        now, mark, mode = int(bot.now), float(bot.mark), int(bot.mode)
        if self.plan_seq == 0 and not self.books.holdings:
            self._workspace.begin(configuration)
            self.books = Books(cash=configuration.capital)
            bot.now, bot.mark, bot.mode = now, mark, mode
            return
        self._workspace.configure(configuration)
        if configuration.capital != before.capital:
            change = configuration.capital - before.capital
            self._workspace.deposit(float(change))
            self.books = replace(self.books, cash=self.books.cash + change)

    # ---- wishes --------------------------------------------------------------------------------

    def _plan(self, wish: Action) -> None:
        instrument = self.configuration.instrument
        side = SIDES[wish.side]
        quantity = instrument.round_quantity(wish.quantity)
        if side is Side.SELL:
            # The kernel counts in floats; never sell more than is really there.
            held = instrument.round_quantity(self.books.held(position=wish.position))
            quantity = min(quantity, held)
        price = None if wish.order_kind == layout.MARKET else instrument.round_price(wish.price)
        reference = instrument.round_price(wish.reference)
        short = instrument.shortfall(price=price or reference, quantity=quantity)
        if short is not None:
            self._refuse(wish, code=VERDICTS[BELOW_MINIMUM][0], message=short)
            self.tell(layout.REJECTED, (wish.position, wish.slot))
            return
        self.plan_seq += 1
        name = client_order_id(
            installation=self._installation,
            bot_number=self._bot_number,
            plan_seq=self.plan_seq,
            leg=0,
        )
        refusal = self._refusal(name, side)
        if refusal is not None:
            self._refuse(wish, code=refusal[0], message=refusal[1], name=name)
            self.tell(layout.REJECTED, (wish.position, wish.slot))
            return
        asset, amount = self._reserve(side, price, quantity, reference)
        order = WorkingOrder(
            client_order_id=name,
            plan_seq=self.plan_seq,
            position=wish.position,
            slot=wish.slot,
            role=Role(wish.role),
            side=side,
            order_type=ORDER_TYPES[wish.order_kind],
            quantity=quantity,
            price=price,
            reference_price=reference,
            reserve_asset=asset,
            reserve_amount=amount,
            wished_at=self.now,
        )
        self.orders[name] = order
        self.slots[wish.position, wish.slot] = name
        self.events.append(self._planned(order, wish.rung))

    def _refusal(self, name: str, side: Side) -> tuple[str, str] | None:
        """Why this may not be journaled or signed; "" speaks of everything, BUYS of every buy."""
        refusals = self._refusals
        entry = refusals.get(BUYS) if side is Side.BUY else None
        return refusals.get(name) or refusals.get("") or entry

    def _planned(self, order: WorkingOrder, index: int) -> IntentPlanned:
        return IntentPlanned(
            client_order_id=order.client_order_id,
            plan_seq=order.plan_seq,
            leg=0,
            position=order.position,
            slot=order.slot,
            role=int(order.role),
            index=index,
            side=order.side,
            order_type=order.order_type,
            quantity=order.quantity,
            price=order.price,
            reference_price=order.reference_price,
            reserve_asset=order.reserve_asset,
            reserve_amount=order.reserve_amount,
            config_version=self.configuration.version,
            trigger=self.told(),
            marks=self.marks(),
            verdict={"code": VERDICTS[0][0]},
        )

    def _reserve(
        self, side: Side, price: Decimal | None, quantity: Decimal, reference: Decimal
    ) -> tuple[str, Decimal]:
        """What the order may take at most: (asset, amount)."""
        instrument = self.configuration.instrument
        if side is Side.SELL:
            return instrument.base, quantity
        worst = price or reference * (1 + Decimal(str(MARKET_MARGIN)))
        amount = worst * quantity * (1 + instrument.taker_fee)
        return instrument.quote, amount.quantize(_RESERVE_STEP, ROUND_UP)

    def _refuse(self, wish: Action, *, code: str, message: str, name: str = "") -> None:
        self.events.append(
            IntentRefused(
                position=wish.position,
                slot=wish.slot,
                role=wish.role,
                code=code,
                message=message,
                trigger=self.told(),
                marks=self.marks(),
                client_order_id=name,
            )
        )

    # ---- orders that are no longer wanted ------------------------------------------------------

    def _withdraw(self, slot: Slot) -> None:
        name = self.slots.get(slot)
        order = self.orders.get(name or "")
        if order is None or not self.unwanted(order):
            return
        reason = self._why(slot[0])
        if order.status is OrderStatus.PLANNED:
            self.expire(order, reason=reason)
        elif order.status is OrderStatus.SENDING:
            # Nobody knows yet whether it is there; its answer brings us back here.
            self._request_cancel(order, reason=reason)
        elif order.status is OrderStatus.OPEN:
            self._request_cancel(order, reason=reason)
            symbol = self.configuration.instrument.symbol
            self.cancels.append(CancelIntent(order.client_order_id, symbol, reason))

    def chase(self, order: WorkingOrder) -> None:
        """An answer arrived for an order: take it back if it is no longer wanted."""
        if self.unwanted(order):
            self._withdraw((order.position, order.slot))

    def _request_cancel(self, order: WorkingOrder, *, reason: str) -> None:
        name = order.client_order_id
        self.orders[name] = order.after("CancelRequested")
        self.events.append(CancelRequested(name, reason, self.told(), self.marks()))

    def expire(self, order: WorkingOrder, *, reason: str, told: int = layout.GONE) -> None:
        """Give up an order that never reached the venue."""
        name = order.client_order_id
        order.after("IntentExpired")
        self.events.append(IntentExpired(name, reason, self.told(), self.marks()))
        self.remove(order, told=told)

    def remove(self, order: WorkingOrder, *, told: int) -> None:
        """The order is final: forget it, and tell the kernel if its slot still waits for it."""
        slot = (order.position, order.slot)
        del self.orders[order.client_order_id]
        if self.slots.get(slot) != order.client_order_id:
            return
        del self.slots[slot]
        if self._workspace.order_status(*slot) != layout.FREE:
            self.tell(told, slot)

    def _why(self, position: int) -> str:
        if self.told()["kind"] == "ModeChanged":
            return f"mode {self.told()['mode']}"
        pos = self._workspace.row.positions[position]
        if pos.status == layout.CLOSING:
            return f"position closes: {REASONS.get(int(pos.reason), 'nothing left')}"
        if pos.status == layout.ENTERING and not self._workspace.row.bot.grid_on:
            return "entry timed out"
        return "replaced by another price or amount"

    # ---- the end of the step -------------------------------------------------------------------

    def finish(self) -> BotState:
        """Offer what waits to be signed, close what is flat, and return the new state."""
        self.carry_out()
        self._offer()
        self._close_positions()
        kernel = self._workspace.dump()
        now, mark = self._workspace.clock()
        return replace(
            self.before,
            kernel=kernel,
            now=now,
            mark=mark,
            journaled=kernel if self.events else self.before.journaled,
            orders=self.orders,
            slots=self.slots,
            books=self.books,
            plan_seq=self.plan_seq,
            mode=self.mode,
            watch=self._workspace.watch(),
            configuration=self.configuration,
        )

    def _offer(self) -> None:
        """Send what is planned; entries whose reason has grown old are given up instead."""
        age_ms = self.configuration.plan.signal_max_age_s * 1000
        waiting = [o for o in self.orders.values() if o.status is OrderStatus.PLANNED]
        for order in waiting:
            refusal = self._refusal(order.client_order_id, order.side)
            if refusal is not None:
                self.expire(order, reason=f"{refusal[0]}: {refusal[1]}", told=layout.REJECTED)
            elif order.is_entry and self.now - order.wished_at > age_ms:
                self.expire(order, reason="its signal is too old")
            elif order.offer_at <= self.now:
                self._send(order)
        if self._wishes:
            self.carry_out()
            self._offer()

    def _send(self, order: WorkingOrder) -> None:
        self.orders[order.client_order_id] = replace(order, offer_at=self.now + OFFER_AGAIN_MS)
        self.sends.append(
            OrderIntent(
                client_order_id=order.client_order_id,
                symbol=self.configuration.instrument.symbol,
                side=order.side,
                order_type=order.order_type,
                quantity=order.quantity,
                price=order.price,
                reference_price=order.reference_price,
                role=order.role,
                attempt=order.attempt,
            )
        )

    def _close_positions(self) -> None:
        for position in list(self.books.holdings):
            # Flat again: a grid goes on waiting for the first buy of its next round trip.
            if self._workspace.position_status[position] not in (layout.IDLE, layout.ENTERING):
                continue
            pos = self._workspace.row.positions[position]
            before = self.books
            self.books = before.ended(position=position)
            self.events.append(
                PositionClosed(
                    position=position,
                    deal=int(pos.deal),
                    reason=REASONS.get(int(pos.reason), NOTHING_LEFT),
                    realised=self.books.realised - before.realised,
                    dust=self.books.dust - before.dust,
                    trigger=self.told(),
                    marks=self.marks(),
                )
            )
