"""What a sentence is made from: one commit's events, and the bot before and after it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from apps.trading.bot_state import BotState, WorkingOrder
from apps.trading.events import Event, IntentPlanned, OrderFilled, PositionClosed
from apps.trading.instrument import Instrument
from apps.trading.order import Role, Side
from workers.narration.amounts import Amounts

ROLES = {
    Role.ENTRY: "entry",
    Role.EXIT: "exit",
    Role.STOP: "stop loss",
    Role.TAKE_PROFIT: "take profit",
    Role.SAFETY: "add",
    Role.GRID_BUY: "grid",
    Role.GRID_SELL: "grid",
}
# Why a position ended, where its order does not say it already.
ENDINGS = {
    "stop_loss": "stop loss",
    "take_profit": "take profit",
    "max_holding": "held long enough",
    "flatten": "told to sell",
    "trailing_stop": "trailing stop",
    "break_even": "stop at break even",
    "trailing_take_profit": "trailing take profit",
    "grid_stop": "stop of the grid",
}


@dataclass
class Scene:
    """One commit. `reasons`: why live orders were wished, by client order id, kept on."""

    events: Sequence[Event]
    before: BotState
    after: BotState
    reasons: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._orders: Mapping[str, WorkingOrder] = {**self.before.orders, **self.after.orders}
        for event in self.events:
            if isinstance(event, IntentPlanned) and (why := why_planned(event)):
                self.reasons[event.client_order_id] = why

    @property
    def instrument(self) -> Instrument:
        return self.after.configuration.instrument

    @property
    def amounts(self) -> Amounts:
        return Amounts(self.instrument)

    def order(self, event: Any) -> WorkingOrder | None:
        return self._orders.get(event.client_order_id)

    def why(self, order: WorkingOrder) -> str:
        return self.reasons.get(order.client_order_id) or ROLES[order.role]

    def closing(self, event: OrderFilled) -> PositionClosed | None:
        """The end of the round trip that this fill was the last of."""
        order = self.order(event)
        for closed in self.events:
            if isinstance(closed, PositionClosed) and order is not None:
                last = self._last_fill(closed.position)
                if last is event and order.position == closed.position:
                    return closed
        return None

    def ended_by_fill(self, closed: PositionClosed) -> bool:
        return self._last_fill(closed.position) is not None

    def result(self, closed: PositionClosed) -> Decimal | None:
        """What the round trip made of what was paid, as a fraction; None when it is not known."""
        held = self.before.books.holdings.get(closed.position)
        return closed.realised / held.cost if held is not None and held.cost else None

    def left(self, position: int) -> Decimal:
        return self.after.books.held(position=position)

    def funds_left(self) -> Decimal:
        """The bot's cash less what its working buys may take of it."""
        taken = (
            order.reserve_amount * (1 - order.filled / order.quantity)
            for order in self.after.orders.values()
            if order.side is Side.BUY
        )
        return self.after.books.cash - sum(taken, Decimal(0))

    def _last_fill(self, position: int) -> OrderFilled | None:
        found = None
        for event in self.events:
            order = self.order(event) if isinstance(event, OrderFilled) else None
            if order is not None and order.position == position and order.side is Side.SELL:
                found = event
        return found if isinstance(found, OrderFilled) else None


def why_planned(event: IntentPlanned) -> str:
    """The strategy's reason, or which of several adds it is."""
    if event.trigger.get("kind") == "SignalGiven":
        return str(event.trigger.get("reason", ""))
    if event.role == Role.SAFETY:
        return f"add {event.index + 1}"
    return ""
