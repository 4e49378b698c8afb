"""`manage.py bench search --spread N`: one search by one research process of a fleet, and by N."""

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any

from apps.markets.generated import generated_bars
from apps.trading.bar import Bars, timeframe_ms
from workers.bench.backtests import RULES, SEED
from workers.bench.figures import machine
from workers.bench.proc import children, cpu_seconds
from workers.bench.rivals import OURS, Contestant, write_columns
from workers.bench.searches import FAST, SLOW
from workers.bench.site import until
from workers.proof.site import free_ports
from workers.proof.throwaway import STATE, SiteError, ThrowAway, throw_away_folder

PROGRAMS = "postgres,valkey,research,control,beat"
SYMBOL, TIMEFRAME = "BTC/USDT", "1m"
LIMIT_S = 600.0
TARGET = 1.8
"""Of two processes; more are held against as much per process."""
PER_CORE = 0.9

Say = Callable[[str], None]


@dataclass(slots=True)
class SpreadReport:
    """Seconds and processor seconds of each round, by one process and by all.

    `busiest_cpu_s`: of the process that had most to do, which on cores of their own all wait for.
    `bare`: how much more programs that share nothing do side by side than one alone: what the
    machine itself admits, whoever computes.
    """

    processes: int
    sets: int
    bars: int
    alone_s: list[float] = field(default_factory=list)
    spread_s: list[float] = field(default_factory=list)
    alone_cpu_s: list[float] = field(default_factory=list)
    spread_cpu_s: list[float] = field(default_factory=list)
    busiest_cpu_s: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    equal: bool = True
    load: list[float] = field(default_factory=lambda: list(os.getloadavg()))

    @property
    def ratios(self) -> list[float]:
        """Round by round, so that both lived through the same weather."""
        return [one / all for one, all in zip(self.alone_s, self.spread_s, strict=True)]

    @property
    def by_cpu(self) -> list[float]:
        """The same by processor time, which other programs on the machine hardly change."""
        return [one / most for one, most in zip(self.alone_cpu_s, self.busiest_cpu_s, strict=True)]

    @property
    def ratio(self) -> float:
        return median(self.ratios)

    @property
    def cores(self) -> int:
        return min(self.processes, os.cpu_count() or 1)

    @property
    def target(self) -> float:
        return TARGET / 2 * self.cores

    @property
    def held(self) -> bool:
        return self.equal and self.ratio >= self.target

    def as_json(self) -> dict[str, Any]:
        return {
            **asdict(self),
            "ratio": self.ratio,
            "ratio_by_cpu": median(self.by_cpu),
            "per_core": self.ratio / self.cores,
            "target": self.target,
            "met": self.held,
        }

    def __str__(self) -> str:
        seen = machine()
        lines = [
            f"{seen['cpu']}, {seen['cores']} cores, load {self.load[0]:.1f} before",
            f"{self.sets:,} sets over {self.bars:,} bars, {len(self.alone_s)} rounds in turn; "
            f"{'equal' if self.equal else 'DIFFERENT'} figures",
            f"{'':<34}{'median':>9}{'least':>9}{'most':>9}",
            _line("one process, s", self.alone_s),
            _line(f"{self.processes} processes, s", self.spread_s),
            _line("one process, CPU s", self.alone_cpu_s),
            _line(f"{self.processes} processes, CPU s", self.spread_cpu_s),
            _line("times as fast", self.ratios) + f"   aim {self.target:.2f}",
            _line("per core", [each / self.cores for each in self.ratios]) + f"   aim {PER_CORE}",
            _line("times as fast by CPU time", self.by_cpu),
            _line("programs that share nothing", self.bare),
        ]
        return "\n".join(lines)


def _line(name: str, values: Sequence[float]) -> str:
    return f"{name:<34}{median(values):>9.2f}{min(values):>9.2f}{max(values):>9.2f}"


def run(options: Mapping[str, Any], *, say: Say) -> SpreadReport:
    """Each round: the search by one process, by all, and the bare programs. SiteError."""
    report = SpreadReport(options["spread"], options["sets"], options["bars"])
    bars = generated_bars(symbol=SYMBOL, timeframe=TIMEFRAME, count=report.bars, seed=SEED)
    with ExitStack() as stack:
        folder = stack.enter_context(throw_away_folder(None, prefix="flotilla-bench-", say=say))
        say("starting servers and research processes")
        site = stack.enter_context(_site(folder / STATE, processes=report.processes))
        bare = stack.enter_context(_bare(folder, bars, report))
        searches = Searches(site, bars, _asked(options["method"], report.sets))
        for spread in (1, report.processes):
            # What is loaded and read first counts for nobody.
            searches.carried_out(spread)
        bare()
        for number in range(options["rounds"]):
            one, all = searches.carried_out(1), searches.carried_out(report.processes)
            report.alone_s.append(one.seconds)
            report.spread_s.append(all.seconds)
            report.alone_cpu_s.append(sum(one.cpu_s))
            report.spread_cpu_s.append(sum(all.cpu_s))
            report.busiest_cpu_s.append(max(all.cpu_s))
            report.equal = report.equal and one.best == all.best
            report.bare.append(bare())
            say(
                f"round {number + 1}: {one.seconds:.2f} s alone, {all.seconds:.2f} s by "
                f"{report.processes}: {report.ratios[-1]:.2f}x, {report.by_cpu[-1]:.2f}x by CPU "
                f"time; bare {report.bare[-1]:.2f}x"
            )
    return report


