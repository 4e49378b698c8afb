"""Bars of the past from an exchange that answers a quiet time with an empty page."""

import time

import pytest

from apps.venues import VenueKey, open_feed
from apps.venues.clock import WallClock
from tests.support.raw_http import RawServer, Request, json_answer
from tests.support.venues import SYMBOL, OpenBudget, exchange_basics

MINUTE = 60_000
UNTIL = int(time.time()) // 60 * MINUTE
SINCE = UNTIL - 2_500 * MINUTE
QUIET_UNTIL = SINCE + 1_200 * MINUTE


def quiet_first(request: Request) -> bytes | None:
    """Bars from QUIET_UNTIL on, of exactly the time that was asked for."""
    if not request.path.endswith("/klines"):
        return exchange_basics(request)
    since, count = int(request.fields["startTime"]), int(request.fields["limit"])
    rows = [
        [at, "10", "11", "9", "10", "1", at + MINUTE - 1, "10", 1, "1", "10", "0"]
        for at in range(since, since + count * MINUTE, MINUTE)
        if QUIET_UNTIL <= at < UNTIL
    ]
    return json_answer(rows)


@pytest.mark.parametrize("limit", [None, 300])
async def test_what_comes_after_an_empty_page_is_read_too(
    limit: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if limit is not None:
        # As ccxt knows smaller pages of other exchanges.
        monkeypatch.setattr("apps.venues.history.PAGE", limit)
    async with RawServer(quiet_first) as server:
        feed = open_feed(
            VenueKey("binance", "simulated", "raw"),
            base_url=server.url,
            clock=WallClock(),
            budget=OpenBudget(),
        )
        try:
            bars = await feed.history(symbol=SYMBOL, timeframe="1m", since=SINCE, until=UNTIL)
        finally:
            await feed.close()

    assert [bar.open_at for bar in bars] == list(range(QUIET_UNTIL, UNTIL, MINUTE))
    sizes = {int(request.fields["limit"]) for request in server.sent("GET", "/klines")}
    assert max(sizes) == (limit or 1_000)
