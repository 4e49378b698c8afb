"""Which prices a process writes: news only, again after a failure, and none that is no price."""

from decimal import Decimal
from math import inf, nan

import pytest

from apps.markets.prices import HeardPrice, Venue
from apps.trading.ports import PriceTick
from apps.venues import VenueKey
from workers.last_prices import LastPrices
from workers.ports import StoreUnavailable

DEMO = VenueKey("binance", "simulated", "demo")


class Kept:
    """Keeps what is written; `away` makes the next write fail."""

    def __init__(self) -> None:
        self.calls: list[list[HeardPrice]] = []
        self.away = False

    async def __call__(self, prices: list[HeardPrice]) -> None:
        if self.away:
            raise StoreUnavailable("gone")
        self.calls.append(prices)


def tick(symbol: str, price: float, at: int) -> tuple[VenueKey, PriceTick]:
    return DEMO, PriceTick(symbol, price, price, price, price, price, at)


async def test_all_news_goes_into_one_write_and_a_quiet_market_into_none() -> None:
    last, kept = LastPrices(), Kept()

    await last.write([tick("BTC/USDT", 50000.1, 1), tick("ETH/BTC", 1e-07, 1)], kept)
    await last.write([tick("BTC/USDT", 50000.1, 1), tick("ETH/BTC", 2e-07, 2)], kept)
    await last.write([tick("ETH/BTC", 2e-07, 2)], kept)

    place = Venue("binance", "simulated", "demo")
    assert kept.calls == [
        [
            HeardPrice(place, "BTC/USDT", Decimal("50000.1"), 1),
            HeardPrice(place, "ETH/BTC", Decimal("1E-7"), 1),
        ],
        [HeardPrice(place, "ETH/BTC", Decimal("2E-7"), 2)],
    ]


async def test_what_could_not_be_written_is_news_again() -> None:
    last, kept = LastPrices(), Kept()
    kept.away = True
    with pytest.raises(StoreUnavailable):
        await last.write([tick("BTC/USDT", 1.5, 1)], kept)

    kept.away = False
    await last.write([tick("BTC/USDT", 1.5, 1)], kept)

    assert [price.price for price in kept.calls[0]] == [Decimal("1.5")]


async def test_what_is_no_price_is_not_written() -> None:
    last, kept = LastPrices(), Kept()

    await last.write([tick("A/B", price, 1) for price in (0.0, -1.0, inf, nan, 1e20)], kept)

    assert kept.calls == []
