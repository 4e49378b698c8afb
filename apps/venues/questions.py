"""What one account can be asked: markets, orders, fills, balances."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from apps.trading.instrument import Instrument
from apps.trading.outcome import Balance, VenueFill, VenueOrder
from apps.trading.ports import Lane
from apps.venues.instruments import with_account_fees
from apps.venues.line import Line, Refused
from apps.venues.markets import MarketTable
from apps.venues.reading import Malformed, our_id, read_balances, read_fill, read_order

PAGE = 1000
KNOWN_ORDERS = 20_000
# More unknown orders than this are looked up by list instead of one by one.
ONE_BY_ONE = 4


class Questions:
    """Answers are read strictly: a malformed one is VenueUnavailable, never a guess."""

    def __init__(self, *, line: Line, table: MarketTable) -> None:
        self.line = line
        self._table = table
        self._shared_version = 0
        self._instruments: Mapping[str, Instrument] = {}
        self._our_ids: OrderedDict[tuple[str, str], str | None] = OrderedDict()

    async def ready(self) -> Mapping[str, Instrument]:
        """Have markets and whatever the exchange wants asked before its first order."""
        if self._shared_version and self._shared_version == self._table.version:
            return self._instruments
        return await self.instruments()

    async def instruments(self, *, again: bool = False) -> Mapping[str, Instrument]:
        """Every spot market at this account's fees, by unified symbol."""
        await self._table.load(self.line, again=again)
        if self._shared_version != self._table.version:
            client = self.line.client
            self._table.share(client)
            for name in self.line.profile.preload:
                await self.line.ask_signed("preload", getattr(client, name), lane=Lane.RECOVERY)
            self._instruments = with_account_fees(self._table.instruments, await self._fees())
            self._shared_version = self._table.version
        return self._instruments

    async def order(
        self, venue_order_id: str | None, symbol: str, params: Mapping[str, Any]
    ) -> VenueOrder:
        def read(raw: Any, answer: Any) -> VenueOrder:
            if not isinstance(answer, Mapping):
                raise Malformed("answer is not an object")
            return self._read(raw)

        ask = partial(self.line.client.fetch_order, venue_order_id, symbol, dict(params))
        answer = await self.line.ask_signed("find", ask, read=read, lane=Lane.EXIT)
        self.remember(answer)
        return answer

    async def open_orders(self, *, symbol: str | None, lane: Lane) -> Sequence[VenueOrder]:
        await self.ready()
        weighed_as = "open_orders" if symbol else "all_open_orders"
        return await self._orders(
            weighed_as, lambda: self.line.client.fetch_open_orders(symbol), lane
        )

    async def in_lists(self, *, symbol: str, client_order_id: str) -> VenueOrder | None:
        """Our order among the open ones, then among the last PAGE of all or closed ones."""
        has = self.line.client.has
        names = ["fetch_open_orders"]
        if has.get("fetchOrders"):
            names.append("fetch_orders")
        elif has.get("fetchClosedOrders"):
            names.append("fetch_closed_orders")
        for name in names:
            ask = getattr(self.line.client, name)
            for order in await self._orders("orders", partial(ask, symbol), Lane.EXIT):
                if order.client_order_id == client_order_id:
                    return order
        return None

    async def fills(self, *, symbol: str, since: int) -> Sequence[VenueFill]:
        """Every fill at or after `since` (venue ms), oldest first, all pages."""
        await self.ready()
        found: dict[str, VenueFill] = {}
        start, params = since, dict[str, Any]()
        while True:
            page = await self._trades(
                "fills",
                partial(
                    self.line.client.fetch_my_trades,
                    symbol,
                    None if params else start,
                    PAGE,
                    params,
                ),
            )
            fresh = [fill for fill in page if fill.trade_id not in found]
            found |= {fill.trade_id: fill for fill in fresh}
            if not fresh or len(page) < self._smallest_full_page():
                break
            start = max(fill.filled_at for fill in fresh)
            if self._is_binance:
                params = {"fromId": max(int(fill.trade_id) for fill in fresh) + 1}
        ordered = sorted(
            found.values(), key=lambda fill: (fill.filled_at, len(fill.trade_id), fill.trade_id)
        )
        return await self._with_our_ids([fill for fill in ordered if fill.filled_at >= since])

    async def order_fills(self, *, symbol: str, venue_order_id: str) -> Sequence[VenueFill]:
        """Every fill of one order."""
        await self.ready()
        client = self.line.client
        if client.has.get("fetchOrderTrades"):
            page = await self._trades(
                "order_fills",
                lambda: client.fetch_order_trades(venue_order_id, symbol, None, PAGE),
            )
        else:
            page = await self._trades("fills", lambda: client.fetch_my_trades(symbol, None, PAGE))
        mine = [fill for fill in page if fill.venue_order_id == venue_order_id]
        return await self._with_our_ids(mine)

    async def balances(self, *, lane: Lane) -> Mapping[str, Balance]:
        await self.ready()

        def read(raw: Any, answer: Any) -> dict[str, Balance]:
            if self._is_binance and not isinstance(answer.get("balances"), list):
                raise Malformed("balances are not listed")
            return read_balances(raw)

        client = self.line.client
        return await self.line.ask_signed("balances", client.fetch_balance, read=read, lane=lane)

    async def can_withdraw(self) -> bool | None:
        """Whether this key may withdraw; None where the exchange does not tell."""
        if not self._is_binance:
            return None
        client = self.line.client

        def read(told: Any, _answer: Any) -> bool:
            allowed = told.get("enableWithdrawals") if isinstance(told, Mapping) else None
            if not isinstance(allowed, bool):
                raise Malformed("enableWithdrawals is not told")
            return allowed

        ask = client.sapi_get_account_apirestrictions
        return await self.line.ask_signed("restrictions", ask, read=read)

    def remember(self, order: VenueOrder) -> None:
        """Fills name their order by the exchange's id: keep ours beside it."""
        key = order.symbol, order.venue_order_id
        self._our_ids[key] = order.client_order_id
        self._our_ids.move_to_end(key)
        while len(self._our_ids) > KNOWN_ORDERS:
            self._our_ids.popitem(last=False)

    async def _fees(self) -> Mapping[str, Any]:
        """The account's fees; an exchange that refuses to tell leaves its published ones."""
        client = self.line.client
        if not client.has.get("fetchTradingFees"):
            return {}
        try:
            told: Any = await self.line.ask_signed(
                "fees", client.fetch_trading_fees, lane=Lane.RECOVERY
            )
        except Refused:
            return {}
        return told if isinstance(told, Mapping) else {}

    async def _orders(
        self, weighed_as: str, ask: Callable[[], Awaitable[Any]], lane: Lane
    ) -> list[VenueOrder]:
        def read(raw: Any, answer: Any) -> list[VenueOrder]:
            return [self._read(each) for each in self._complete(raw, answer)]

        orders = await self.line.ask_signed(weighed_as, ask, read=read, lane=lane)
        for order in orders:
            self.remember(order)
        return orders

    async def _trades(self, weighed_as: str, ask: Callable[[], Awaitable[Any]]) -> list[VenueFill]:
        prefix = self.line.profile.id_prefix

        def read(raw: Any, answer: Any) -> list[VenueFill]:
            return [
                read_fill(each, client_order_id=our_id(each, prefix))
                for each in self._complete(raw, answer)
            ]

        return await self.line.ask_signed(weighed_as, ask, read=read, lane=Lane.ENTRY)

    def _complete(self, raw: Any, answer: Any) -> Sequence[Any]:
        """ccxt reads {} as an empty list and drops what it cannot place: that is no answer."""
        if not isinstance(raw, list):
            raise Malformed("answer is not a list")
        if self._is_binance and (not isinstance(answer, list) or len(answer) != len(raw)):
            raise Malformed("answer is not a list of what was asked")
        return raw

    async def _with_our_ids(self, fills: Sequence[VenueFill]) -> list[VenueFill]:
        """The fills with the client order ids of their orders, asked for where not known."""
        keys = {(fill.symbol, fill.venue_order_id) for fill in fills if not fill.client_order_id}
        unknown = sorted(key for key in keys if key not in self._our_ids)
        if len(unknown) > ONE_BY_ONE:
            await self._learn_listed(unknown)
        for symbol, venue_order_id in unknown:
            if (symbol, venue_order_id) not in self._our_ids:
                await self.order(venue_order_id, symbol, {})
        return [
            fill
            if fill.client_order_id
            else replace(fill, client_order_id=self._our_ids[fill.symbol, fill.venue_order_id])
            for fill in fills
        ]

    async def _learn_listed(self, unknown: Sequence[tuple[str, str]]) -> None:
        if not self._is_binance:
            return
        symbol = unknown[0][0]
        wanted = {int(venue_order_id) for _, venue_order_id in unknown}
        start = min(wanted)
        while start <= max(wanted):
            page = await self._orders(
                "orders",
                partial(self.line.client.fetch_orders, symbol, None, PAGE, {"orderId": start}),
                Lane.ENTRY,
            )
            if not page:
                return
            start = max(int(order.venue_order_id) for order in page) + 1

    def _read(self, raw: Any) -> VenueOrder:
        profile = self.line.profile
        return read_order(raw, id_prefix=profile.id_prefix, strict=profile.full_answer)

    @property
    def _is_binance(self) -> bool:
        return self.line.profile.dialect == "binance"

    def _smallest_full_page(self) -> int:
        """A shorter page is the last one; elsewhere than at Binance pages may be cut smaller."""
        return PAGE if self._is_binance else 1
