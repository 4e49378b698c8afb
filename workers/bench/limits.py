"""`manage.py bench limits`: does a fleet behind one address keep an exchange's request limits?

Real worker processes trade on a simulated exchange whose limits are those of the real one. What is
judged is what the exchange itself counted.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from statistics import median
from typing import Any

import redis
from django.conf import settings

from apps.bots.models import Bot
from apps.ledger.waits import cancel_times, fills_booked
from apps.trading.ports import Lane
from apps.venues.budget_readings import BudgetReading, budget_readings
from apps.venues.simexchange.prices.catalogue import generated_symbols
from workers.bench.site import bench_exchange, generated_prices
from workers.demo.exchange import SimulatedVenue
from workers.launch.demo import VENUE
from workers.launch.state import StateFolder
from workers.proof.site import Site, SiteError, started_site
from workers.proof.throwaway import STATE, throw_away_folder

TARGET_SHARE = 0.8
TARGET_CANCEL_S = 1.0
PROGRESS_S = 15.0
_START_LIMIT_S = 300.0

Say = Callable[[str], None]


@dataclass(slots=True)
class LimitsReport:
    """Weights are per minute of the exchange's own count; times in seconds.

    `budget_waits_ms`: per lane, what 50 %, 99 % and all requests waited for their budget at most
    (upper ends of classes). `cancels_s`: from the wish until the order was known to be final.
    """

    bots: int
    running: int
    accounts: int
    markets: int
    minutes: float
    limit: int
    weights: list[int] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=dict)
    spent: dict[str, int] = field(default_factory=dict)
    budget_waits_ms: dict[str, list[int]] = field(default_factory=dict)
    cancels: int = 0
    cancels_s: list[float] = field(default_factory=list)
    orders: int = 0
    fills: int = 0
    open_orders: int = 0

    @property
    def shares(self) -> list[float]:
        return [weight / self.limit for weight in self.weights]

    @property
    def held(self) -> bool:
        """Whether every target is met."""
        cancels = self.budget_waits_ms.get(Lane.CANCEL.name)
        return (
            not sum(self.refused.values())
            and self.running >= self.bots
            and max(self.shares, default=0.0) <= TARGET_SHARE
            and (cancels is None or cancels[1] < TARGET_CANCEL_S * 1_000)
        )

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "held": self.held, "shares": self.shares}

    def __str__(self) -> str:
        shares = self.shares or [0.0]
        lines = [
            f"{self.running} of {self.bots} bots on {self.accounts} accounts and {self.markets} "
            f"markets behind one address, {self.minutes:.1f} minutes",
            f"orders {self.orders} ({self.open_orders} open), fills {self.fills}",
            f"refused by the exchange: {_pairs(self.refused)} (target 0)",
            f"weight per minute of {self.limit}: p50 {median(shares):.0%}, max {max(shares):.0%} "
            f"(target <= {TARGET_SHARE:.0%})",
            f"spent on: {_pairs(dict(list(self.spent.items())[:8]))}",
        ]
        for lane, (half, most, longest) in self.budget_waits_ms.items():
            lines.append(
                f"{lane.lower()} requests waited for their budget: p50 <= {half} ms, "
                f"p99 <= {most} ms, max <= {longest} ms"
            )
        lines.append(f"cancels, from wish to final: {self.cancels}{_quantiles(self.cancels_s)}")
        lines.append("targets met" if self.held else "TARGETS MISSED")
        return "\n".join(lines)


def declare(benches: Any) -> None:
    """The options of `bench limits`."""
    made = benches.add_parser("limits", help="a fleet behind one address at an exchange's limits")
    made.add_argument("--bots", type=int, default=200, metavar="N")
    made.add_argument("--accounts", type=int, default=10, metavar="A")
    made.add_argument("--markets", type=int, default=20, metavar="M")
    made.add_argument("--minutes", type=float, default=10.0, metavar="M")
    made.add_argument("--bots-processes", type=int, default=2, metavar="N")
    made.add_argument("--port", type=int, help="web port; default: any that is free")
    made.add_argument("--state-dir", metavar="DIR", help="folder to use and to keep")
    made.add_argument("--json", action="store_true", help="one JSON object on stdout")


def run(
    options: Mapping[str, Any], *, say: Say, tell: Callable[[LimitsReport], None]
) -> LimitsReport:
    """Start a throw-away installation, measure, tell, stop it. SiteError: it could not be run."""
    known = generated_symbols()
    if not 1 <= options["markets"] <= len(known):
        raise SiteError(f"--markets: from 1 to {len(known)}")
    with ExitStack() as stack:
        kept = throw_away_folder(options["state_dir"], prefix="flotilla-limits-", say=say)
        folder = stack.enter_context(kept)
        prices = generated_prices(known[: options["markets"]])
        # Where the installation would keep an exchange of its own, so that it finds the token.
        StateFolder(folder / STATE).prepare()
        state = folder / STATE / "simexchange"
        exchange = stack.enter_context(
            bench_exchange(folder, prices=prices, mode="wall", state=state)
        )
        site = stack.enter_context(
            started_site(
                folder,
                port=options["port"],
                bots_processes=options["bots_processes"],
                settings={
                    "SIMEXCHANGE_URL": exchange.url,
                    "SIMEXCHANGE_STATE_DIR": str(state),
                },
            )
        )
        report = measure(
            site=site,
            venue=exchange.venue(VENUE),
            bots=options["bots"],
            accounts=options["accounts"],
            markets=options["markets"],
            minutes=options["minutes"],
            say=say,
        )
        # Before everything is stopped, which takes its time and may be cut short.
        tell(report)
        return report


def measure(
    *,
    site: Site,
    venue: SimulatedVenue,
    bots: int,
    accounts: int,
    markets: int,
    minutes: float,
    say: Say,
) -> LimitsReport:
    """Run the fleet on a started site that this process inhabits."""
    site.command(
        "demo", "--bots", str(bots), "--accounts", str(accounts), "--markets", str(markets)
    )
    _wait_until_running(bots, say)
    began = datetime.now(UTC)
    until = time.monotonic() + 60.0 * minutes
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(PROGRESS_S, left))
        told = venue.ask("limits")
        weights = _weights(told)
        say(
            f"{left / 60:5.1f} minutes left, {running_bots()} bots run, "
            f"weight {weights[-1] if weights else 0} this minute, refused {_pairs(told['refused'])}"
        )
    return _report(venue, bots=bots, accounts=accounts, minutes=minutes, since=began)


def running_bots() -> int:
    """Bots that a live process runs now."""
    return Bot.objects.filter(
        observed_status=Bot.Observed.RUNNING, process__isnull=False, process__dead=False
    ).count()


def _wait_until_running(bots: int, say: Say) -> None:
    began = time.monotonic()
    while (running := running_bots()) < bots:
        if time.monotonic() - began > _START_LIMIT_S:
            raise SiteError(f"only {running} of {bots} bots run after {_START_LIMIT_S:.0f} s")
        say(f"{running} of {bots} bots run")
        time.sleep(2.0)
    say(f"{running} bots run after {time.monotonic() - began:.0f} s")


def _report(
    venue: SimulatedVenue, *, bots: int, accounts: int, minutes: float, since: datetime
) -> LimitsReport:
    told, status = venue.ask("limits"), venue.ask("status")
    limits = {row["rateLimitType"]: row["limit"] for row in reversed(told["limits"])}
    times = cancel_times(since=since)
    return LimitsReport(
        bots=bots,
        running=running_bots(),
        accounts=accounts,
        markets=len(status["markets"]),
        minutes=minutes,
        limit=limits["REQUEST_WEIGHT"],
        weights=_weights(told),
        refused=told["refused"],
        spent=told["spent"],
        budget_waits_ms=_waits(_readings()),
        cancels=len(times),
        cancels_s=times,
        orders=status["orders"],
        fills=fills_booked(),
        open_orders=status["open_orders"],
    )


def _weights(told: Mapping[str, Any]) -> list[int]:
    """Weight of every minute of the busiest address, in order."""
    by_address: Sequence[Sequence[Mapping[str, int]]] = list(told["addresses"].values())
    busiest = max(by_address, key=lambda rows: sum(row["weight"] for row in rows), default=())
    return [row["weight"] for row in busiest]


def _readings() -> list[BudgetReading]:
    client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=5)
    try:
        return budget_readings(client)
    finally:
        client.close()


def _waits(readings: Sequence[BudgetReading]) -> dict[str, list[int]]:
    """Of the counter that let most requests through."""
    busiest = max(readings, key=lambda each: sum(each.waits.values()), default=None)
    if busiest is None:
        return {}
    found = {
        lane.name: [busiest.wait_ms(lane, share) for share in (0.5, 0.99, 1.0)] for lane in Lane
    }
    return {
        name: [each for each in waits if each is not None]
        for name, waits in found.items()
        if waits[0] is not None
    }


def _pairs(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def _quantiles(times: Sequence[float]) -> str:
    if not times:
        return ""
    p50, p99 = times[len(times) // 2], times[min(len(times) - 1, int(len(times) * 0.99))]
    return f", p50 {p50:.3f} s, p99 {p99:.3f} s, max {times[-1]:.3f} s"
