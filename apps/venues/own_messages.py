"""User stream messages of ccxt.pro -> own orders, per dialect."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Protocol

from apps.trading.outcome import VenueOrder
from apps.trading.ports import OwnOrder
from apps.venues.reading import Malformed, our_id, read_fill, read_order

Heard = Callable[[OwnOrder], None]
Told = Callable[[str], None]
Step = Callable[[], Coroutine[Any, Any, None]]
KNOWN_ORDERS = 5_000


class OwnMessages(Protocol):
    """`steps` are coroutines that run until the connection fails; one ending ends them all."""

    confirms: bool
    confirmed: asyncio.Event

    def steps(self, heard: Heard, told: Told) -> list[Step]: ...


def own_messages(client: Any, *, dialect: str, id_prefix: str) -> OwnMessages:
    if dialect == "binance":
        return BinanceMessages(client)
    return UnifiedMessages(client, id_prefix)


class BinanceMessages:
    """Reads executionReports as they come: ccxt's own cache merges events of one order."""

    confirms = True

    def __init__(self, client: Any) -> None:
        self._client = client
        self.confirmed = asyncio.Event()

    def steps(self, heard: Heard, told: Told) -> list[Step]:
        def report(_connection: Any, message: Mapping[str, Any]) -> None:
            try:
                heard(OwnOrder(self._order(message)))
            except Malformed as problem:
                told(f"malformed event: {problem}")

        # ccxt hands every executionReport of the spot stream to this method.
        self._client.handle_order_update = report
        return [self._hold]

    async def _hold(self) -> None:
        await self._client.ensure_user_data_stream_ws_subscribe_signature("spot")
        self.confirmed.set()
        while True:
            # Nothing resolves it but the end of the connection.
            await self._client.watch_orders()

    def _order(self, message: Mapping[str, Any]) -> VenueOrder:
        order = read_order({**self._client.parse_ws_order(message), "trades": None})
        if message.get("x") != "TRADE":
            return order
        trade = self._client.parse_ws_trade(message)
        fill = read_fill(trade, client_order_id=order.client_order_id)
        return replace(order, fills=(fill,))


class UnifiedMessages:
    """Orders and fills by ccxt's unified streams; a fill is joined to its order as last told."""

    confirms = False

    def __init__(self, client: Any, id_prefix: str) -> None:
        self._client = client
        self._id_prefix = id_prefix
        self._orders: OrderedDict[str, VenueOrder] = OrderedDict()
        self.confirmed = asyncio.Event()

    def steps(self, heard: Heard, told: Told) -> list[Step]:
        async def orders() -> None:
            while True:
                for raw in await self._client.watch_orders():
                    self._read(partial(self._order, raw), heard, told)

        async def fills() -> None:
            while True:
                for raw in await self._client.watch_my_trades():
                    self._read(partial(self._filled, raw), heard, told)

        return [orders, fills] if self._client.has.get("watchMyTrades") else [orders]

    def _read(self, read: Callable[[], VenueOrder], heard: Heard, told: Told) -> None:
        try:
            heard(OwnOrder(read()))
        except Malformed as problem:
            told(f"malformed event: {problem}")

    def _order(self, raw: Any) -> VenueOrder:
        order = read_order({**raw, "trades": None}, id_prefix=self._id_prefix)
        self._orders[order.venue_order_id] = order
        while len(self._orders) > KNOWN_ORDERS:
            self._orders.popitem(last=False)
        return order

    def _filled(self, raw: Any) -> VenueOrder:
        order = self._orders.get(str(raw.get("order")))
        if order is None:
            raise Malformed("a fill of an order that was not told")
        own_id = our_id(raw, self._id_prefix) or order.client_order_id
        return replace(order, fills=(read_fill(raw, client_order_id=own_id),))
