"""`manage.py demo`: many running bots on the simulated exchange, or none any more."""

import json
import time
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError

from apps.accounts.models import ExchangeAccount
from apps.accounts.services import AccountRefused
from apps.bots.services import BotRefused
from workers.demo import fleet
from workers.demo.exchange import ExchangeRefusedError, SimulatedVenue


class Command(BaseCommand):
    """Brings the demo fleet up to N bots; `--remove` stops, sells and deletes it."""

    help = "Run N demo bots on the simulated exchange; what is there counts. See also --remove."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--bots", type=_from_one, metavar="N", help="how many in the end")
        parser.add_argument("--accounts", type=_from_one, metavar="A", help="one per 100 bots")
        parser.add_argument("--markets", type=_from_one, metavar="M", help="all the venue has")
        parser.add_argument("--venue", default="demo", help="a venue of the simulated exchange")
        parser.add_argument("--remove", action="store_true", help="stop, sell and delete them")
        parser.add_argument(
            "--wait", type=float, default=120.0, metavar="S", help="patience of --remove"
        )
        parser.add_argument("--json", action="store_true", help="one JSON object on stdout")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        if (options["bots"] is None) != options["remove"]:
            raise CommandError("give either --bots N or --remove", returncode=2)
        began = time.monotonic()
        try:
            done = self._remove(options) if options["remove"] else self._bring_up(options)
        except (fleet.DemoRefused, ExchangeRefusedError, BotRefused, AccountRefused) as refused:
            raise CommandError(str(refused)) from refused
        except OperationalError as trouble:
            raise CommandError(
                f"the database does not answer ({' '.join(str(trouble).split())}): "
                "start it with `manage.py up`"
            ) from trouble
        done["seconds"] = round(time.monotonic() - began, 2)
        if options["json"]:
            self.stdout.write(json.dumps(done))
        else:
            self.stdout.write(done["text"] + f" ({done['seconds']} s)")

    def _bring_up(self, options: dict[str, Any]) -> dict[str, Any]:
        seeded = fleet.bring_up(
            venue=_venue(options["venue"]),
            owner=fleet.owner_of_demo(venue_name=options["venue"]),
            bots=options["bots"],
            accounts=options["accounts"],
            markets=options["markets"],
            say=self._say,
        )
        extra = seeded.bots - options["bots"]
        more = f", {extra} more than asked: --remove takes all away" if extra > 0 else ""
        text = (
            f"{seeded.bots} demo bots are to run, {seeded.made} of them new, on "
            f"{len(seeded.accounts)} accounts and {len(seeded.markets)} markets{more}"
        )
        return {
            "bots": seeded.bots,
            "made": seeded.made,
            "accounts": list(seeded.accounts),
            "markets": list(seeded.markets),
            "text": text,
        }

    def _remove(self, options: dict[str, Any]) -> dict[str, Any]:
        gone = fleet.take_away(
            venue_name=options["venue"], patience_s=options["wait"], say=self._say
        )
        return {"removed": gone, "text": f"{gone} demo bots were stopped, sold out and deleted"}

    def _say(self, line: str) -> None:
        """Progress goes to stderr, so that stdout holds the result alone."""
        self.stderr.write(line)


def _venue(name: str) -> SimulatedVenue:
    """Where the demo account trades: the port may have been chosen on the command line of `up`."""
    from workers.launch.installation import locate

    simulated = ExchangeAccount.objects.filter(environment="simulated").exclude(base_url="")
    known = simulated.filter(venue_name=name).first() or simulated.first()
    url = settings.SIMEXCHANGE_URL if known is None else known.base_url.rpartition("/")[0]
    folder = settings.SIMEXCHANGE_STATE_DIR or locate(state_dir=None).simexchange_state
    return SimulatedVenue(url=url, name=name, state=Path(folder))


def _from_one(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise ArgumentTypeError(f"{text} is not a number from 1 up")
    return int(text)
