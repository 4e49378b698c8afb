"""`manage.py search`, as Django's other commands see it; see apps.research.search.console."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from apps.research.carrying import strategy_folder
from apps.research.search import console
from config import env


class Command(BaseCommand):
    """Hands its arguments over as they are: the options are parsed without Django."""

    help = "Try many values of a strategy and its plan, and tell which did best."
    requires_system_checks: list[str] = []

    def run_from_argv(self, argv: list[str]) -> None:
        sys.exit(self._run(argv[2:]))

    def handle(self, *args: Any, **_options: Any) -> None:
        code = self._run(args)
        if code:
            sys.exit(code)

    def _run(self, argv: Any) -> int:
        return console.main(
            argv,
            strategy_folder=strategy_folder(),
            state_folder=Path(env.read("FLOTILLA_STATE_DIR")),
        )
