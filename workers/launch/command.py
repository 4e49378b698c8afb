"""A launcher's command as Django sees it: listed by `help`, callable by `call_command`."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from workers.launch import cli


class LauncherCommand(BaseCommand):
    """Hands its arguments to the launcher, which parses them itself."""

    name = ""
    requires_system_checks = ()

    def run_from_argv(self, argv: list[str]) -> None:
        sys.exit(cli.main(argv))

    def handle(self, *args: Any, **_options: Any) -> None:
        code = cli.main(["manage.py", self.name, *args])
        if code:
            sys.exit(code)
