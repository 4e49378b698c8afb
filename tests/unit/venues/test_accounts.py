"""An account that does not fit together is refused before anything is sent."""

import time
from typing import Any

import pytest

from apps.venues import VenueAccount, VenueKey, open_feed, open_venue
from apps.venues.clock import WallClock
from apps.venues.endpoints import UnusableAccount
from apps.venues.guarded import UnknownExchange
from tests.support.venues import OpenBudget

URL = "http://127.0.0.1:1/demo"


def opened(exchange: str, environment: Any, base_url: str | None) -> Any:
    account = VenueAccount(exchange, environment, "demo", base_url, "key", "secret")
    return open_venue(account, budget=OpenBudget(), clock=WallClock())


@pytest.mark.parametrize(
    ("exchange", "environment", "base_url", "error", "names"),
    [
        ("binance", "simulated", None, UnusableAccount, "base_url"),
        ("coinbase", "simulated", URL, UnusableAccount, "'coinbase' cannot be simulated"),
        ("binance", "live", URL, UnusableAccount, "must not set base_url"),
        ("binance", "testnet", URL, UnusableAccount, "must not set base_url"),
        ("binanse", "live", None, UnknownExchange, "'binanse'"),
    ],
)
async def test_an_account_that_does_not_fit_is_refused_with_the_reason(
    exchange: str, environment: Any, base_url: str | None, error: type[Exception], names: str
) -> None:
    with pytest.raises(error, match=names):
        opened(exchange, environment, base_url)


async def test_an_exchange_without_streams_has_no_feed() -> None:
    with pytest.raises(UnknownExchange, match="no streams"):
        open_feed(VenueKey("zaif", "live"), base_url=None, clock=WallClock())


def test_an_account_never_shows_its_keys() -> None:
    account = VenueAccount("binance", "live", "", None, "canary-key", "canary-secret", "canary-pw")

    assert "canary" not in repr(account)
    assert "canary" not in str(account)
    assert account.key == VenueKey("binance", "live", "")


async def test_a_testnet_account_goes_to_the_test_network_only() -> None:
    venue = opened("binance", "testnet", None)

    urls = venue._questions.line.client.urls["api"]
    await venue.close()

    assert "testnet" in urls["private"]
    assert "testnet" in urls["public"]


def test_the_wall_clock_tells_both_times() -> None:
    clock = WallClock()

    assert abs(clock.now() - time.time() * 1000) < 1_000
    assert clock.monotonic() <= clock.monotonic()
