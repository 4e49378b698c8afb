"""`manage.py bench`: measure the product on this machine, against its targets."""

import json
from argparse import ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from workers.bench import backtests, limits, searches
from workers.bench.phases import PHASES, asked_phases


class Command(BaseCommand):
    """Each bench starts servers and processes of its own and leaves nothing behind."""

    help = "Measure this machine: fleet, limits, backtest, search."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        benches = parser.add_subparsers(dest="bench", required=True)
        fleet = benches.add_parser("fleet", help="1,000 bots in one process, phase by phase")
        fleet.add_argument("--bots", type=_from_one, default=1000, metavar="N")
        fleet.add_argument("--markets", type=_from_one, default=20, metavar="M")
        fleet.add_argument("--accounts", type=_from_one, default=10, metavar="A")
        fleet.add_argument(
            "--seconds", type=float, default=60.0, metavar="S", help="of each phase at rest"
        )
        fleet.add_argument(
            "--only",
            type=asked_phases,
            default=PHASES,
            metavar="PHASES",
            help=f"measure only these after the start, some of {','.join(PHASES)}",
        )
        fleet.add_argument("--json", action="store_true", help="one JSON object on stdout")
        limits.declare(benches)
        backtests.declare(benches)
        searches.declare(benches)

    def handle(self, *_arguments: Any, **options: Any) -> None:
        if options["bench"] == "limits":
            return self._limits(options)
        if options.get("spread"):
            return self._spread(options)
        if options["bench"] in ("backtest", "search"):
            return self._beside_others(options)
        return self._fleet(options)

    def _beside_others(self, options: dict[str, Any]) -> None:
        from workers.bench.figures import machine
        from workers.bench.rivals import EngineError

        try:
            bench: Any = backtests if options["bench"] == "backtest" else searches
            rows = bench.run(options, say=self._say)
        except EngineError as trouble:
            raise CommandError(str(trouble)) from trouble
        if options["json"]:
            told = [row.as_json() for row in rows]
            found = {"bench": options["bench"], "machine": machine(), "rows": told}
            self.stdout.write(json.dumps(found))
        else:
            self.stdout.write(bench.table(rows))
        if not bench.held(rows):
            raise CommandError("not every aim was reached")

    def _spread(self, options: dict[str, Any]) -> None:
        from workers.bench import spread_search
        from workers.bench.figures import machine
        from workers.proof.throwaway import SiteError

        try:
            report = spread_search.run(options, say=self._say)
        except SiteError as trouble:
            raise CommandError(str(trouble), returncode=2) from trouble
        if options["json"]:
            told = {"bench": "search spread", "machine": machine(), **report.as_json()}
            self.stdout.write(json.dumps(told))
        else:
            self.stdout.write(str(report))
        if not report.held:
            raise CommandError("spread over several processes it is slower than it should be")

    def _limits(self, options: dict[str, Any]) -> None:
        from workers.proof.site import SiteError

        def tell(report: limits.LimitsReport) -> None:
            self.stdout.write(json.dumps(report.as_json()) if options["json"] else str(report))
            self.stdout.flush()

        try:
            report = limits.run(options, say=self._say, tell=tell)
        except SiteError as trouble:
            raise CommandError(str(trouble), returncode=2) from trouble
        if not report.held:
            raise CommandError("the request limits were not kept as promised")

    def _fleet(self, options: dict[str, Any]) -> None:
        from workers.bench.figures import as_json, machine, table
        from workers.bench.fleet import MARKETS, FleetBench
        from workers.bench.site import bench_site
        from workers.proof.throwaway import SiteError

        if options["markets"] > len(MARKETS):
            raise CommandError(f"--markets: at most {len(MARKETS)}", returncode=2)
        markets = MARKETS[: options["markets"]]
        settings = {"FLOTILLA_BOTS_PER_PROCESS": str(max(1000, options["bots"]))}
        try:
            with bench_site(markets=markets, settings=settings, say=self._say) as site:
                bench = FleetBench(
                    site=site,
                    bots=options["bots"],
                    accounts=options["accounts"],
                    seconds=options["seconds"],
                    say=self._say,
                    only=options["only"],
                )
                try:
                    figures = bench.run()
                except SiteError:
                    self._say("\n" + table(bench.figures))
                    raise
        except SiteError as failed:
            raise CommandError(str(failed)) from failed
        asked = {name: options[name] for name in ("bots", "markets", "accounts", "seconds")}
        if options["json"]:
            told = {"bench": "fleet", **asked, "machine": machine(), "figures": as_json(figures)}
            self.stdout.write(json.dumps(told))
            return
        seen = machine()
        self.stdout.write(
            f"{options['bots']} bots on {options['markets']} markets and {options['accounts']} "
            f"accounts; {seen['cpu']}, {seen['cores']} cores, load {seen['load'][0]}"
        )
        self.stdout.write(table(figures))

    def _say(self, line: str) -> None:
        """Progress goes to stderr, so that stdout holds the result alone."""
        self.stderr.write(line)


def _from_one(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise ArgumentTypeError(f"{text} is not a number from 1 up")
    return int(text)
