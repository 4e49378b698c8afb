"""`manage.py backtest`, as Django's other commands see it; see apps.research.console."""

import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from apps.research import console


class Command(BaseCommand):
    """Hands its arguments over as they are: the options are parsed without Django."""

    help = "Trade a strategy on bars of the past and tell what became of it."
    requires_system_checks: list[str] = []

    def run_from_argv(self, argv: list[str]) -> None:
        sys.exit(console.main(argv[2:], strategy_folder=_folder()))

    def handle(self, *args: Any, **_options: Any) -> None:
        code = console.main(args, strategy_folder=_folder())
        if code:
            sys.exit(code)


def _folder() -> Path | None:
    return Path(settings.STRATEGY_PATH) if settings.STRATEGY_PATH else None
