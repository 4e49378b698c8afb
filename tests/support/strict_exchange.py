"""An exchange's books in memory, which note every order that should not have come.

It dedupes nothing: Binance takes a client order id again once the first order with it is filled.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from apps.trading.instrument import Instrument
from apps.trading.order import OrderType, Side, VenueStatus
from apps.trading.outcome import (
    Accepted,
    CancelOutcome,
    NotFound,
    NothingToCancel,
    PlaceOutcome,
    Rejected,
    VenueFill,
    VenueOrder,
)
from apps.trading.ports import PlaceOrder

FEE = Decimal("0.001")


class StrictExchange:
    """One account. `is_signed`: whether the journal held a request's signature when it arrived.

    `verdicts`: what becomes of the next requests, "" for accepted. `lags`: how late each order
    shows in what is read, ms. `tell`: hears of every change, as a user stream does.
    """

    def __init__(
        self,
        *,
        instrument: Instrument,
        is_signed: Callable[[str, int], bool],
        verdicts: Iterator[str],
        lags: Iterator[int],
        tell: Callable[[VenueOrder], None],
    ) -> None:
        self._instrument = instrument
        self._is_signed = is_signed
        self._verdicts = verdicts
        self._lags = lags
        self._tell = tell
        self.price = Decimal(100)
        self.orders: dict[str, VenueOrder] = {}
        self.trades: list[VenueFill] = []
        self.base = Decimal(0)
        self.quote = Decimal(0)
        self.broken: list[str] = []
        self._shown_at: dict[str, int] = {}

    # ---- requests ------------------------------------------------------------------------------

    def place(self, request: PlaceOrder, *, now: int) -> PlaceOutcome:
        name = request.client_order_id
        if not self._is_signed(name, request.signed_at):
            self.broken.append(f"{name} signed at {request.signed_at} is in no journal")
        if now > request.signed_at + request.recv_window_ms:
            return Rejected("-1021", "outside of the receive window", again=True)
        if name in self.orders:
            self.broken.append(f"{name} reached the exchange twice")
        verdict = next(self._verdicts)
        if verdict:
            return Rejected(verdict, "no", again=verdict == "-1015", retry_after_s=1.0)
        resting = request.order_type in (OrderType.LIMIT, OrderType.POST_ONLY)
        order = VenueOrder(
            symbol=request.symbol,
            client_order_id=name,
            venue_order_id=f"v{len(self.orders) + 1}",
            side=request.side,
            order_type=request.order_type,
            status=VenueStatus.OPEN,
            price=request.price,
            quantity=request.quantity,
            filled=Decimal(0),
            updated_at=now,
        )
        self.orders[name] = order
        self._shown_at[name] = now + next(self._lags)
        if not resting:
            self._fill(name, order.quantity, now)
        self._match(now)
        made = tuple(trade for trade in self.trades if trade.client_order_id == name)
        return Accepted(replace(self.orders[name], fills=made))

    def cancel(self, name: str, *, signed_at: int, window: int, now: int) -> CancelOutcome:
        if now > signed_at + window:
            return Rejected("-1021", "outside of the receive window", again=True)
        order = self.orders.get(name)
        if order is None or order.is_final:
            return NothingToCancel("unknown order")
        self._change(replace(order, status=VenueStatus.CANCELED, updated_at=now))
        return Accepted(self.orders[name])

    # ---- questions -----------------------------------------------------------------------------

    def find(self, name: str, *, now: int, asked_at: int) -> VenueOrder | NotFound:
        if name in self.orders and self._shown_at[name] <= now:
            return self.orders[name]
        return NotFound(asked_at)

    def shown(self, *, now: int) -> list[VenueOrder]:
        return [order for name, order in self.orders.items() if self._shown_at[name] <= now]

    def fills(self, *, now: int, since: int) -> Sequence[VenueFill]:
        shown = {order.client_order_id for order in self.shown(now=now)}
        return [t for t in self.trades if t.filled_at >= since and t.client_order_id in shown]

    # ---- the market ----------------------------------------------------------------------------

    def move(self, price: Decimal, *, now: int) -> None:
        self.price = price
        self._match(now)

    def _match(self, now: int) -> None:
        """Half of a resting order that is reached, and all of it by a price beyond it."""
        for name, order in list(self.orders.items()):
            if order.is_final or order.price is None:
                continue
            beyond = (order.price - self.price) * (1 if order.side is Side.BUY else -1)
            half = self._instrument.round_quantity(order.quantity / 2)
            if beyond > 0:
                self._fill(name, order.quantity - order.filled, now)
            elif beyond == 0 and order.filled < half:
                self._fill(name, half - order.filled, now)

    def _fill(self, name: str, quantity: Decimal, now: int) -> None:
        order = self.orders[name]
        price = self.price if order.price is None else order.price
        value = price * quantity
        buys = order.side is Side.BUY
        fill = VenueFill(
            symbol=order.symbol,
            trade_id=f"t{len(self.trades) + 1}",
            venue_order_id=order.venue_order_id,
            client_order_id=name,
            side=order.side,
            price=price,
            quantity=quantity,
            quote_quantity=value,
            fee=FEE * (quantity if buys else value),
            fee_asset=self._instrument.base if buys else self._instrument.quote,
            is_maker=order.price is not None,
            filled_at=now,
        )
        self.trades.append(fill)
        self.base += quantity - fill.fee if buys else -quantity
        self.quote += -value if buys else value - fill.fee
        if self.base < 0:
            self.broken.append(f"{name} sold coins that were sold already: {self.base}")
        filled = order.filled + quantity
        status = VenueStatus.FILLED if filled == order.quantity else VenueStatus.OPEN
        self._change(replace(order, filled=filled, status=status, updated_at=now), fill)

    def _change(self, order: VenueOrder, *fills: VenueFill) -> None:
        """Only the answer to a request and the stream tell trades with an order."""
        self.orders[order.client_order_id or ""] = order
        self._tell(replace(order, fills=fills))
