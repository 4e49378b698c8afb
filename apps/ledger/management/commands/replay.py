"""`manage.py replay`: do the stored books of a bot follow from its journal?"""

import time
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandError, CommandParser

from apps.bots.models import Bot
from apps.common.console import ConsoleCommand, add_json
from apps.ledger.named import find_bot
from apps.ledger.replaying import Replayed, broken_accounts, repair_bot, replay_bot

ACTOR = "replay command"
SHOWN = 20


class Command(ConsoleCommand):
    """Exit code 1 when anything differs."""

    help = (
        "Rebuild orders, fills, positions, equity and daily figures from the journal, make every "
        "decision again from its stored inputs, and report what differs."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("bot", nargs="?", help="number, name or id")
        parser.add_argument("--all", action="store_true", help="every bot, deleted ones too")
        parser.add_argument("--user", default="", help="whose, when a name could mean several")
        parser.add_argument(
            "--repair", action="store_true", help="put differing projections right afterwards"
        )
        add_json(parser)

    def carry_out(self, options: dict[str, Any]) -> Any:
        if (options["bot"] is None) != options["all"]:
            raise CommandError("give either one bot or --all", returncode=2)
        began = time.monotonic()
        bots = self._bots(options)
        results = []
        for place, bot in enumerate(bots, 1):
            results.append(self._replay(bot, options))
            if len(bots) > 1:
                self.progress(f"{place} of {len(bots)} bots: {_one_line(results[-1])}")
        return {
            "bots": [{**asdict(result), "sound": result.sound} for result in results],
            "accounts": broken_accounts(bots=bots),
            "rows": sum(result.rows for result in results),
            "differences": sum(len(result.differences) for result in results),
            "diverged": sum(bool(result.diverged) for result in results),
            "seconds": round(time.monotonic() - began, 2),
        }

    def failed(self, told: Any) -> bool:
        return bool(told["differences"] or told["diverged"] or told["accounts"])

    def in_words(self, told: Any, options: dict[str, Any]) -> str:
        lines = []
        for bot in told["bots"]:
            found = [_words(item) for item in bot["differences"]]
            if bot["diverged"]:
                found.append(bot["diverged"])
            lines += [f"bot {bot['number']} {bot['name']!r}: {words}" for words in found[:SHOWN]]
            if len(found) > SHOWN:
                lines.append(f"bot {bot['number']}: {len(found) - SHOWN} more; see --json")
        for account, broken in told["accounts"].items():
            lines += [f"account {account}: {sentence}" for sentence in broken[:SHOWN]]
        verdict = f"{len(told['bots'])} bots, {told['rows']} journal rows in {told['seconds']} s: "
        if not lines:
            return verdict + "everything stored follows from the journal."
        remedy = ""
        if told["differences"] and not options["repair"]:
            remedy = "; --repair puts projections right"
        return "\n".join([*lines, f"{verdict}{told['differences']} differences{remedy}."])

    def _bots(self, options: dict[str, Any]) -> list[Bot]:
        if options["bot"] is not None:
            return [find_bot(reference=options["bot"], username=options["user"])]
        rows = Bot.everything.filter(kind=Bot.Kind.TRADING).select_related("account", "market")
        return list(rows.order_by("number"))

    def _replay(self, bot: Bot, options: dict[str, Any]) -> Replayed:
        result = replay_bot(bot=bot, say=self.progress)
        if result.differences and options["repair"]:
            repair_bot(bot=bot, actor=ACTOR)
            result.repaired = True
        return result


def _one_line(result: Replayed) -> str:
    if result.sound:
        return f"{result.name}, {result.rows} rows"
    return f"{result.name} DIFFERS"


def _words(difference: dict[str, str]) -> str:
    place = f"{difference['table']} {difference['key']}"
    if difference["column"]:
        place += f" {difference['column']}"
    return f"{place}: stored {difference['stored']}, by the journal {difference['rebuilt']}"
