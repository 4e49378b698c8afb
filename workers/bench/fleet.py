"""`bench fleet`: one bots process with many bots, measured phase by phase against the targets."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db import connection
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.services import create_account
from apps.bots.bulk import BotWish, start_new_bots
from apps.bots.models import Bot
from apps.markets.models import Market
from apps.markets.services import refresh_markets
from apps.venues.simexchange.prices import open_source
from workers.bench import orders
from workers.bench.figures import Figure, share
from workers.bench.market import Course, MarketDriver, courses_of
from workers.bench.phases import PHASES
from workers.bench.proc import BareTimers, Stretch, is_gone, memory_kb
from workers.bench.site import BenchSite, until
from workers.demo.exchange import EXCHANGE
from workers.demo.presets import capital_on, opening_balances

TIMEFRAME, BAR_S = "5s", 5.0
BUSY_PER_SECOND = 11.0
QUIET_BARS = 6
FIRED_MARKETS = 4
FALL = 0.005
FIRST_STOP, NEXT_STOP = 0.004, 0.0004
COOLDOWN_S = 20.0
SETTLE_S = 5.0
MARKETS = (
    "BTC/USDT",
    "ETH/USDT",
    "SOL/USDT",
    "BNB/USDT",
    "LINK/USDT",
    "AVAX/USDT",
    "DOT/USDT",
    "UNI/USDT",
    "ATOM/USDT",
    "LTC/USDT",
    "MATIC/USDT",
    "XLM/USDT",
    "BTC/USDC",
    "ETH/BTC",
    "LINK/BTC",
    "AVAX/BTC",
    "LTC/BTC",
    "SOL/BTC",
    "UNI/BTC",
    "DOT/BTC",
)

Say = Callable[[str], None]


@dataclass
class FleetBench:
    """One run: the fleet is made, measured at rest, fired, hurt and stopped."""

    site: BenchSite
    bots: int
    accounts: int
    seconds: float
    say: Say
    only: Sequence[str] = PHASES
    figures: list[Figure] = field(default_factory=list)

    def run(self) -> list[Figure]:
        """Every phase in order; the figures so far are in `figures` when one fails."""
        self._open()
        try:
            self._tell_processes()
            self._start_bots()
            self._phases()
        finally:
            self.driver.stop()
        return self.figures

    def _phases(self) -> None:
        phases: dict[str, Callable[[], None]] = {
            "orders": self._fire_markets,
            "rest": self._rest,
            "stops": self._stop_one_by_one,
            "all": self._fire_all,
            "takeover": self._take_over,
            "stop": self._warm_stop,
        }
        for name in PHASES:
            if name in self.only:
                self.say(f"phase {name}")
                self.driver.pace(per_second=1.0 if name == "orders" else 2.0)
                phases[name]()

    def _tell_processes(self) -> None:
        """For whoever wants to look into one with a profiler while it works."""
        pids = {one.name: one.pid for one in self.site.programs().values() if one.pid is not None}
        pids["exchange"] = self.site.exchange_pid()
        self.say("processes: " + ", ".join(f"{name} {pid}" for name, pid in pids.items()))

    def _note(
        self, name: str, value: float, unit: str, most: float | None = None, note: str = ""
    ) -> None:
        self.figures.append(Figure(name, value, unit, most, note))
        self.say(f"{name}: {value:,.1f} {unit} {note}".rstrip())

    # ---- the fleet -----------------------------------------------------------------------------

    def _open(self) -> None:
        """A person, accounts with coins, the markets, and prices that move."""
        self.owner = User.objects.create_superuser("bench", password=None, role=User.Role.ADMIN)
        keys = [
            {"api_key": f"bench-key-{n}", "secret": f"secret-{n}"} for n in range(self.accounts)
        ]
        instruments = asyncio.run(self.site.venue.instruments(keys=keys[0]))
        refresh_markets(
            exchange=EXCHANGE,
            environment="simulated",
            venue_name=self.site.venue.name,
            instruments=instruments,
        )
        self.markets = list(Market.objects.order_by("symbol"))
        balances = opening_balances(self.markets, bots=self.bots)
        self.opened = []
        for number, key in enumerate(keys):
            self.site.venue.ask("accounts", {**key, "balances": balances})
            self.opened.append(
                create_account(
                    user=self.owner,
                    name=f"bench {number}",
                    exchange=EXCHANGE,
                    environment="simulated",
                    venue_name=self.site.venue.name,
                    base_url=self.site.venue.base_url,
                    secrets=key,
                    actor="bench",
                )
            )
        courses = courses_of(self.markets, open_source(self.site.prices), bar_s=BAR_S)
        self.driver = MarketDriver(self.site.venue, courses)
        self.driver.start()
        self.say("letting the generated past fade from the indicators")
        time.sleep(QUIET_BARS * BAR_S)

    def _wishes(self, places: range) -> list[BotWish]:
        wishes = []
        for place in places:
            market, turn = self.markets[place % len(self.markets)], place // len(self.markets)
            capital = capital_on(market)
            wishes.append(
                BotWish(
                    account=self.opened[turn % len(self.opened)],
                    market=market,
                    name=f"bench {place}",
                    strategy="rsi",
                    timeframe=TIMEFRAME,
                    capital=capital,
                    parameters={
                        "period": 2,
                        "oversold": 10.0,
                        "overbought": 99.0,
                        "quote_per_entry": float(capital) / 10,
                    },
                    plan_changes={
                        "exit_on_signal": False,
                        "stop_loss": round(FIRST_STOP + NEXT_STOP * turn, 6),
                        "cooldown_s": COOLDOWN_S,
                    },
                )
            )
        return wishes

    def _start_bots(self) -> None:
        """A tenth first, then the rest: what one bot costs in memory is the slope between them."""
        few = max(1, self.bots // 10)
        start_new_bots(user=self.owner, wishes=self._wishes(range(few)), actor="bench")
        until(lambda: _running() == few, within_s=240, what=f"{few} bots run")
        time.sleep(SETTLE_S)
        pid = self.site.pid("bots-1")
        before = memory_kb(pid)
        start_new_bots(user=self.owner, wishes=self._wishes(range(few, self.bots)), actor="bench")
        took = until(lambda: _running() == self.bots, within_s=400, what="all bots run")
        self._note(f"start of {self.bots - few} bots", took, "s")
        time.sleep(SETTLE_S)
        slope = (memory_kb(pid) - before) / max(1, self.bots - few)
        self._note("memory per bot", slope, "KB", 60.0, f"whole process {memory_kb(pid) >> 10} MB")
        self._note("database connections", _connections(pid), "connections", 5.0)

    # ---- at rest -------------------------------------------------------------------------------

    def _rest(self) -> None:
        self._at_rest("idle prices", per_second=1.0)
        self._at_rest("busy prices", per_second=BUSY_PER_SECOND)

    def _at_rest(self, what: str, *, per_second: float) -> None:
        self.driver.pace(per_second=per_second)
        time.sleep(2.0)
        since = time.time()
        stretch = Stretch(self.site.pid("bots-1")).begin()
        with BareTimers() as bare:
            time.sleep(self.seconds)
        used = stretch.micros_per_second() / self.bots
        late = self.site.late_ms(since=since)
        self._note(
            f"CPU, {what}", used, "us/bot-second", 150.0, f"{per_second:g} prices/s a market"
        )
        self._note(f"wake-up lag p50, {what}", share(late, 0.5), "ms")
        self._note(
            f"wake-up lag p99, {what}",
            share(late, 0.99),
            "ms",
            10.0,
            f"{len(late)} timers; a thread that only sleeps: {share(bare.late_ms, 0.99):.1f} ms",
        )

    # ---- orders --------------------------------------------------------------------------------

    def _fire_markets(self) -> None:
        """One market after another: a bar closes low, all bots of that market enter."""
        late: list[float] = []
        for market in self._fired():
            late += self._fire([market], self._flat([market]))
        self._note("bar close to order p50", share(late, 0.5), "ms")
        self._note(
            "bar close to order p99",
            share(late, 0.99),
            "ms",
            250.0,
            f"{len(late)} orders, one market at a time",
        )

    def _flat(self, markets: Sequence[Market]) -> int:
        """How many bots of these markets hold nothing and will enter."""
        holders = orders.holders(self.site.venue)
        return Bot.objects.filter(market__in=markets).exclude(number__in=holders).count()

    def _fired(self) -> list[Market]:
        """Those whose ticks are finest: on others one price can trigger two stops."""

        def coarseness(market: Market) -> float:
            return float(market.tick_size) / self.driver.courses[market.symbol].centre

        return sorted(self.markets, key=coarseness)[:FIRED_MARKETS]

    def _fire(
        self, markets: Sequence[Market], expected: int, within_s: float = 60.0
    ) -> list[float]:
        """Milliseconds from the bar's close to each order's arrival."""
        falls = [self.driver.courses[market.symbol] for market in markets]
        closes_at = (time.time() // BAR_S + 1) * BAR_S
        if closes_at - time.time() < 1.5:
            closes_at += BAR_S
        _sleep_until(closes_at - 0.8)
        for course in falls:
            course.centre *= 1 - FALL
        self.driver.move_all()
        _sleep_until(closes_at + 0.001)
        closed = self.driver.move_all()
        return self._arrived(expected, since=closed, within_s=within_s)

    def _arrived(self, expected: int, *, since: float, within_s: float) -> list[float]:
        """Wait for so many orders; when each arrived, ms after `since`."""

        def enough() -> bool:
            return len(orders.arrivals(self.site.venue, since=since)) >= expected

        until(enough, within_s=within_s, what=f"{expected} orders arrive")
        time.sleep(1.0)
        return [one.at_ms - since * 1000 for one in orders.arrivals(self.site.venue, since=since)]

    def _stop_one_by_one(self) -> None:
        """Prices fall so that each triggers the stop of one bot: price to order, alone."""
        late: list[float] = []
        for market in self._fired():
            late += self._fall_through(market, self.driver.courses[market.symbol])
        self._note("price to order p50", share(late, 0.5), "ms", 10.0)
        self._note(
            "price to order p99", share(late, 0.99), "ms", 50.0, f"{len(late)} stops, one at a time"
        )
        time.sleep(COOLDOWN_S + 2 * BAR_S)

    def _fall_through(self, market: Market, course: Course) -> list[float]:
        stops = orders.stop_levels(self.site.venue, market)
        posted: list[tuple[float, float]] = []
        began = time.time()
        for place, (_, level) in enumerate(stops):
            below = stops[place + 1][1] if place + 1 < len(stops) else level * (1 - NEXT_STOP)
            course.centre = (level + below) / 2
            price = course.priced(course.centre)
            posted.append((float(price), self.driver.move({market.symbol: price})))
            time.sleep(0.1)
        until(
            lambda: len(orders.arrivals(self.site.venue, since=began)) >= len(stops),
            within_s=30,
            what=f"{len(stops)} stops of {market.symbol} arrive",
        )
        # What a stop answers is the first price at or below it.
        answered = {
            number: next(moment for price, moment in posted if price <= level)
            for number, level in stops
        }
        arrived = orders.arrivals(self.site.venue, since=began)
        return [one.at_ms - answered[one.bot] * 1000 for one in arrived if one.bot in answered]

    def _fire_all(self) -> None:
        """Every market's bar closes low at once: how fast the orders of all bots leave."""
        late = self._fire(self.markets, self._flat(self.markets), within_s=150.0)
        # The venue takes a limited number of orders in ten seconds; the rest waits for the next.
        first = sorted(late)[: max(2, int(len(late) * 0.6))]
        rate = (len(first) - 1) / max(0.001, (first[-1] - first[0]) / 1000)
        self._note(
            "drain rate, all fire", rate, "orders/s", None, f"first 60 % of {len(late)} orders"
        )
        self._note("bar close to order p50, all fire", share(late, 0.5), "ms")

    # ---- ends ----------------------------------------------------------------------------------

    def _take_over(self) -> None:
        """kill -9 of the bots process, with positions open: until every bot works again."""
        fences = dict(Bot.objects.values_list("pk", "fence"))
        killed_at = timezone.now()
        os.kill(self.site.pid("bots-1"), signal.SIGKILL)
        took: dict[UUID, float] = {}

        def all_back() -> bool:
            rows = Bot.objects.filter(process__dead=False, last_price_at__gt=killed_at)
            for pk, fence in rows.values_list("pk", "fence"):
                if fence > fences[pk]:
                    took.setdefault(pk, (timezone.now() - killed_at).total_seconds())
            return len(took) == self.bots

        until(all_back, within_s=240, what="every bot is back after kill -9")
        seconds = list(took.values())
        self._note("take-over after kill -9 p50", share(seconds, 0.5), "s")
        self._note("take-over after kill -9 p99", share(seconds, 0.99), "s", 9.0)
        time.sleep(SETTLE_S)

    def _warm_stop(self) -> None:
        pid = self.site.pid("bots-1")
        os.kill(pid, signal.SIGTERM)
        took = until(lambda: is_gone(pid), within_s=120, what="the bots process has stopped")
        self._note(f"warm stop of {self.bots} bots", took, "s", 5.0)


def _running() -> int:
    return Bot.objects.filter(observed_status="RUNNING", process__dead=False).count()


def _connections(pid: int) -> int:
    """Connections of a process to the database, by the name it gives them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s",
            [f"flotilla bots {pid}"],
        )
        return int(cursor.fetchone()[0])


def _sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.time()))
