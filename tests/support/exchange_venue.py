"""A venue of the simulated exchange without a server, driven move by move."""

from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal
from pathlib import Path
from typing import Any

from apps.venues.simexchange import orders
from apps.venues.simexchange.amounts import SCALE, exact, text
from apps.venues.simexchange.books import Account, Order, Trade
from apps.venues.simexchange.config import parse_config
from apps.venues.simexchange.markets import Market
from apps.venues.simexchange.matching import apply_move
from apps.venues.simexchange.persistence import Storage
from apps.venues.simexchange.prices import open_source
from apps.venues.simexchange.prices.path import read_move
from apps.venues.simexchange.requests import read_order
from apps.venues.simexchange.venue import Event, Venue

RULES = {"tick": "0.01", "lot": "0.001", "min_notional": "5", "min_quantity": "0.001"}
MARKETS = {
    "BTC/USDT": {"rules": RULES},
    "BNB/USDT": {"rules": RULES},
}
NOW = 1_700_000_000_000


class VenueBench:
    """One venue with one or more accounts; `events` holds what was told, in order."""

    def __init__(self, folder: Path, *, bar_prices: bool = False, **section: Any) -> None:
        config = parse_config(
            {"venues": {"demo": {"prices": {"kind": "path", "markets": MARKETS}, **section}}}
        )
        self._config = config.venues["demo"]
        self._folder, self._bar_prices = folder, bar_prices
        self.events: list[tuple[int, Event]] = []
        self._at = NOW
        self.venue = self._open()

    def _open(self) -> Venue:
        venue = Venue(
            name="demo",
            config=self._config,
            source=open_source(self._config.prices),
            storage=Storage(self._folder / "demo.sqlite3"),
            bar_prices=self._bar_prices,
            clock=lambda: NOW,
        )
        venue.deliver = lambda account, event: self.events.append((account, event))
        return venue

    def reopen(self) -> None:
        """Read the books again, as a restarted process does."""
        self.venue.storage.close()
        self.venue = self._open()

    def close(self) -> None:
        """Close the book file."""
        self.venue.storage.close()

    def account(self, **coins: str) -> Account:
        """Open an account with coins."""
        books = self.venue.books
        key = f"key{len(books.accounts)}"
        account = books.open_account(api_key=key, secret="s", can_withdraw=False, now=NOW)
        for asset, amount in coins.items():
            books.deposit(account=account, asset=asset, amount=exact(amount, field=asset), now=NOW)
        self.venue.commit()
        return account

    def market(self, symbol: str = "BTCUSDT") -> Market:
        """Return a market."""
        return self.venue.markets[symbol]

    def move(self, symbol: str = "BTCUSDT", **move: Any) -> None:
        """Move a market; prices as decimal texts."""
        self._at += 1_000
        apply_move(
            self.venue, self.market(symbol), read_move({"symbol": symbol, "at": self._at, **move})
        )
        self.venue.commit()

    def place(self, account: Account, **parameters: str) -> tuple[Order, list[Trade]]:
        """Place an order with wire parameters; the symbol is BTCUSDT unless given."""
        request = read_order({"symbol": "BTCUSDT", **parameters})
        placed = orders.place(self.venue, account, request)
        self.venue.commit()
        return placed

    def limit(self, account: Account, side: str, quantity: str, price: str, **more: str) -> Order:
        """Place a good-till-cancelled limit order."""
        order, _ = self.place(
            account,
            side=side,
            type="LIMIT",
            timeInForce="GTC",
            quantity=quantity,
            price=price,
            **more,
        )
        return order

    def reports(self, kind: str = "executionReport") -> list[Event]:
        """Return the events of one kind."""
        return [event for _, event in self.events if event["e"] == kind]


def coins(account: Account) -> Mapping[str, tuple[str, str]]:
    """Return (free, locked) by asset."""
    return {
        asset: (text(balance.free), text(balance.locked))
        for asset, balance in account.balances.items()
        if balance.free or balance.locked
    }


def check_books(venue: Venue) -> None:
    """Assert that every coin is accounted for and exactly the open orders' needs are locked."""
    for account in venue.books.accounts.values():
        expected: dict[str, int] = {}
        for deposit in venue.books.deposits:
            if deposit.account == account.number:
                expected[deposit.asset] = expected.get(deposit.asset, 0) + deposit.amount
        for trade in account.trades:
            rules = venue.markets[trade.symbol].rules
            sign = 1 if trade.buys else -1
            for asset, amount in (
                (rules.base, sign * trade.quantity),
                (rules.quote, -sign * trade.quote),
                (trade.fee_asset, -trade.fee),
            ):
                expected[asset] = expected.get(asset, 0) + amount
        held = {asset: row.free + row.locked for asset, row in account.balances.items()}
        assert {k: v for k, v in held.items() if v} == {k: v for k, v in expected.items() if v}
        assert all(row.free >= 0 and row.locked >= 0 for row in account.balances.values())
        _check_locked(venue, account)


def _check_locked(venue: Venue, account: Account) -> None:
    locked: dict[str, int] = {}
    lists: dict[int, tuple[str, int]] = {}
    for order in account.open_orders.values():
        asset, amount = _need(venue, order)
        if order.list_number > 0:
            _, most = lists.get(order.list_number, (asset, 0))
            lists[order.list_number] = asset, max(most, amount)
        else:
            locked[asset] = locked.get(asset, 0) + amount
    for asset, amount in lists.values():
        locked[asset] = locked.get(asset, 0) + amount
    held = {asset: row.locked for asset, row in account.balances.items() if row.locked}
    assert held == {asset: amount for asset, amount in locked.items() if amount}


def _need(venue: Venue, order: Order) -> tuple[str, int]:
    """Say independently of the exchange what an open order must have set aside."""
    rules = venue.markets[order.symbol].rules
    rest = order.quantity - order.filled
    if order.side == "SELL":
        return rules.base, rest
    value = Decimal((order.price or order.stop_price) * rest) / SCALE
    amount = int(value.to_integral_value(ROUND_CEILING))
    if venue.fees.taken_in == "quote":
        fee = Decimal(amount * max(venue.fees.maker, venue.fees.taker)) / SCALE
        amount += int(fee.to_integral_value(ROUND_CEILING))
    return rules.quote, amount
