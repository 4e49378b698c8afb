"""`manage.py preflight`: look at a configuration before it trades, of a bot or of a draft."""

from argparse import ArgumentTypeError
from decimal import Decimal
from typing import Any

from django.core.management.base import CommandParser

from apps.bots.drafts import BotRefused, capital_needed
from apps.bots.findings import Looked, look_at_draft
from apps.bots.services import find_market_of
from apps.common.assignment import assignment
from apps.common.console import ConsoleCommand, Refused, add_json
from apps.ledger.named import find_account, find_bot
from apps.markets.models import TIMEFRAMES, Market

_NEEDED = ("account", "symbol")


class Command(ConsoleCommand):
    """A bot by number, name or id, with changes put over what it has; or a draft by its parts."""

    help = (
        "Say what a configuration would meet on its market: break-even after fees, the money it "
        "needs at worst, what the venue refuses, what could not be sold. Exit code 1: errors."
    )
    refusals = (BotRefused,)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("bot", nargs="?", help="number, name or id; none: --strategy says what")
        parser.add_argument("--strategy", help="a draft of this strategy, such as rsi")
        parser.add_argument("--account", help="of a draft: number, name or id of an account")
        parser.add_argument("--symbol", help="of a draft: a market, such as BTC/USDT")
        parser.add_argument("--preset", default="", help="of a draft: a preset of the strategy")
        parser.add_argument("--timeframe", choices=list(TIMEFRAMES), help="of a draft; default 1m")
        for name, what in (("set", "a parameter"), ("plan", "a plan field"), ("limit", "a limit")):
            parser.add_argument(
                f"--{name}", action="append", type=assignment, default=[], metavar="NAME=VALUE",
                help=f"{what} to look at in place of what there is; may be repeated",
            )  # fmt: skip
        parser.add_argument("--capital", help="in the quote asset")
        parser.add_argument("--price", type=_price, help="default: the last one known")
        parser.add_argument("--user", default="", help="whose, when a name could mean several")
        add_json(parser)

    def carry_out(self, options: dict[str, Any]) -> Any:
        if bool(options["bot"]) == bool(options["strategy"]):
            raise Refused("give either a bot or --strategy with --account and --symbol")
        look = self._at_bot if options["bot"] else self._at_draft
        market, looked = look(options)
        return {"symbol": market.symbol, "quote": market.quote, **looked.to_json()}

    def in_words(self, told: Any, options: dict[str, Any]) -> str:
        at = f" at {told['price']} {told['quote']}" if told["price"] else ""
        verdict = "passes" if told["passed"] else "does not pass"
        lines = [
            f"{item['level']:8}{item['field']}: {item['message']} {item['remedy']}".rstrip()
            for item in told["findings"]
        ]
        return "\n".join([*lines, f"On {told['symbol']}{at} the configuration {verdict}."])

    def failed(self, told: Any) -> bool:
        return not told["passed"]

    def _at_bot(self, options: dict[str, Any]) -> tuple[Market, Looked]:
        bot = find_bot(reference=options["bot"], username=options["user"])
        config = bot.config
        if config is None:
            raise Refused(f"{bot.name} has no configuration: create the bot again")
        looked = look_at_draft(
            strategy=bot.strategy,
            market=bot.market,
            timeframe=bot.timeframe,
            price=options["price"],
            parameters={**config.parameters, **dict(options["set"])},
            plan_changes={**config.plan_changes, **dict(options["plan"])},
            limits={**config.limits, **dict(options["limit"])},
            capital=options["capital"] or config.capital,
        )
        return bot.market, looked

    def _at_draft(self, options: dict[str, Any]) -> tuple[Market, Looked]:
        for name in _NEEDED:
            if not options[name]:
                raise Refused(f"a draft needs --{name}: name one")
        account = find_account(reference=options["account"], username=options["user"])
        market = find_market_of(account=account, symbol=options["symbol"])
        chosen = {"parameters": dict(options["set"]), "preset": options["preset"]}
        looked = look_at_draft(
            strategy=options["strategy"],
            market=market,
            timeframe=options["timeframe"] or "1m",
            price=options["price"],
            plan_changes=dict(options["plan"]),
            limits=dict(options["limit"]),
            capital=options["capital"] or capital_needed(strategy=options["strategy"], **chosen),
            **chosen,
        )
        return market, looked


def _price(text: str) -> Decimal:
    try:
        price = Decimal(text)
    except ArithmeticError:
        price = Decimal(0)
    if not (price.is_finite() and price > 0):
        raise ArgumentTypeError(f"{text} is not a price above 0")
    return price
