"""Whatever customers do and prices become, the exchange's books balance to the last 1e-8."""

import contextlib
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.venues.simexchange import cancels, oco
from apps.venues.simexchange.errors import VenueError
from tests.support.exchange_venue import VenueBench, check_books

CENTS = st.integers(9_000, 11_000)
LOTS = st.integers(1, 3_000)
FEES: list[dict[str, Any]] = [
    {},
    {"taken_in": "quote"},
    {"taken_in": "BNB", "prices": {"USDT": "333.33"}},
]
KINDS = st.sampled_from(
    ["MARKET", "LIMIT", "LIMIT_MAKER", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"]
)
PLACE = st.tuples(
    st.just("place"),
    st.integers(0, 1),
    st.sampled_from(["BUY", "SELL"]),
    KINDS,
    st.sampled_from(["GTC", "IOC", "FOK"]),
    LOTS,
    CENTS,
    CENTS,
)
QUOTE = st.tuples(
    st.just("quote"), st.integers(0, 1), st.sampled_from(["BUY", "SELL"]), st.integers(1, 300_000)
)
PAIR = st.tuples(st.just("pair"), st.integers(0, 1), LOTS, CENTS, CENTS)
CANCEL = st.tuples(st.just("cancel"), st.integers(0, 1), st.integers(1, 30))
MOVE = st.tuples(
    st.just("move"), CENTS, st.integers(0, 40), st.integers(0, 3_000), st.booleans(), st.booleans()
)
STEPS = st.lists(st.one_of(PLACE, MOVE, MOVE, QUOTE, PAIR, CANCEL), min_size=3, max_size=40)


# Prices have five decimals and quantities four, so their products do not fit into eight.
FINE = {"BTC/USDT": {"tick": "0.00001", "lot": "0.0001", "min_quantity": "0.0001"}}


def price(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}{cents % 7:03d}"


def quantity(lots: int) -> str:
    return f"{lots // 1000}.{lots % 1000:03d}{lots % 3}"


def place(bench: VenueBench, step: tuple[Any, ...]) -> None:
    _, number, side, kind, time_in_force, lots, limit, stop = step
    order = {"side": side, "type": kind, "quantity": quantity(lots)}
    if kind != "MARKET" and kind != "STOP_LOSS":
        order["price"] = price(limit)
    if kind in ("LIMIT", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"):
        order["timeInForce"] = time_in_force
    if kind.startswith(("STOP", "TAKE")):
        order["stopPrice"] = price(stop)
    bench.place(bench.venue.books.accounts[number + 1], **order)


def move(bench: VenueBench, step: tuple[Any, ...]) -> None:
    _, middle, spread, lots, seller, ladder = step
    bid, ask = middle - spread, middle + spread
    steps: dict[str, Any] = {"price": price(middle), "bid": price(bid), "ask": price(ask)}
    if lots:
        steps |= {"quantity": quantity(lots), "seller": seller}
    if ladder:
        steps["bids"] = [[price(bid - n), quantity(700)] for n in range(3)]
        steps["asks"] = [[price(ask + n), quantity(700)] for n in range(3)]
    bench.move(**steps)


def act(bench: VenueBench, step: tuple[Any, ...]) -> None:
    accounts = bench.venue.books.accounts
    match step[0]:
        case "place":
            place(bench, step)
        case "move":
            move(bench, step)
        case "quote":
            bench.place(
                accounts[step[1] + 1], side=step[2], type="MARKET", quoteOrderQty=price(step[3])
            )
        case "pair":
            oco.place(
                bench.venue,
                accounts[step[1] + 1],
                {
                    "symbol": "BTCUSDT",
                    "side": "SELL",
                    "quantity": quantity(step[2]),
                    "aboveType": "LIMIT_MAKER",
                    "abovePrice": price(max(step[3:])),
                    "belowType": "STOP_LOSS",
                    "belowStopPrice": price(min(step[3:])),
                },
            )
        case "cancel":
            cancels.cancel(
                bench.venue,
                accounts[step[1] + 1],
                {"symbol": "BTCUSDT", "orderId": str(step[2])},
            )


@given(
    steps=STEPS,
    fees=st.sampled_from(FEES),
    flags=st.tuples(st.booleans(), st.booleans(), st.booleans()),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_books_conserve_every_coin_and_lock_exactly_what_open_orders_need(
    steps: list[tuple[Any, ...]], fees: dict[str, Any], flags: tuple[bool, bool, bool]
) -> None:
    bar_prices, partial, cross = flags
    with tempfile.TemporaryDirectory() as folder:
        bench = VenueBench(
            Path(folder),
            bar_prices=bar_prices,
            fees=fees,
            partial_fills=partial,
            cross_accounts=cross,
            instruments=FINE,
        )
        for _ in range(2):
            bench.account(USDT="500.00000001", BTC="3.5", BNB="0.01")
        bench.move(price="100", bid="99.90", ask="100.10")

        for step in steps:
            with contextlib.suppress(VenueError):
                act(bench, step)
            bench.venue.commit()
            check_books(bench.venue)

        before = bench.venue.books
        bench.reopen()
        check_books(bench.venue)
        for number, account in bench.venue.books.accounts.items():
            assert account.balances == before.accounts[number].balances
            assert account.orders == before.accounts[number].orders
            assert account.trades == before.accounts[number].trades
        bench.close()
