"""Starts the simulated exchange."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from apps.venues.simexchange.__main__ import add_arguments, run


class Command(BaseCommand):
    """`manage.py simexchange --port N --state-dir DIR --config FILE.json`."""

    help = "Serve the simulated exchange until stopped."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options of the stand-alone program."""
        add_arguments(parser)

    def handle(self, *_arguments: Any, **options: Any) -> None:
        """Serve; a wrong configuration ends with code 2."""
        code = run(
            port=options["port"],
            state_dir=options["state_dir"],
            config=options["config"],
            host=options["host"],
            sim_remote=options["sim_remote"],
        )
        if code:
            raise SystemExit(code)
