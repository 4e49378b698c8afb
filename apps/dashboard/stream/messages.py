"""What worker processes say on the live stream, once a second at most per process.

Only a hint for open pages: everything in it stands, or will stand, in the database. A message
names the process (its word is a heartbeat of every bot it runs), the newest prices by market,
and the bots of which something changed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson

STREAM = "flotilla:live"
KEPT = 1_000
"""Messages the stream keeps, roughly: a quarter of an hour of one process."""
FIELD = b"message"


@dataclass(slots=True)
class BotNews:
    """What changed of one bot. `books`: orders, fills or positions; read them from the rows.

    `process`: where it runs from now on, "" for nowhere; None when that did not change. `lines`
    of its log as (ms, level, text).
    """

    status: str = ""
    reason: str = ""
    books: bool = False
    lines: list[tuple[int, str, str]] = field(default_factory=list)
    process: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One process's word. Prices by market: (price, ms). Bots by id."""

    process: str
    at: int
    prices: Mapping[str, tuple[float, int]]
    bots: Mapping[UUID, BotNews]


def market_key(*, exchange: str, environment: str, venue_name: str, symbol: str) -> str:
    """One market's name on the stream."""
    return f"{exchange}|{environment}|{venue_name}|{symbol}"


def key_of(market: Any) -> str:
    """The name of a row of the market table."""
    return market_key(
        exchange=market.exchange,
        environment=market.environment,
        venue_name=market.venue_name,
        symbol=market.symbol,
    )


def encode(message: Message) -> bytes:
    bots = {str(bot_id): _news(news) for bot_id, news in message.bots.items()}
    return orjson.dumps(
        {"process": message.process, "at": message.at, "prices": message.prices, "bots": bots}
    )


def decode(text: bytes) -> Message:
    """ValueError for anything that is not a message of ours."""
    try:
        given = orjson.loads(text)
        return Message(
            process=str(given["process"]),
            at=int(given["at"]),
            prices={name: (float(price), int(at)) for name, (price, at) in given["prices"].items()},
            bots={UUID(bot_id): _heard(news) for bot_id, news in given["bots"].items()},
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a message of the live stream: {error}") from error


def _news(news: BotNews) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for name in ("status", "reason", "books", "lines"):
        if value := getattr(news, name):
            said[name] = value
    if news.process is not None:
        said["process"] = news.process
    return said


def _heard(news: Mapping[str, Any]) -> BotNews:
    lines: Sequence[Any] = news.get("lines", ())
    return BotNews(
        status=str(news.get("status", "")),
        reason=str(news.get("reason", "")),
        books=bool(news.get("books", False)),
        lines=[(int(at), str(level), str(text)) for at, level, text in lines],
        process=news.get("process"),
    )
