"""Trigger bands: who is woken by a price."""

from uuid import uuid4

from apps.trading.ports import PriceTick
from workers.mailbox import Mailbox
from workers.prices import PriceBoard


def tick(low: float, high: float, symbol: str = "BTC/USDT", at: int = 5) -> PriceTick:
    return PriceTick(symbol, (low + high) / 2, low, high, low, high, at)


def test_only_bots_whose_band_is_touched_wake() -> None:
    board = PriceBoard()
    boxes = [Mailbox() for _ in range(3)]
    places = [board.join(bot_id=uuid4(), symbol="BTC/USDT", mailbox=box) for box in boxes]
    places[0].watch(low=90.0, high=110.0)
    places[1].watch(low=99.0, high=200.0)
    places[2].watch(low=0.0, high=101.0)

    woken = board.tick(tick(98.0, 101.0))

    assert woken == 2
    assert [box.take_price() is not None for box in boxes] == [False, True, True]


def test_a_new_bot_is_woken_by_the_first_price() -> None:
    board = PriceBoard()
    box = Mailbox()
    board.join(bot_id=uuid4(), symbol="BTC/USDT", mailbox=box)

    board.tick(tick(100.0, 100.0))

    assert box.take_price() is not None


def test_a_bot_that_left_is_not_woken_and_its_row_serves_the_next() -> None:
    board = PriceBoard()
    gone, stays, new = Mailbox(), Mailbox(), Mailbox()
    gone_id = uuid4()
    board.join(bot_id=gone_id, symbol="BTC/USDT", mailbox=gone)
    board.join(bot_id=uuid4(), symbol="BTC/USDT", mailbox=stays)

    unwatched = board.leave(bot_id=gone_id)
    board.tick(tick(100.0, 100.0))
    place = board.join(bot_id=uuid4(), symbol="BTC/USDT", mailbox=new)

    assert unwatched is None
    assert gone.take_price() is None
    assert stays.take_price() is not None
    assert place.row == 0


def test_the_last_bot_of_a_market_gives_the_market_up() -> None:
    board = PriceBoard()
    bot_id = uuid4()
    board.join(bot_id=bot_id, symbol="ETH/BTC", mailbox=Mailbox())

    assert board.leave(bot_id=bot_id) == "ETH/BTC"
    assert board.tick(tick(1.0, 1.0, symbol="ETH/BTC")) == 0


def test_bands_grow_beyond_their_first_size() -> None:
    board = PriceBoard()
    boxes = [Mailbox() for _ in range(40)]
    for box in boxes:
        place = board.join(bot_id=uuid4(), symbol="BTC/USDT", mailbox=box)
        place.watch(low=90.0, high=110.0)

    assert board.tick(tick(100.0, 100.0)) == 0
    assert board.tick(tick(89.0, 100.0)) == 40


def test_the_time_of_the_last_price_is_known_for_quiet_bots_too() -> None:
    board = PriceBoard()
    place = board.join(bot_id=uuid4(), symbol="BTC/USDT", mailbox=Mailbox())
    place.watch(low=0.0, high=1e9)

    assert place.seen_at() is None
    board.tick(tick(100.0, 100.0, at=1234))
    assert place.seen_at() == 1234
