"""Moves the exchange price by price, each time after every bot has dealt with the one before."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any
from uuid import UUID

from apps.bots.models import Bot
from apps.ledger.models import Fill, Order
from apps.trading.kernel import layout
from apps.trading.order import LIVE, OrderStatus
from tests.support.exchange import SimExchangeProcess, wait_until
from tests.support.lockstep.cast import Expected, Part
from tests.support.lockstep.course import WARM_UP, Course
from tests.unit.trading.worlds import BAR_MS

PATIENCE_S = 60.0
# How the exchange calls orders that are still there.
OPEN = ("NEW", "PARTIALLY_FILLED")


@dataclass(frozen=True)
class Player:
    """One bot, what it is made of, and how the exchange knows it."""

    bot_id: UUID
    part: Part
    expected: Expected
    api_key: str


class Stage:
    """Plays the courses to the players. Every wait is for a fact, never for a time."""

    def __init__(
        self,
        *,
        exchange: SimExchangeProcess,
        courses: Mapping[str, Course],
        players: Sequence[Player],
    ) -> None:
        self._exchange = exchange
        self._courses = courses
        self._players = players
        self._stands: dict[str, tuple[int, float]] = {}
        self._behind = ""

    # ---- the play ------------------------------------------------------------------------------

    def play(self) -> None:
        """Bar by bar, from the end of the warm-up on. All bots run."""
        self.wait(signals_of=WARM_UP - 1)
        count = min(len(course.bars.open_at) for course in self._courses.values())
        for i in range(WARM_UP, count):
            self._play_bar(i)
            if i + 1 < count:
                self.end_bar(i)
                self.wait(signals_of=i)

    def warm_up(self) -> None:
        """The bars before the bots begin; nobody trades yet."""
        sim = self._exchange.sim("demo")
        for course in self._courses.values():
            sim.advance(bars=[course.recorded(i) for i in range(WARM_UP)])
            last = WARM_UP - 1
            self._stands[course.symbol] = (course.at(WARM_UP) - 1, float(course.bars.close[last]))
        self.end_bar(WARM_UP - 1)

    def end_bar(self, i: int) -> None:
        self._exchange.sim("demo").advance(moves=[each.end(i) for each in self._courses.values()])

    def _play_bar(self, i: int) -> None:
        """At its open time but for the close, which is at its end: so a backtest counts time."""
        self._halt(i, {name: float(one.bars.open[i]) for name, one in self._courses.items()}, 0)
        halts = [
            [(name, price) for price in course.stops(i, **self._fills(name, course.at(i)))]
            for name, course in self._courses.items()
        ]
        for together in zip_longest(*halts):
            self._halt(i, dict(each for each in together if each is not None), 0)
        closes = {name: float(one.bars.close[i]) for name, one in self._courses.items()}
        self._halt(i, closes, BAR_MS - 1)

    def _halt(self, i: int, prices: Mapping[str, float], after_ms: int) -> None:
        """These markets move to these prices; until every bot has dealt with that."""
        moves = []
        for symbol, price in prices.items():
            course = self._courses[symbol]
            at = course.at(i) + after_ms
            moves.append(course.leg(i, self._stands[symbol][1], price, at=at))
            self._stands[symbol] = (at, price)
        self._exchange.sim("demo").advance(moves=moves)
        self.wait()

    def _fills(self, symbol: str, opened_at: int) -> dict[str, list[float]]:
        """Where in this bar the backtests fill: on the way down, and on the way up."""
        falling, rising = [], []
        for player in self._players:
            if player.part.symbol != symbol:
                continue
            for fill in player.expected.fills_in(opened_at):
                way_up = fill["side"] == layout.SELL and fill["kind"] == layout.LIMIT
                (rising if way_up else falling).append(float(fill["price"]))
        return {"falling": falling, "rising": rising}

    # ---- waiting -------------------------------------------------------------------------------

    def wait(self, *, signals_of: int | None = None) -> None:
        """Until all bots have dealt with the last price, and the books agree that nothing moves.

        `signals_of`: and with the close of this bar and the signals at it.
        """
        wait_until(lambda: self._all_settled(signals_of), seconds=PATIENCE_S, describe=self._why)

    def _why(self) -> str:
        return f"behind: {self._behind}"

    def _all_settled(self, signals_of: int | None) -> bool:
        settled = dict(Bot.objects.values_list("pk", "settled"))
        for player in self._players:
            if not self._has_settled(player, settled[player.bot_id], signals_of):
                self._behind = f"{player.part.name} has settled {settled[player.bot_id]}"
                return False
        return self._books_agree()

    def _has_settled(self, player: Player, settled: Any, signals_of: int | None) -> bool:
        if settled is None:
            return False
        price_at, price, signal_at, bar_at = settled
        if (price_at, price) != self._stands[player.part.symbol]:
            return False
        if signals_of is None:
            return True
        closed = self._courses[player.part.symbol].at(signals_of)
        if player.part.follows_bars and bar_at < closed:
            return False
        return bool(signal_at >= closed or not player.expected.bits[signals_of])

    def _books_agree(self) -> bool:
        """No order is between two states, and our books hold every fill of the exchange."""
        theirs = {each["api_key"]: each for each in self._exchange.ledger("demo")["accounts"]}
        fills = Counter(Fill.objects.values_list("bot", flat=True))
        live: dict[UUID, dict[str, str]] = {player.bot_id: {} for player in self._players}
        orders = Order.objects.filter(status__in=[each.value for each in LIVE])
        for bot_id, name, status in orders.values_list("bot", "client_order_id", "status"):
            live[bot_id][name] = status
        for player in self._players:
            ours, account = live[player.bot_id], theirs[player.api_key]
            shown = {each["clientOrderId"] for each in account["orders"] if each["status"] in OPEN}
            resting = all(status == OrderStatus.OPEN.value for status in ours.values())
            told = fills[player.bot_id] == len(account["trades"])
            if not (resting and told and ours.keys() == shown):
                self._behind = f"{player.part.name}: {ours} but the exchange shows {shown}"
                return False
        return True
