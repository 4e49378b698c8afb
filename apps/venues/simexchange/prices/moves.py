"""The words of a price source: moves, public trades, klines and a market's rules."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Protocol

from apps.venues.simexchange.amounts import SCALE


class PriceSourceError(ValueError):
    """A price source cannot be opened or read as asked; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class PublicTrade:
    """One print of the public tape. Price and quantity scaled 1e8, `at` in market ms."""

    price: int
    quantity: int
    at: int
    buyer_is_maker: bool


@dataclass(frozen=True, slots=True)
class MarketMove:
    """What one market did in one slice of time. Prices and quantities scaled 1e8.

    The slice covers [at - length, at): its trades lie in it, `at` belongs to the next one.
    `open`, `low`, `high`, `close` are the path of the traded price; in a slice without trades
    of a market with a tape all four are the last traded price. A jump from the previous close
    to `open` is a gap; from `open` on the path is continuous, so every price between `low` and
    `high` was touched.
    """

    symbol: str
    at: int
    open: int
    low: int
    high: int
    close: int
    bid: int
    ask: int
    trades: tuple[PublicTrade, ...]
    # (price, quantity), best first; an empty side is unlimited depth at `bid` or `ask`.
    bids: tuple[tuple[int, int], ...]
    asks: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class MarketRules:
    """What a market accepts: the numbers behind exchangeInfo's filters, scaled 1e8."""

    symbol: str
    base: str
    quote: str
    tick: int
    lot: int
    min_notional: int
    min_quantity: int
    max_quantity: int
    max_market_quantity: int
    max_notional: int
    min_price: int
    max_price: int


@dataclass(frozen=True, slots=True)
class Kline:
    """One candle. Prices and volumes scaled 1e8; [opened_at, closes_at) in market ms.

    `volume` and `taker_buy_volume` in base, the quote volumes in quote (each trade's value
    rounded down to 1e-8), `count` in trades. A period without trades repeats the last close.
    """

    opened_at: int
    closes_at: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    quote_volume: int
    count: int
    taker_buy_volume: int
    taker_buy_quote_volume: int


class PriceSource(Protocol):
    """Where a simulated market's prices come from."""

    def instruments(self) -> tuple[MarketRules, ...]:
        """The markets of this source."""

    def history(self, symbol: str, interval_ms: int, since: int, until: int) -> Sequence[Kline]:
        """Candles of [since, until), oldest first, `since` rounded down to its candle.

        The last one is unfinished when `until` lies inside it: it holds what came before
        `until` and nothing after.
        """

    def moves(self, symbol: str, since: int, until: int) -> Iterator[MarketMove]:
        """Moves with since < at <= until, in order of time."""


def scaled(value: object) -> int:
    """A price or quantity as an integer scaled 1e8, rounded half to even at the ninth digit."""
    return int((Decimal(str(value)) * SCALE).to_integral_value(ROUND_HALF_EVEN))
