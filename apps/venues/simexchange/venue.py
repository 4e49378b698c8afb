"""One named venue: its books, markets, clock, and the order in which changes are told."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from apps.venues.simexchange.books import Account, Books, Changes, Order
from apps.venues.simexchange.config import VenueConfig, rules_text
from apps.venues.simexchange.errors import invalid_symbol
from apps.venues.simexchange.markets import Market
from apps.venues.simexchange.persistence import Storage
from apps.venues.simexchange.prices import PriceSource
from apps.venues.simexchange.rules import Rules

TRADE_NUMBERS_KEPT = 10_000
Event = dict[str, Any]
Deliver = Callable[[int, Event], None]


def wall_clock() -> int:
    """Return the wall clock in ms UTC."""
    return time.time_ns() // 1_000_000


class Venue:
    """State of one venue. Every change ends with `commit`, which writes first and tells after.

    Two clocks: `now` (wall clock plus the configured skew) stamps orders and checks signatures;
    market time is in the moves alone.
    """

    def __init__(
        self,
        *,
        name: str,
        config: VenueConfig,
        source: PriceSource,
        storage: Storage,
        bar_prices: bool,
        clock: Callable[[], int] = wall_clock,
    ) -> None:
        self.name = name
        self.config = config
        self.source = source
        self.storage = storage
        self.bar_prices = bar_prices
        self.fees = config.fees
        self.books: Books = storage.load()
        self.skew = int(self.books.values.get("skew", "0"))
        self.markets: dict[str, Market] = {}
        self.deliver: Deliver = _deliver_to_nobody
        # Nothing is composed for accounts that nobody listens to.
        self.is_heard: Callable[[int], bool] = _by_everybody
        self.filled: Callable[[Order], None] = _count_nothing
        self._hidden: dict[int, int] = {}
        self._clock = clock
        self._outbox: list[tuple[int, Event]] = []
        self._last_trade = int(self.books.values.get("trade_numbers", "0"))
        self._trade_numbers_kept = self._last_trade
        self._open_markets()

    @property
    def notice(self) -> str | None:
        """What every face of a venue with invented prices must say."""
        if self.config.prices.get("kind") == "generated":
            return "generated prices, results mean nothing"
        return None

    def now(self) -> int:
        """Return the venue's clock in ms."""
        return self._clock() + self.skew

    def is_stale(self, market: Market) -> bool:
        """Whether the source of a market's prices is lost, so nothing can be matched."""
        stale = getattr(self.source, "is_stale", None)
        return bool(stale and stale(market.source_symbol))

    def set_skew(self, skew: int) -> None:
        """Set the venue's clock ahead (or behind) of the wall clock, in ms."""
        self.skew = skew
        self.books.keep("skew", str(skew))
        self.commit()

    def market(self, symbol: str) -> Market:
        """Return a market or refuse with -1121."""
        found = self.markets.get(symbol)
        if found is None:
            raise invalid_symbol()
        return found

    def set_rules(self, rules: Rules) -> None:
        """Change a market's filters from now on, across restarts."""
        self.markets[rules.symbol].rules = rules
        self.books.keep(f"rules {rules.symbol}", rules_text(rules))
        self.commit()

    def account_of(self, order: Order) -> Account:
        """Return the owner of an order."""
        return self.books.accounts[order.account]

    def hide(self, order: Order, *, until: int) -> None:
        """Keep an order out of the answers to queries until then (venue clock, ms)."""
        self._hidden[order.number] = until

    def is_visible(self, order: Order) -> bool:
        """Whether queries already show an order."""
        if not self._hidden or order.number not in self._hidden:
            return True
        if self._hidden[order.number] > self.now():
            return False
        del self._hidden[order.number]
        return True

    def next_trade_number(self) -> int:
        """Return a number for a public trade or a fill; never reused, even after a kill."""
        self._last_trade += 1
        if self._last_trade > self._trade_numbers_kept:
            # A block is set aside on disk, so most numbers cost no write.
            self._trade_numbers_kept = self._last_trade + TRADE_NUMBERS_KEPT
            self.books.keep("trade_numbers", str(self._trade_numbers_kept))
        return self._last_trade

    def tell(self, account: int, event: Event) -> None:
        """Queue a user event; it leaves when the change is on disk."""
        self._outbox.append((account, event))

    def commit(self) -> None:
        """Write what changed, then deliver the events of the change."""
        books = self.books
        if books.changes:
            self.storage.write(books.changes)
            books.changes = Changes()
        if self._outbox:
            events, self._outbox = self._outbox, []
            for account, event in events:
                self.deliver(account, event)

    def roll_back(self) -> None:
        """Forget a change that failed half-way: read the books as they were before it."""
        self._outbox.clear()
        self.books = self.storage.load()
        self._requeue()

    def price_of(self, base: str, quote: str) -> int:
        """Return the last price of a pair, 0 when the venue does not trade it."""
        market = self.markets.get(base + quote)
        return market.last if market else 0

    def _open_markets(self) -> None:
        for instrument in self.source.instruments():
            rules = self.config.rules_for(instrument, kept=self.books.values)
            self.markets[rules.symbol] = Market(rules, source_symbol=instrument.symbol)
        self._requeue()

    def _requeue(self) -> None:
        for market in self.markets.values():
            market.levels = type(market.levels)()
        for account in self.books.accounts.values():
            for order in account.open_orders.values():
                if order.symbol in self.markets:
                    self.markets[order.symbol].levels.add(order)


def _deliver_to_nobody(_account: int, _event: Mapping[str, Any]) -> None:
    """Used until somebody listens."""


def _count_nothing(_order: Order) -> None:
    """Used until somebody counts filled orders."""


def _by_everybody(_account: int) -> bool:
    return True
