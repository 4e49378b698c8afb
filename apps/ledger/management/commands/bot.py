"""`manage.py bot`: create, start, pause, resume, stop, close, delete, status, list."""

from argparse import ArgumentTypeError
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from django.core.management.base import CommandParser

from apps.bots import services
from apps.bots.drafts import capital_needed
from apps.bots.models import Bot
from apps.common.assignment import assignment
from apps.common.console import ConsoleCommand, Refused, add_json
from apps.ledger.awaiting import wait_until
from apps.ledger.named import find_account, find_bot
from apps.ledger.services import BotBusy, delete_bot
from apps.ledger.status import statuses_of
from apps.markets.models import TIMEFRAMES

ACTOR = "bot command"
PATIENCE_S = 30.0
# What is done, and what the bot is then waited for to be.
VERBS: Mapping[str, tuple[str, str]] = {
    "start": ("let it trade", "RUNNING"),
    "pause": ("no entries from now on, exits go on", "PAUSED"),
    "resume": ("let a paused bot open positions again", "RUNNING"),
    "stop": ("stop it; --position says what becomes of an open one", "STOPPED"),
    "close": ("sell what it holds and stop it", "STOPPED"),
}


class Command(ConsoleCommand):
    """One bot at a time, named by its number, name or id."""

    help = "Create bots and say what they are to do."
    refusals = (services.BotRefused, BotBusy)

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
        _create_options(verbs.add_parser("create", help="a new bot, stopped unless --start"))
        for verb, (help_text, _) in VERBS.items():
            _verb_options(verbs.add_parser(verb, help=help_text), verb)
        for verb, help_text in (
            ("delete", "delete a stopped, flat bot; its history stays"),
            ("status", "what it is to do, what it does, what is open"),
        ):
            _bot_options(verbs.add_parser(verb, help=help_text))
        listing = verbs.add_parser("list", help="all bots")
        listing.add_argument("--status", choices=Bot.Observed.values, help="only these")
        _common_options(listing)

    def carry_out(self, options: dict[str, Any]) -> Any:
        verb = options["verb"]
        if verb == "list":
            rows = Bot.objects.select_related("user", "account", "market", "config")
            if options["user"]:
                rows = rows.filter(user__username=options["user"])
            if options["status"]:
                rows = rows.filter(observed_status=options["status"])
            return {"bots": statuses_of(bots=list(rows.order_by("number")))}
        if verb == "create":
            return self._create(options)
        bot = find_bot(reference=options["bot"], username=options["user"])
        if verb == "delete":
            left = delete_bot(bot=bot, actor=ACTOR)
            return {"deleted": bot.pk, "number": bot.number, "name": bot.name, "coins_left": left}
        if verb != "status":
            self._act(verb, bot, options)
        return _told(bot)

    def in_words(self, told: Any, options: dict[str, Any]) -> str:
        if options["verb"] == "list":
            return _table(told["bots"])
        if options["verb"] == "delete":
            coins = ", ".join(f"{amount} {asset}" for asset, amount in told["coins_left"].items())
            left = f"; {coins} are yours again" if coins else ""
            return f"Bot {told['number']} {told['name']!r} is deleted{left}."
        return _sentence(told)

    def _create(self, options: dict[str, Any]) -> dict[str, Any]:
        account = find_account(reference=options["account"], username=options["user"])
        bot = services.create_bot(
            user=account.user,
            account=account,
            name=options["name"],
            symbol=options["symbol"],
            strategy=options["strategy"],
            preset=options["preset"],
            parameters=dict(options["set"]),
            capital=options["capital"] or _needed(options),
            timeframe=options["timeframe"],
            description=options["description"],
            actor=ACTOR,
        )
        if options["start"]:
            try:
                self._act("start", bot, options)
            except services.BotRefused as refused:
                raise Refused(f"{bot.name} was created and not started: {refused}") from refused
        return _told(bot)

    def _act(self, verb: str, bot: Bot, options: dict[str, Any]) -> None:
        acts: dict[str, Callable[[], Bot]] = {
            "start": lambda: services.start_bot(bot=bot, actor=ACTOR),
            "pause": lambda: services.pause_bot(bot=bot, actor=ACTOR),
            "resume": lambda: services.resume_bot(bot=bot, actor=ACTOR),
            "stop": lambda: services.stop_bot(bot=bot, actor=ACTOR, kind=options["position"]),
            "close": lambda: services.stop_bot(bot=bot, actor=ACTOR, kind="sell"),
        }
        acts[verb]()
        if options["wait"]:
            wait_until(
                bot=bot, status=VERBS[verb][1], patience_s=options["wait"], say=self.progress
            )


