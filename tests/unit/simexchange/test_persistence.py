"""Books come back from their file exactly, and a change is whole or absent."""

from pathlib import Path

import pytest

from apps.venues.simexchange.persistence import Storage, UnusableState
from apps.venues.simexchange.settlement import fill
from tests.support.exchange_venue import VenueBench, check_books, coins


def test_a_reopened_venue_has_the_same_books_and_goes_on_matching(bench: VenueBench) -> None:
    account = bench.account(USDT="1000")
    resting = bench.limit(account, "BUY", "1", "98", newClientOrderId="mine")
    bench.place(account, side="BUY", type="MARKET", quantity="1")
    before = coins(account)

    bench.reopen()
    reopened = bench.venue.books.accounts[1]
    bench.move(price="98", bid="97", ask="98.50", quantity="1", seller=True)

    assert reopened is not account
    assert before == {
        "USDT": ("801.00000000", "98.00000000"),
        "BTC": ("0.99900000", "0.00000000"),
    }
    assert reopened.orders[resting.number].status == "FILLED"
    assert [trade.order for trade in reopened.trades] == [2, 1]


def test_numbers_go_on_after_a_restart_and_are_never_reused(bench: VenueBench) -> None:
    account = bench.account(USDT="1000")
    _, first = bench.place(account, side="BUY", type="MARKET", quantity="0.1")

    bench.reopen()
    bench.move(price="100")
    order, later = bench.place(
        bench.venue.books.accounts[1], side="BUY", type="MARKET", quantity="0.1"
    )

    assert order.number == 2
    assert later[0].number > first[0].number


def test_a_change_that_fails_half_way_leaves_no_trace(bench: VenueBench) -> None:
    account = bench.account(USDT="1000")
    order = bench.limit(account, "BUY", "1", "98")
    bench.events.clear()

    with pytest.raises(ArithmeticError, match="would hold"):
        fill(bench.venue, order, price=98_000_000_000_000, quantity=order.quantity, maker=True)
    bench.venue.roll_back()
    bench.venue.commit()

    reread = bench.venue.books.accounts[1]
    assert reread.orders[order.number].status == "NEW"
    assert coins(reread) == {"USDT": ("902.00000000", "98.00000000")}
    assert bench.events == []
    check_books(bench.venue)


def test_the_skew_of_the_clock_survives_a_restart(bench: VenueBench) -> None:
    before = bench.venue.now()

    bench.venue.set_skew(-5_000)
    bench.reopen()

    assert bench.venue.now() == before - 5_000


def test_nothing_is_told_before_it_is_written(tmp_path: Path) -> None:
    bench = VenueBench(tmp_path)
    bench.move(price="100")
    account = bench.account(USDT="1000")
    seen: list[int] = []

    def count_rows(_account: int, _event: object) -> None:
        (rows,) = bench.venue.storage._connection.execute("SELECT count(*) FROM orders").fetchone()
        seen.append(rows)

    bench.venue.deliver = count_rows
    bench.place(account, side="BUY", type="MARKET", quantity="1")

    assert seen
    assert set(seen) == {1}
    bench.close()


def test_a_file_that_is_no_book_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "demo.sqlite3"
    path.write_bytes(b"this is not a database, it is a shopping list" * 100)

    with pytest.raises(UnusableState, match=r"demo\.sqlite3 is not a usable book file"):
        Storage(path)


def test_the_book_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    storage = Storage(tmp_path / "demo.sqlite3")

    assert (tmp_path / "demo.sqlite3").stat().st_mode & 0o777 == 0o600
    storage.close()
