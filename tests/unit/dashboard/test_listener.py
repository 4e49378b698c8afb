"""What waits for a page: bounded whatever happens, and only what it may hear."""

import json
from uuid import UUID, uuid4

from apps.dashboard.stream.listener import LINES, Listener, Watched
from apps.dashboard.stream.messages import BotNews, Message, decode, encode

MINE, OTHER = uuid4(), uuid4()
BTC, ETH = "binance|simulated|demo|BTC/USDT", "binance|simulated|demo|ETH/USDT"


def message(at: int, *, price: float = 1.0, bots: dict[UUID, BotNews] | None = None) -> Message:
    prices = {BTC: (price, at), ETH: (price, at)}
    return Message(process="p", at=at, prices=prices, bots=bots or {})


def events(body: bytes) -> dict[str, object]:
    """The events of a body by name, with their JSON."""
    found = {}
    for block in body.decode().strip().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.split("\n") if line)
        found[lines["event"]] = json.loads(lines["data"])
    return found


def listener(log_of: UUID | None = None) -> Listener:
    return Listener(watched={MINE: Watched(7, BTC)}, log_of=log_of)


def test_messages_come_back_from_the_wire_as_they_were() -> None:
    news = BotNews(
        status="RUNNING", reason="r", books=True, lines=[(1, "INFO", "a\nb")], process=""
    )
    told = message(5, bots={MINE: news, OTHER: BotNews()})

    assert decode(encode(told)) == told


def test_a_page_hears_its_own_markets_and_the_newest_of_each_thing() -> None:
    page = listener()

    for at in range(1, 2000):
        page.hear(f"{at}-0", message(at, price=float(at)))
        page.row(MINE, {"number": 7, "at": at})
        page.row(OTHER, {"number": 8})
    # Told again, and late: what is newer stays.
    page.hear("1999-0", message(5, price=5.0))

    assert page.waiting() == 3
    body = page.take()
    assert events(body) == {
        "rows": [{"number": 7, "at": 1999}],
        "prices": {BTC: [1999.0, 1999]},
        "beats": {"p": 1999},
    }
    assert b"id: 1999-0\n" in body
    assert page.take() == b""


def test_log_lines_go_to_the_page_of_their_bot_and_no_more_than_it_shows() -> None:
    page, fleet = listener(log_of=MINE), listener()
    lines = [(at, "INFO", f"line {at}") for at in range(500)]
    told = message(1, bots={MINE: BotNews(lines=lines), OTHER: BotNews(lines=lines)})

    page.hear("1-0", told)
    page.hear("2-0", told)
    fleet.hear("1-0", told)

    got = events(page.take())["lines"]
    assert isinstance(got, list)
    assert len(got) == LINES
    assert got[-1] == [499, "INFO", "line 499"]
    assert "lines" not in events(fleet.take())


def test_a_bot_that_may_not_be_seen_any_more_falls_silent() -> None:
    page = listener(log_of=MINE)
    page.row(MINE, {"number": 7})

    page.narrow({})
    page.row(MINE, {"number": 7})
    page.hear("1-0", message(1, bots={MINE: BotNews(lines=[(1, "INFO", "secret")])}))

    assert events(page.take()) == {"beats": {"p": 1}}


def test_a_pause_that_is_over_is_not_told_any_more() -> None:
    page = listener()

    page.say("paused")
    page.say("live")

    assert events(page.take()) == {"live": {}}