# ---- options -----------------------------------------------------------------------------------


def _create_options(parser: CommandParser) -> None:
    parser.add_argument("name", help="no other bot of the account's owner may have it")
    parser.add_argument("--account", required=True, help="number, name or id of an account")
    parser.add_argument("--symbol", required=True, help="a market, such as BTC/USDT")
    parser.add_argument("--strategy", required=True, help="such as rsi; /api/strategies lists them")
    parser.add_argument("--preset", default="", help="named values of the strategy's parameters")
    parser.add_argument(
        "--set", action="append", type=assignment, default=[], metavar="NAME=VALUE",
        help="a parameter's value; wins over the preset; may be repeated",
    )  # fmt: skip
    parser.add_argument("--capital", help="in the quote asset; default: what the plan can use")
    parser.add_argument("--timeframe", choices=list(TIMEFRAMES), default="1m", help="default 1m")
    parser.add_argument("--description", default="")
    parser.add_argument("--start", action="store_true", help="let it trade at once")
    _add_wait(parser)
    _common_options(parser)


def _verb_options(parser: CommandParser, verb: str) -> None:
    if verb == "stop":
        parser.add_argument(
            "--position", choices=Bot.StopKind.values, default=Bot.StopKind.LEAVE.value,
            help="guard: exits go on until it is closed; leave: unprotected (default); sell",
        )  # fmt: skip
    _add_wait(parser)
    _bot_options(parser)


def _add_wait(parser: CommandParser) -> None:
    parser.add_argument(
        "--wait", nargs="?", type=_seconds, const=PATIENCE_S, default=0.0, metavar="SECONDS",
        help=f"until the workers report that it is so (default {PATIENCE_S:g} s)",
    )  # fmt: skip


def _bot_options(parser: CommandParser) -> None:
    parser.add_argument("bot", help="number, name or id")
    _common_options(parser)


def _common_options(parser: CommandParser) -> None:
    parser.add_argument("--user", default="", help="whose, when a name could mean several")
    add_json(parser)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < 1e6:
        raise ArgumentTypeError(f"{text} is not a number of seconds above 0")
    return seconds


def _needed(options: dict[str, Any]) -> Decimal:
    return capital_needed(
        strategy=options["strategy"], parameters=dict(options["set"]), preset=options["preset"]
    )


# ---- words -------------------------------------------------------------------------------------


def _told(bot: Bot) -> dict[str, Any]:
    row = Bot.objects.select_related("user", "account", "market", "config").get(pk=bot.pk)
    return statuses_of(bots=[row])[0]


def _sentence(told: Mapping[str, Any]) -> str:
    wanted = told["desired_status"]
    if wanted == "STOPPED" and told["observed_status"] != "STOPPED":
        wanted = f"STOPPED ({told['stop_kind']} its position)"
    lines = [
        f"Bot {told['number']} {told['name']!r}: {told['strategy']} on {told['symbol']} "
        f"{told['timeframe']}, {told['capital']} {told['quote']} of account {told['account']}.",
        f"It is to be {wanted} and is {told['observed_status']}"
        + (f": {told['status_reason']}." if told["status_reason"] else "."),
        f"Open: {told['open_positions']} positions, {told['live_orders']} orders.",
    ]
    if told["unprotected"]:
        lines.append(f"UNPROTECTED: {told['unprotected']}.")
    return "\n".join(lines)


def _table(bots: list[dict[str, Any]]) -> str:
    if not bots:
        return "There is no bot yet: make one with `manage.py bot create`."
    heads = ("number", "name", "symbol", "strategy", "desired_status", "observed_status")
    rows = [[str(bot[head]) for head in heads] for bot in bots]
    titles = ["no.", "name", "market", "strategy", "is to be", "is"]
    widths = [max(len(row[i]) for row in [titles, *rows]) for i in range(len(heads))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in [titles, *rows]
    )
