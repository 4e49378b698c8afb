"""The command line: the launcher's own commands, and Django's behind them."""

import os
import sys
from collections.abc import Sequence


def main(argv: Sequence[str]) -> int:
    """Run one command; return the exit code."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.embedded")
    from django.core.management import execute_from_command_line

    execute_from_command_line(list(argv))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
