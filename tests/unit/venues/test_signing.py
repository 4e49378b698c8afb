"""Signatures of other exchanges carry the caller's timestamp too; nothing goes on a wire here."""

import asyncio
from typing import Any

import ccxt.async_support
import pytest

from apps.venues.capabilities import Tier, known_profiles, profile_of
from apps.venues.guarded import (
    ForbiddenCall,
    UnknownExchange,
    calling,
    guarded_client,
)

SIGNED_AT = 1_600_000_000_123
WINDOW_MS = 4_321


def a_client(exchange: str) -> Any:
    return guarded_client(
        exchange,
        "rest",
        {"apiKey": "k" * 32, "secret": "c2VjcmV0c2VjcmV0c2VjcmV0", "password": "p", "uid": "u"},
    )


@pytest.mark.parametrize(
    ("exchange", "path", "api", "window_name"),
    [
        ("bybit", "v5/order/create", "private", "X-BAPI-RECV-WINDOW"),
        ("mexc", "order", ["spot", "private"], "recvWindow"),
        ("bitvavo", "order", "private", "BITVAVO-ACCESS-WINDOW"),
    ],
)
async def test_a_signature_by_nonce_carries_the_given_timestamp_and_window(
    exchange: str, path: str, api: Any, window_name: str
) -> None:
    client = a_client(exchange)

    with calling(signed_at=SIGNED_AT, recv_window_ms=WINDOW_MS):
        request = client.sign(path, api if isinstance(api, list) else [api], "POST", {})
    later = client.sign(path, api if isinstance(api, list) else [api], "POST", {})
    await client.close()

    wire = f"{request['url']} {request['body']} {request['headers']}"
    assert str(SIGNED_AT) in wire
    assert window_name in wire
    assert str(WINDOW_MS) in wire
    # Outside of the call the exchange's own defaults are back.
    assert str(WINDOW_MS) not in f"{later['url']} {later['headers']}"
    assert str(SIGNED_AT) not in f"{later['url']} {later['headers']}"


async def test_signatures_at_once_do_not_share_a_timestamp() -> None:
    client = a_client("bybit")

    async def sign(number: int) -> str:
        with calling(signed_at=SIGNED_AT + number, recv_window_ms=WINDOW_MS):
            await asyncio.sleep(0)
            request = client.sign("v5/order/create", ["private"], "POST", {})
        return str(request["headers"]["X-BAPI-TIMESTAMP"])

    signed = await asyncio.gather(*(sign(number) for number in range(20)))
    await client.close()

    assert signed == [str(SIGNED_AT + number) for number in range(20)]


async def test_tier_a_is_only_claimed_where_the_timestamp_reaches_the_wire() -> None:
    for profile in known_profiles():
        assert (profile.tier is Tier.A) == (profile.signing != "none"), profile.exchange
        assert profile.tier is Tier.C or profile.fetch_param is not None, profile.exchange


@pytest.mark.parametrize("profile", known_profiles(), ids=lambda each: each.exchange)
async def test_the_client_id_is_in_the_request_that_creates_the_order(profile: Any) -> None:
    client = a_client(profile.exchange)
    client.options.update(profile.options)
    sent: list[str] = []
    ours = "1abcdxyz"

    async def record(url: str, method: str = "GET", headers: Any = None, body: Any = None) -> Any:
        sent.append(f"{url} {body}")
        return {}

    client.fetch = record
    client.set_markets([_market(client)])
    params = {profile.create_param: ours, **profile.create_params}
    await asyncio.gather(
        client.create_order("BTC/USDT", "limit", "buy", "0.01", "50000", params),
        return_exceptions=True,
    )
    await client.close()

    orders = [each for each in sent if "order" in each.lower()]
    if profile.preload and not orders:
        return  # asks about the account first: those answers are not made up here
    assert any(f"{profile.id_prefix}{ours}" in each for each in orders), sent


@pytest.mark.parametrize("path", ["capital/withdraw/apply", "asset/transfer", "v5/asset/Withdraw"])
async def test_a_request_that_moves_funds_is_never_signed(path: str) -> None:
    client = a_client("binance")

    with pytest.raises(ForbiddenCall, match="never moves funds"):
        client.sign(path, ["sapi"], "POST", {})

    await client.close()


async def test_a_client_cannot_be_made_to_talk_or_to_retry() -> None:
    client = a_client("binance")

    with pytest.raises(AttributeError):
        client.verbose = True

    assert client.verbose is False
    assert client.options["maxRetriesOnFailure"] == 0
    assert client.enableRateLimit is False
    assert client.timeout == 6_000
    assert client.logger.getEffectiveLevel() > 10
    await client.close()


def test_an_exchange_that_ccxt_does_not_know_is_refused_by_name() -> None:
    with pytest.raises(UnknownExchange, match="'binanse'"):
        guarded_client("binanse", "rest", {})


def test_an_exchange_nobody_checked_is_tier_c() -> None:
    profile = profile_of("probit")

    assert (profile.tier, profile.evidence, profile.market_buy) == (Tier.C, "unknown", None)


def test_every_profile_is_of_an_exchange_that_exists() -> None:
    assert {each.exchange for each in known_profiles()} <= set(ccxt.async_support.exchanges)


def test_coinbase_takes_our_id_by_its_own_parameter_and_is_searched_by_lists() -> None:
    profile = profile_of("coinbase")

    assert profile.create_param == "client_order_id"
    assert (profile.lookup.value, profile.fetch_param, profile.cancel_param) == (
        "by_list",
        None,
        None,
    )


def _market(client: Any) -> Any:
    return client.safe_market_structure(
        {
            "id": "BTCUSDT",
            "symbol": "BTC/USDT",
            "base": "BTC",
            "quote": "USDT",
            "baseId": "BTC",
            "quoteId": "USDT",
            "type": "spot",
            "spot": True,
            "active": True,
            "contract": False,
            "precision": {"price": 0.01, "amount": 0.00001},
            "limits": {},
            "info": {"orderTypes": ["LIMIT", "MARKET"]},
        }
    )
