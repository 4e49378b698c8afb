"""`manage.py verify-strategy`, as Django's other commands see it; see apps.research.verifying."""  # noqa: N999

import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from apps.research import verifying


class Command(BaseCommand):
    """Hands its arguments over as they are, and its answer back as exit code."""

    help = "Check that a strategy is honest: no look-ahead, enough memory, live as in a backtest."
    requires_system_checks: list[str] = []

    def run_from_argv(self, argv: list[str]) -> None:
        sys.exit(verifying.main(argv[2:], strategy_folder=_folder()))

    def handle(self, *args: Any, **_options: Any) -> None:
        code = verifying.main(args, strategy_folder=_folder())
        if code:
            sys.exit(code)


def _folder() -> Path | None:
    return Path(settings.STRATEGY_PATH) if settings.STRATEGY_PATH else None
