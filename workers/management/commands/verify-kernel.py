"""`manage.py verify-kernel`: does the kernel trade as its pages say?"""  # noqa: N999

import importlib
import json
import os
import sys
from argparse import ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from workers.proof.progress import Progress

# A line of progress so often.
EVERY = 250
DIFFERS, NOT_RUN = 1, 2


class Command(BaseCommand):
    """`manage.py verify-kernel --worlds 10000`."""

    help = (
        "Trade random plans on random markets with the kernel and with a second, slow "
        "implementation of docs/concepts/plans.md and fills.md, and compare fill for fill. "
        "Exit code 0: all agree, 1: one differs and is told, 2: it could not be run."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("--worlds", type=_count, default=10_000, metavar="N")
        parser.add_argument("--seed", type=int, default=0, help="of the first world (default 0)")
        parser.add_argument("--bars", type=_count, default=120, metavar="N", help="of each world")
        parser.add_argument(
            "--processes",
            type=_count,
            default=os.cpu_count() or 1,
            metavar="N",
            help="side by side",
        )
        parser.add_argument("--json", action="store_true", help="the answer as JSON")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        """Run it; the answer goes to standard output, progress to standard error."""
        try:
            campaign = importlib.import_module("tests.reference.campaign")
        except ModuleNotFoundError as error:
            raise CommandError(
                f"the second implementation lies in tests/reference, which is not here ({error}): "
                "run this from a complete checkout",
                returncode=NOT_RUN,
            ) from error
        progress = Progress(sys.stderr)
        total = options["worlds"]

        def tell(tally: Any) -> None:
            if tally.worlds % EVERY == 0 and tally.worlds < total:
                progress(f"{tally.worlds:,} of {total:,} worlds agree, {tally.fills:,} fills")

        tally = campaign.run(
            worlds=total,
            seed=options["seed"],
            bars=options["bars"],
            processes=options["processes"],
            tell=tell,
        )
        self.stdout.write(json.dumps(tally.to_json()) if options["json"] else _told(tally))
        if not tally.agrees:
            sys.exit(DIFFERS)


def _told(tally: Any) -> str:
    if not tally.agrees:
        return f"World {tally.worlds:,} differs.\n{tally.story}"
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in tally.kinds.most_common())
    return f"{tally.worlds:,} worlds agree fill for fill: {tally.fills:,} fills ({kinds})."


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} must be a whole number above 0")
    return int(text)
