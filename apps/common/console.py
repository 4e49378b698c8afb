"""What our management commands share: one sentence when refused, JSON, progress on stderr."""

import json
from abc import abstractmethod
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError


class Refused(CommandError):
    """The command did not do what was asked; the text is one sentence with the remedy."""


class ConsoleCommand(BaseCommand):
    """Exit codes: 0 done, 1 refused or failed, 2 wrong usage. With --json stdout is one object."""

    requires_system_checks: list[str] = []
    refusals: tuple[type[Exception], ...] = ()

    def handle(self, *_arguments: Any, **options: Any) -> None:
        try:
            told = self.carry_out(options)
        except Refused as refused:
            self._refuse(str(refused), options)
        except OperationalError as trouble:
            words = " ".join(str(trouble).split())
            self._refuse(
                f"the database does not answer ({words}): start it with `manage.py up`", options
            )
        except self.refusals as refused:
            self._refuse(str(refused), options)
        else:
            self._tell(told, options)

    @abstractmethod
    def carry_out(self, options: dict[str, Any]) -> Any:
        """Do it; return what --json prints. `in_words` makes the text for people."""

    @abstractmethod
    def in_words(self, told: Any, options: dict[str, Any]) -> str:
        """What a person reads."""

    def failed(self, told: Any) -> bool:
        """Whether what was found means exit code 1."""
        return False

    def progress(self, line: str) -> None:
        """On stderr, so that stdout holds the result alone."""
        self.stderr.write(line, style_func=lambda text: text)

    def _tell(self, told: Any, options: dict[str, Any]) -> None:
        as_json = options["json"]
        self.stdout.write(
            json.dumps(told, default=str) if as_json else self.in_words(told, options)
        )
        if self.failed(told):
            raise SystemExit(1)

    def _refuse(self, sentence: str, options: dict[str, Any]) -> None:
        if options["json"]:
            self.stdout.write(json.dumps({"error": sentence}))
            raise SystemExit(1)
        raise Refused(sentence)


def add_json(parser: CommandParser) -> None:
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
