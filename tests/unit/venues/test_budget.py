"""What names and limits a request budget has, and what it does in memory."""

import pytest

from apps.trading.ports import Lane
from apps.venues.account import VenueAccount, VenueKey
from apps.venues.budget import (
    MemoryBudget,
    RateLimits,
    is_paced,
    names_for_account,
    names_for_feed,
    rate_limits,
    weight_limit,
)
from tests.support.venues import ManualClock

# Fifty seconds into a minute: the whole share of every lane is in hand.
LATE = 1_700_000_040_000 - 1_700_000_040_000 % 60_000 + 50_000


def an_account(exchange: str, api_key: str) -> VenueAccount:
    return VenueAccount(exchange, "live", "", None, api_key, "secret")


def test_lanes_leave_room_for_the_lanes_before_them() -> None:
    limits = rate_limits("binance")

    assert [limits.ceiling(lane) for lane in Lane] == [5_880, 5_520, 4_800, 4_080, 3_120]
    assert [limits.order_ceiling(100, lane) for lane in Lane] == [100, 95, 80, 80, 80]


def test_who_brings_bots_back_does_not_wait_for_the_minute_to_go_by() -> None:
    assert [lane for lane in Lane if is_paced(lane)] == [Lane.ENTRY, Lane.DATA]


def test_entries_and_data_together_keep_below_the_target_share() -> None:
    for target in (0.5, 0.8):
        limits = RateLimits(6_000, target=target)

        assert limits.ceiling(Lane.DATA) < limits.ceiling(Lane.ENTRY) < 6_000 * target
        assert limits.ceiling(Lane.CANCEL) == 5_880


def test_accounts_share_a_counter_and_not_their_orders_where_requests_count_by_address() -> None:
    first, second = (
        names_for_account(an_account("binance", key), address="192.0.2.1") for key in ("aa", "bb")
    )
    elsewhere = names_for_account(an_account("binance", "aa"), address="192.0.2.2")
    prices = names_for_feed(VenueKey("binance", "live"), base_url=None, address="192.0.2.1")

    assert first.counter == second.counter == prices.counter
    assert first.orders != second.orders
    assert first.counter != elsewhere.counter
    assert first.address != elsewhere.address


def test_accounts_share_only_the_ban_where_requests_count_by_credential() -> None:
    first, second = (
        names_for_account(an_account("bybit", key), address="192.0.2.1") for key in ("aaaa", "bbbb")
    )

    assert first.counter != second.counter
    assert first.address == second.address
    assert "aaaa" not in repr(first)


def test_an_unprofiled_exchange_is_limited_to_the_pace_that_ccxt_keeps() -> None:
    assert weight_limit("binance") == 6_000
    assert weight_limit("kraken") == 60


async def test_a_request_heavier_than_its_lane_goes_alone() -> None:
    budget = MemoryBudget(limit=10, clock=ManualClock(now=LATE))

    assert await budget.acquire(lane=Lane.DATA, weight=80) == 0.0
    assert await budget.acquire(lane=Lane.CANCEL, weight=1) > 0


@pytest.mark.parametrize("used", [None, 0])
async def test_an_answer_without_news_changes_nothing(used: int | None) -> None:
    budget = MemoryBudget(limit=100, clock=ManualClock(now=LATE))
    await budget.acquire(lane=Lane.DATA, weight=51)

    await budget.learn(used=used, retry_after_s=0.0, banned=False)

    assert await budget.acquire(lane=Lane.DATA, weight=1) == 0.0
    assert await budget.acquire(lane=Lane.DATA, weight=1) > 0
