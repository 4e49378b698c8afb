"""What keys and limits a request budget has, and what it does in memory."""

import pytest

from apps.trading.ports import Lane
from apps.venues.account import VenueAccount
from apps.venues.budget import MemoryBudget, budget_key, ceiling, weight_limit
from tests.support.venues import ManualClock


def an_account(exchange: str, api_key: str) -> VenueAccount:
    return VenueAccount(exchange, "live", "", None, api_key, "secret")


def test_lanes_leave_room_for_the_lanes_before_them() -> None:
    tops = [ceiling(6_000, lane) for lane in Lane]

    assert tops == [5_880, 5_520, 4_800, 3_600]


def test_accounts_share_a_key_where_the_exchange_counts_by_address() -> None:
    keys = {budget_key(an_account("binance", key), address="192.0.2.1") for key in ("a", "b")}
    elsewhere = budget_key(an_account("binance", "a"), address="192.0.2.2")

    assert len(keys) == 1
    assert elsewhere not in keys


def test_accounts_have_keys_of_their_own_where_the_exchange_counts_by_credential() -> None:
    keys = {budget_key(an_account("bybit", key), address="192.0.2.1") for key in ("aaaa", "bbbb")}

    assert len(keys) == 2
    assert not any("aaaa" in key or "bbbb" in key for key in keys)


def test_an_unprofiled_exchange_is_limited_to_the_pace_that_ccxt_keeps() -> None:
    assert weight_limit("binance") == 6_000
    assert weight_limit("kraken") == 60


async def test_a_request_heavier_than_its_lane_goes_alone() -> None:
    budget = MemoryBudget(limit=10, clock=ManualClock(now=1_700_000_040_000))

    assert await budget.acquire(lane=Lane.DATA, weight=80) == 0.0
    assert await budget.acquire(lane=Lane.CANCEL, weight=1) > 0


@pytest.mark.parametrize("used", [None, 0])
async def test_an_answer_without_news_changes_nothing(used: int | None) -> None:
    clock = ManualClock(now=1_700_000_050_000)
    budget = MemoryBudget(limit=100, clock=clock)
    await budget.acquire(lane=Lane.DATA, weight=59)

    await budget.learn(used=used, retry_after_s=0.0, banned=False)

    assert await budget.acquire(lane=Lane.DATA, weight=1) == 0.0
    assert await budget.acquire(lane=Lane.DATA, weight=1) > 0
