"""Drives the markets of a lock-step exchange by the wall clock, as a bench wants them."""

import http.client
import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from typing import Any
from urllib.parse import urlsplit

from apps.markets.models import Market
from apps.venues.simexchange.prices import SCALE, PriceSource
from workers.demo.exchange import SimulatedVenue

SWAY = 1e-4
"""How far quiet prices move to either side, as a fraction: inside every bot's band."""


@dataclass(slots=True)
class Course:
    """One market's price: what it sways about, from one side to the other with each bar.

    So closes rise and fall in turn at any pace and under any load, and no indicator finds
    anything in them.
    """

    symbol: str
    tick: Decimal
    centre: float
    bar_s: float
    far: bool = False

    def next_price(self, at: float) -> str:
        """The price of a moment, Unix seconds; two in a row differ."""
        self.far = not self.far
        side = 1 if int(at // self.bar_s) % 2 else -1
        return self.priced(self.centre * (1 + side * SWAY * (1.0 if self.far else 0.8)))

    def priced(self, price: float) -> str:
        steps = (Decimal(repr(price)) / self.tick).to_integral_value(ROUND_DOWN)
        return format(steps * self.tick, "f")


class MarketDriver:
    """Posts moves of all markets at a rate, on a thread of its own; anybody may add others."""

    def __init__(self, venue: SimulatedVenue, courses: Mapping[str, Course]) -> None:
        self.courses = dict(courses)
        self._path = f"/sim/{venue.name}/advance"
        self._host = urlsplit(venue.url).netloc
        self._token = venue.token()
        self._connection = http.client.HTTPConnection(self._host, timeout=30)
        self._at = 0
        self._lock = threading.Lock()
        self._period_s = 1.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="prices", daemon=True)
        self.trouble: Exception | None = None

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._thread.join(10)
        self._connection.close()

    def pace(self, *, per_second: float) -> None:
        """So many prices a second of every market from now on."""
        self._period_s = 1.0 / per_second

    def move_all(self) -> float:
        """Every market takes its next quiet price; the moment just before, Unix seconds."""
        now = time.time()
        return self.move({name: course.next_price(now) for name, course in self.courses.items()})

    def move(self, prices: Mapping[str, str]) -> float:
        """These markets trade at these prices now; the moment just before it was posted."""
        with self._lock:
            self._at = max(self._at + 1, time.time_ns() // 1_000_000)
            moves: list[dict[str, Any]] = [
                {"symbol": symbol, "at": self._at, "price": price, "quantity": "1"}
                for symbol, price in prices.items()
            ]
            body = json.dumps({"moves": moves})
            posted_at = time.time()
            self._connection.request(
                "POST", self._path, body, {"X-Sim-Token": self._token, "Connection": "keep-alive"}
            )
            answer = self._connection.getresponse()
            content = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"the exchange refused a move: {content.decode()}")
        return posted_at

    def _run(self) -> None:
        due = time.monotonic()
        while not self._ended.is_set():
            try:
                self.move_all()
            except (OSError, http.client.HTTPException, RuntimeError) as trouble:
                self.trouble = trouble
                return
            due = max(due + self._period_s, time.monotonic())
            self._ended.wait(max(0.0, due - time.monotonic()))


def courses_of(markets: list[Market], source: PriceSource, *, bar_s: float) -> dict[str, Course]:
    """A quiet course for each market, from where the exchange's generated past ends."""
    until = time.time_ns() // 1_000_000
    courses = {}
    for market in markets:
        past = source.history(market.symbol, 60_000, until - 180_000, until)
        centre = past[-1].close / SCALE
        courses[market.symbol] = Course(market.symbol, market.tick_size, centre, bar_s)
    return courses