# ---- the fleet ---------------------------------------------------------------------------------


@contextmanager
def _site(folder: Path, *, processes: int) -> Iterator[ThrowAway]:
    site = ThrowAway(folder, settings={})
    try:
        site.command(
            "up", "--detach", "--port", str(free_ports()), "--only", PROGRAMS,
            "--research-processes", str(processes),
        )  # fmt: skip
        site.inhabit()
        yield site
    finally:
        site.down()


@dataclass(frozen=True, slots=True)
class Carried:
    """A search that is done: from its taking to its result; processor time of each process."""

    seconds: float
    cpu_s: list[float]
    best: Any


class Searches:
    """Asks for the same search again and again."""

    def __init__(self, site: ThrowAway, bars: Bars, asked: Any) -> None:
        from apps.accounts.models import User
        from apps.markets.candles import append_bars
        from apps.markets.services import market_of_bars
        from apps.venues import VenueKey

        key = VenueKey("binance", "simulated", "bench")
        self._market = market_of_bars(key=key, symbol=SYMBOL)
        append_bars(market=self._market, timeframe=TIMEFRAME, bars=bars)
        self._user = User.objects.create_user(username="bench", password=None)
        self._asked = asked
        self._master = site.pid("research-1")

    def carried_out(self, spread: int) -> Carried:
        from apps.research.search.models import SearchShare
        from apps.research.search.services import create_search

        before = self._cpu_s()
        row = create_search(
            user=self._user,
            asked=self._asked,
            timeframe=TIMEFRAME,
            market=self._market,
            spread=spread,
        )
        shares = SearchShare.objects.filter(search=row, finished_at__isnull=True)

        def ended() -> bool:
            row.refresh_from_db(fields=["status", "error"])
            return row.is_over and not shares.exists()

        until(ended, within_s=LIMIT_S, what="a search ends")
        row.refresh_from_db()
        if row.status != row.Status.DONE or row.result is None:
            raise SiteError(f"a search is {row.status}: {row.error}")
        if not (row.finished_at and row.started_at):
            raise SiteError("a search is done and has no times")
        seconds = (row.finished_at - row.started_at).total_seconds()
        best = row.result["best"]
        row.delete()
        spent = [until - since for since, until in zip(before, self._cpu_s(), strict=True)]
        return Carried(seconds, spent, best)

    def _cpu_s(self) -> list[float]:
        return [cpu_seconds(pid) for pid in children(self._master)]


def _asked(method: str, sets: int) -> Any:
    from apps.bots.catalogue import known_strategies
    from apps.research.search.asked import Asked
    from apps.research.search.space import space_of
    from apps.research.wishes import Wish

    plan = {"take_profit": RULES["take_profit"], "stop_loss": RULES["stop_loss"]}
    space = space_of(
        known_strategies()["ema_cross"],
        ranges={"fast": "5:29:1", "slow": "30:108:2", "take_profit": "0.005:0.03"},
    )
    return Asked(
        wish=Wish("ema_cross", plan=plan, fee=RULES["fee"]),
        space=space,
        method=method,
        sets=sets,
        seed=SEED,
    )


# ---- the bare machine --------------------------------------------------------------------------


@contextmanager
def _bare(folder: Path, bars: Bars, report: SpreadReport) -> Iterator[Callable[[], float]]:
    """Asks one program for a search, then as many as there are processes at once."""
    path = folder / "generated.npz"
    write_columns(path, bars)
    pairs = list(product(FAST, SLOW)) * 4
    request = {
        "task": "search",
        "file": str(path),
        "bars": len(bars.open_at),
        "bar_ms": timeframe_ms(TIMEFRAME),
        "fast": [fast for fast, _ in pairs],
        "slow": [slow for _, slow in pairs],
        **RULES,
    }
    homes = [folder / f"bare-{number}" for number in range(report.processes)]
    running: list[Contestant] = []
    try:
        for home in homes:
            home.mkdir()
            running.append(Contestant(OURS, sys.executable, home))
        with ThreadPoolExecutor(len(running)) as threads:

            def together(some: Sequence[Contestant]) -> float:
                began = time.monotonic()
                for _ in threads.map(lambda each: each.ask(request), some):
                    pass
                return time.monotonic() - began

            yield lambda: len(running) * together(running[:1]) / together(running)
    finally:
        for each in running:
            each.end()
