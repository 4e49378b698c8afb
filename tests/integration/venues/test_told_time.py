"""Bars of a market whose time only its prices tell: years from now, and moved by hand."""

import asyncio
from pathlib import Path
from typing import Any

from apps.trading.bar import Bar
from apps.venues import VenueKey, open_feed
from apps.venues.clock import WallClock
from tests.support.exchange import start_exchange
from tests.support.exchange_client import LOCKSTEP
from tests.support.venues import SYMBOL, OpenBudget

MINUTE = 60_000
BEGIN = 1_500_000_000_000 // MINUTE * MINUTE


def recorded(number: int) -> dict[str, Any]:
    prices = {"open": "100", "high": "110", "low": "90", "close": f"10{number}", "volume": "4"}
    return {
        "symbol": SYMBOL, "opened_at": BEGIN + number * MINUTE, "length_ms": MINUTE, **prices,
    }  # fmt: skip


async def test_bars_close_when_the_market_has_moved_on_and_never_by_the_clock(
    tmp_path: Path,
) -> None:
    with start_exchange(tmp_path, LOCKSTEP) as exchange:
        sim = exchange.sim("demo")
        sim.advance(bars=[recorded(0), recorded(1), recorded(2)])
        feed = open_feed(
            VenueKey("binance", "simulated", "demo"),
            base_url=exchange.base_url("demo"),
            clock=WallClock(),
            budget=OpenBudget(),
            told_time=True,
        )
        try:
            since = await feed.open_bar_at(symbol=SYMBOL, timeframe="1m")
            past = await feed.history(symbol=SYMBOL, timeframe="1m", since=BEGIN, until=since)
            closing = feed.bars(symbol=SYMBOL, timeframe="1m", since=since)
            first = asyncio.ensure_future(anext(closing))
            # Whether the stream is heard yet or not: what it leaves out is asked for.
            sim.advance(moves=[{"symbol": SYMBOL, "at": BEGIN + 3 * MINUTE + 1, "price": "102"}])
            bar = await first
            second = asyncio.ensure_future(anext(closing))
            sim.advance(bars=[recorded(4)])
            after = await second
            second.cancel()
        finally:
            await feed.close()

    assert since == BEGIN + 2 * MINUTE
    assert [each.open_at for each in past] == [BEGIN, BEGIN + MINUTE]
    assert bar == Bar(since, 100.0, 110.0, 90.0, 102.0, 4.0)
    assert (after.open_at, after.close) == (BEGIN + 3 * MINUTE, 102.0)
