"""`manage.py verify-preflight`: can all be sold again that the pre-flight check lets pass?"""  # noqa: N999

import importlib
import json
import os
import sys
from argparse import ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from workers.proof.progress import Progress

# A line of progress so often.
EVERY = 1000
LEFT, NOT_RUN = 1, 2
TOLD = 5


class Command(BaseCommand):
    """`manage.py verify-preflight --configurations 10000`."""

    help = (
        "Trade random configurations that pass the pre-flight check on falling markets, and look "
        "for coins above a lot that cannot be sold down to the stop loss, or to half the price. "
        "Exit code 0: there are none, 1: there are, 2: it could not be run."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("--configurations", type=_count, default=10_000, metavar="N")
        parser.add_argument("--seed", type=int, default=0, help="of the first one (default 0)")
        parser.add_argument(
            "--processes",
            type=_count,
            default=os.cpu_count() or 1,
            metavar="N",
            help="side by side",
        )
        parser.add_argument(
            "--plant",
            choices=("exits", "grid"),
            default="",
            help="leave this part of the check out; exit code 0: that was noticed",
        )
        parser.add_argument("--json", action="store_true", help="the answer as JSON")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        """Run it; the answer goes to standard output, progress to standard error."""
        try:
            campaign = importlib.import_module("tests.properties.preflight_campaign")
        except ModuleNotFoundError as error:
            raise CommandError(
                f"the markets and the count lie in tests/properties, which is not here ({error}): "
                "run this from a complete checkout",
                returncode=NOT_RUN,
            ) from error
        progress = Progress(sys.stderr)
        total = options["configurations"]

        def tell(tally: Any) -> None:
            if tally.tried % EVERY == 0:
                progress(
                    f"{tally.passed:,} of {total:,} that pass, {tally.tried:,} tried, "
                    f"{len(tally.left)} with coins left"
                )

        tally = campaign.run(
            configurations=total,
            seed=options["seed"],
            plant=options["plant"],
            processes=options["processes"],
            tell=tell,
        )
        self.stdout.write(json.dumps(tally.to_json()) if options["json"] else _told(tally))
        if bool(tally.left) != bool(options["plant"]):
            sys.exit(LEFT)


def _told(tally: Any) -> str:
    lines = [
        f"{tally.passed:,} of {tally.tried:,} configurations pass, {tally.grids:,} grids among "
        f"them; {len(tally.left):,} left coins that could not be sold."
    ]
    for seed, words in list(tally.left.items())[:TOLD]:
        lines += [f"seed {seed}:", *(f"  {each}" for each in words)]
    return "\n".join(lines)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} must be a whole number above 0")
    return int(text)
