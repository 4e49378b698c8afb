"""Weights, order counts, and who may ask."""

import hmac
from urllib.parse import urlencode

import pytest

from apps.venues.simexchange.books import Books
from apps.venues.simexchange.config import Limits
from apps.venues.simexchange.errors import VenueError
from apps.venues.simexchange.limits import STRIKES_BEFORE_BAN, RequestLimits
from apps.venues.simexchange.signature import check, signed_pairs, signed_text

NOW = 1_700_000_040_000


def weigh(limits: RequestLimits, weight: int, now: int = NOW, address: str = "a") -> int:
    return limits.weigh(address=address, weight=weight, now=now)


def test_weight_is_counted_per_address_and_minute() -> None:
    limits = RequestLimits(Limits(weight_per_minute=10))

    assert weigh(limits, 6) == 6
    assert weigh(limits, 4) == 10
    assert weigh(limits, 10, address="b") == 10
    with pytest.raises(VenueError) as refused:
        weigh(limits, 1)
    assert (refused.value.status, refused.value.code) == (429, -1003)
    assert refused.value.headers == {"Retry-After": "60"}
    assert weigh(limits, 1, now=NOW + 60_000) == 1


def test_who_goes_on_after_429_is_banned_with_418_until_the_stated_time() -> None:
    limits = RequestLimits(Limits(weight_per_minute=1, ban_seconds=30))
    weigh(limits, 1)
    for _ in range(STRIKES_BEFORE_BAN):
        with pytest.raises(VenueError, match="Too much"):
            weigh(limits, 1)

    with pytest.raises(VenueError) as banned:
        weigh(limits, 1)

    assert banned.value.status == 418
    assert str(NOW + 30_000) in banned.value.message
    assert banned.value.headers == {"Retry-After": "30"}
    with pytest.raises(VenueError, match="banned"):
        weigh(limits, 1, now=NOW + 29_000)
    assert weigh(limits, 1, now=NOW + 61_000) == 1


def test_the_report_tells_weights_by_minute_and_by_request_and_what_was_refused() -> None:
    limits = RequestLimits(Limits(weight_per_minute=10, orders_per_10s=1))
    limits.weigh(address="a", weight=4, now=NOW, subject="GET balances")
    limits.weigh(address="a", weight=5, now=NOW, subject="GET orders")
    limits.weigh(address="a", weight=4, now=NOW + 60_000, subject="GET balances")
    with pytest.raises(VenueError):
        weigh(limits, 7, now=NOW + 60_000)
    limits.count_order(account=1, now=NOW)
    with pytest.raises(VenueError):
        limits.count_order(account=1, now=NOW)

    told = limits.report()

    assert told["addresses"] == {
        "a": [{"at": NOW, "weight": 9}, {"at": NOW + 60_000, "weight": 11}]
    }
    assert told["spent"] == {"GET balances": 8, "": 7, "GET orders": 5}
    assert told["refused"] == {"429": 1, "418": 0, "-1015": 1}


def test_unfilled_orders_are_counted_and_filled_ones_given_back() -> None:
    limits = RequestLimits(Limits(orders_per_10s=2))
    limits.count_order(account=1, now=NOW)
    limits.count_order(account=1, now=NOW)

    with pytest.raises(VenueError) as refused:
        limits.count_order(account=1, now=NOW)
    assert (refused.value.code, refused.value.status) == (-1015, 429)
    assert limits.orders_counted(account=1, now=NOW) == (2, 2)
    limits.give_back(account=1, now=NOW)

    limits.count_order(account=1, now=NOW)
    limits.count_order(account=2, now=NOW)
    assert limits.orders_counted(account=1, now=NOW + 10_000) == (0, 2)


def books() -> Books:
    made = Books()
    made.open_account(api_key="key", secret="secret", can_withdraw=False, now=NOW)
    return made


def signed(**parameters: str) -> dict[str, str]:
    text = urlencode(parameters)
    return {**parameters, "signature": hmac.digest(b"secret", text.encode(), "sha256").hex()}


def ask(parameters: dict[str, str], api_key: str = "key") -> int:
    payload = signed_text(urlencode(parameters), "")
    return check(
        books=books(), api_key=api_key, parameters=parameters, payload=payload, now=NOW
    ).number


def test_a_correct_signature_names_its_account() -> None:
    assert ask(signed(symbol="BTCUSDT", timestamp=str(NOW))) == 1


@pytest.mark.parametrize(
    ("parameters", "api_key", "code"),
    [
        ({}, "other", -2015),
        ({}, "key", -1102),
        ({"timestamp": str(NOW), "recvWindow": "60001"}, "key", -1131),
        ({"timestamp": str(NOW + 1_001)}, "key", -1021),
        ({"timestamp": str(NOW - 5_001)}, "key", -1021),
        ({"timestamp": str(NOW - 101), "recvWindow": "100"}, "key", -1021),
        ({"timestamp": "soon"}, "key", -1100),
        ({"timestamp": str(NOW), "signature": "00"}, "key", -1022),
        ({"timestamp": str(NOW)}, "key", -1022),
    ],
)
def test_checks_come_in_the_documented_order(
    parameters: dict[str, str], api_key: str, code: int
) -> None:
    with pytest.raises(VenueError) as refused:
        ask(parameters, api_key)

    assert refused.value.code == code


def test_the_edges_of_the_window_are_inside() -> None:
    assert ask(signed(timestamp=str(NOW + 1_000))) == 1
    assert ask(signed(timestamp=str(NOW - 5_000))) == 1


def test_a_signature_may_stand_anywhere_and_covers_query_and_body() -> None:
    assert signed_text("signature=1&a=2", "b=3") == "&a=2b=3"
    assert signed_text("a=2&signature=1", "b=3&signature=9") == "a=2b=3"
    assert signed_text("a=2&signature=1&c=4", "") == "a=2&c=4"


def test_a_websocket_request_signs_its_parameters_sorted_by_name() -> None:
    assert signed_pairs({"b": "2", "signature": "x", "a": "1"}) == "a=1&b=2"
