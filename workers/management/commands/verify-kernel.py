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
DIFFERS, NOT_RUN, INTERRUPTED = 1, 2, 130


class Command(BaseCommand):
    """`manage.py verify-kernel --worlds 10000`."""

    help = (
        "Trade random plans on random markets with the kernel and with a second, slow "
        "implementation of docs/concepts/plans.md and fills.md, and compare fill for fill. "
        "Exit code 0: all agree, 1: some differ and are told, 2: it could not be run, "
        "130: it was interrupted, and tells where to go on."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("--worlds", type=_count, default=10_000, metavar="N")
        parser.add_argument(
            "--from",
            dest="seed",
            type=int,
            default=0,
            metavar="SEED",
            help="of the first world: where to begin, or to go on (default 0)",
        )
        parser.add_argument("--bars", type=_count, default=120, metavar="N", help="of each world")
        parser.add_argument(
            "--differences",
            type=_count,
            default=10,
            metavar="N",
            help="stop when so many worlds differ (default 10)",
        )
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
        watch = _Watch(total=options["worlds"])
        try:
            tally = campaign.run(
                worlds=options["worlds"],
                seed=options["seed"],
                bars=options["bars"],
                processes=options["processes"],
                most=options["differences"],
                tell=watch,
            )
        except KeyboardInterrupt:
            watch.goes_on()
            sys.exit(INTERRUPTED)
        self.stdout.write(json.dumps(tally.to_json()) if options["json"] else _told(tally))
        if not tally.agrees:
            sys.exit(DIFFERS)


class _Watch:
    """Tells how far it is, each world that differs at once, and where to go on."""

    def __init__(self, *, total: int) -> None:
        self._total = total
        self._progress = Progress(sys.stderr)
        self._told = 0
        self._tally: Any = None

    def __call__(self, tally: Any) -> None:
        self._tally = tally
        for one in tally.differences[self._told :]:
            self._progress(f"World {one.seed} differs.\n{one.story}")
        self._told = len(tally.differences)
        if tally.worlds % EVERY == 0 and tally.worlds < self._total:
            self._progress(
                f"{tally.worlds:,} of {self._total:,} worlds, {self._told} of them differ, "
                f"{tally.fills:,} fills; --from {tally.next_seed} would go on here"
            )

    def goes_on(self) -> None:
        """It was interrupted."""
        tally = self._tally
        if tally is not None:
            left = self._total - tally.worlds
            self._progress(
                f"interrupted: {tally.worlds:,} worlds, {self._told} of them differ; "
                f"go on with --from {tally.next_seed} --worlds {left}"
            )


def _told(tally: Any) -> str:
    if not tally.agrees:
        seeds = ", ".join(str(one.seed) for one in tally.differences)
        return (
            f"{len(tally.differences)} of {tally.worlds:,} worlds differ: {seeds}\n\n{tally.story}"
        )
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in tally.kinds.most_common())
    return f"{tally.worlds:,} worlds agree fill for fill: {tally.fills:,} fills ({kinds})."


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} must be a whole number above 0")
    return int(text)
