"""Kills parts of a throw-away installation and proves that nothing was lost or doubled."""

import json
import secrets
import sys
from argparse import ArgumentTypeError
from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from workers.proof.campaign import Campaign, Orders
from workers.proof.catalogue import ASKED_FOR, NAMES
from workers.proof.outage import EXITS_NEED_REDIS
from workers.proof.plants import PLANTS
from workers.proof.progress import Progress
from workers.proof.site import SiteError, throw_away_site

# Messages that nobody took come back after 5 s, so copies of long tasks would show.
SETTINGS = {"BROKER_VISIBILITY_TIMEOUT_S": "5"}


class Command(BaseCommand):
    """`manage.py chaos --bots 200 --rounds 3`."""

    help = (
        "Start a throw-away installation with many bots, kill its parts one after the other, and "
        "compare the exchange's books with ours after each. Exit code 0: every promise held, "
        "1: one did not, 2: it could not be run."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("--bots", type=int, default=200, metavar="N")
        parser.add_argument("--rounds", type=int, default=3, metavar="N")
        parser.add_argument(
            "--only",
            type=_names,
            default=(),
            metavar="A,B",
            help=f"of {', '.join(NAMES)}; all but {' and '.join(ASKED_FOR)} when left out",
        )
        parser.add_argument(
            "--plant",
            action="append",
            choices=(*PLANTS, "all", EXITS_NEED_REDIS),
            default=[],
            help="put a fault into a copy of the exchange's books, which the checker must find; "
            f"{EXITS_NEED_REDIS}: hold the fleet up with Redis, which the drill must find",
        )
        parser.add_argument(
            "--limit", type=float, default=15.0, metavar="S", help="seconds to be back"
        )
        parser.add_argument("--outage", type=float, default=120.0, metavar="S", help="of Redis")
        parser.add_argument("--accounts", type=int, metavar="N", help="default: one per 20 bots")
        parser.add_argument("--bots-processes", type=int, default=2, metavar="N")
        parser.add_argument("--seed", type=int, default=None, help="what chance decides with")
        parser.add_argument("--port", type=int, help="web port; default: any that is free")
        parser.add_argument("--state-dir", metavar="DIR", help="folder to use and to keep")
        parser.add_argument("--json", action="store_true", help="the certificate as JSON")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        """Run it; the certificate goes to standard output, progress to standard error."""
        progress = Progress(sys.stderr)
        orders = Orders(
            bots=options["bots"],
            accounts=options["accounts"] or max(2, options["bots"] // 20),
            rounds=options["rounds"],
            only=options["only"],
            plants=_plants(options["plant"]),
            limit_s=options["limit"],
            outage_s=options["outage"],
            seed=secrets.randbelow(10**6) if options["seed"] is None else options["seed"],
        )
        progress("Starting a throw-away installation")
        try:
            with throw_away_site(
                folder=options["state_dir"],
                port=options["port"],
                bots_processes=options["bots_processes"],
                settings=SETTINGS,
                say=progress,
            ) as site:
                progress(f"Ready; logs in {site.state.logs}")
                certificate = Campaign(site=site, orders=orders, say=progress).run()
                content = certificate.as_json()
                lines = certificate.lines()
        except SiteError as error:
            self.stderr.write(str(error))
            sys.exit(2)
        self.stdout.write(json.dumps(content, indent=1) if options["json"] else "\n".join(lines))
        if not certificate.passed:
            sys.exit(1)


def _names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        raise ArgumentTypeError(f"{', '.join(unknown)}: choose among {', '.join(NAMES)}")
    return names


def _plants(asked: Sequence[str]) -> tuple[str, ...]:
    return tuple(kind for name in asked for kind in (PLANTS if name == "all" else (name,)))
