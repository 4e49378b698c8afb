"""The options of `manage.py backtest`."""

import argparse
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

from apps.common.assignment import assignment
from apps.research.refusals import ResearchRefused
from apps.research.wishes import DEFAULT_CAPITAL, DEFAULT_FEE
from apps.trading.bar import TIMEFRAMES_MS

GENERATED_BARS = 20_000
GENERATED_TIMEFRAME = "5m"


class OneSentence(argparse.ArgumentParser):
    """Says what is wrong in one sentence instead of printing every option."""

    def error(self, message: str) -> NoReturn:
        raise ResearchRefused(f"{message} (see {self.prog} --help)")


def parser() -> argparse.ArgumentParser:
    """Of the whole command."""
    made = OneSentence(
        prog="manage.py backtest",
        description="Trade a strategy on bars of the past and tell what became of it. "
        "Without bars it trades an invented market.",
    )
    made.add_argument("strategy", nargs="?", default="", help="such as rsi; with --bot, the bot's")
    add_what_to_trade(made)
    _add_results(made)
    return made


def add_what_to_trade(made: argparse.ArgumentParser) -> None:
    """Bars, values, money and costs, as every command that trades the past has them."""
    _add_bars(made)
    _add_values(made)
    _add_costs(made)


def wanted(argv: Sequence[str]) -> argparse.Namespace:
    """The options given; ResearchRefused says what does not go together."""
    return checked(parser().parse_args(list(argv)))


def checked(options: argparse.Namespace) -> argparse.Namespace:
    """The same; ResearchRefused as above."""
    chosen = [name for name in ("candles", "market", "bot", "portfolio") if getattr(options, name)]
    if len(chosen) > 1:
        raise ResearchRefused(f"--{chosen[0]} and --{chosen[1]} exclude each other: give one")
    if not (options.strategy or options.bot or options.portfolio):
        raise ResearchRefused("name a strategy, such as: manage.py backtest rsi")
    if options.portfolio and options.strategy:
        raise ResearchRefused("--portfolio names the strategies in its file: leave STRATEGY out")
    if options.detail_candles and not options.candles:
        raise ResearchRefused("--detail-candles needs --candles: the bars they are the detail of")
    if options.candles and options.detail_timeframe:
        raise ResearchRefused("--candles takes its finer bars from a file: use --detail-candles")
    if (options.start or options.end) and not (options.market or options.bot):
        raise ResearchRefused("--from and --to choose among stored bars: they need --market")
    if None not in (options.start, options.end) and options.start >= options.end:
        raise ResearchRefused("--from must be before --to")
    return options


def _add_bars(made: argparse.ArgumentParser) -> None:
    group = made.add_argument_group("bars (default: an invented market)")
    group.add_argument(
        "--candles", type=Path, metavar="FILE",
        help="CSV or Parquet with the columns time_ms, open, high, low, close, volume",
    )  # fmt: skip
    group.add_argument("--market", default="", metavar="SYMBOL", help="stored bars of a market")
    group.add_argument("--exchange", default="binance", help="of --market (default binance)")
    group.add_argument("--bot", default="", metavar="NAME", help="a bot's market and values")
    group.add_argument(
        "--portfolio", type=Path, metavar="FILE", help="JSON: several bots sharing their capital"
    )
    group.add_argument("--from", dest="start", type=_moment, metavar="TIME", help="2026-01-31, UTC")
    group.add_argument("--to", dest="end", type=_moment, metavar="TIME", help="first time left out")
    group.add_argument(
        "--timeframe", choices=list(TIMEFRAMES_MS), default="", metavar="T",
        help=f"length of a bar: {' '.join(TIMEFRAMES_MS)} (default {GENERATED_TIMEFRAME}; "
        "with --candles what the file holds)",
    )  # fmt: skip
    group.add_argument(
        "--bars", type=_count, default=GENERATED_BARS, metavar="N",
        help=f"how many to invent (default {GENERATED_BARS})",
    )  # fmt: skip
    group.add_argument("--seed", type=int, default=1, help="of the invented market (default 1)")
    group.add_argument(
        "--detail-candles", type=Path, metavar="FILE", help="finer bars: what happened inside a bar"
    )
    group.add_argument(
        "--detail-timeframe", choices=list(TIMEFRAMES_MS), default="", metavar="T",
        help="the same from stored or invented bars",
    )  # fmt: skip


def _add_values(made: argparse.ArgumentParser) -> None:
    group = made.add_argument_group("values")
    add_strategy_values(group)
    for name, dest, help_text in (
        ("--plan", "plan", "a field of the plan, such as take_profit=0.01; may be repeated"),
        ("--limit", "limits", "a limit, such as max_exposure=0.5; may be repeated"),
        ("--column", "columns", "a column beside the bars, such as probability=FILE.csv"),
    ):
        _add_assignment(group, name, dest, help_text)


def add_strategy_values(group: Any) -> None:
    """--set and --preset, as every command that names a strategy has them."""
    _add_assignment(group, "--set", "parameters", "a parameter of the strategy; may be repeated")
    group.add_argument("--preset", default="", help="named values of the strategy's parameters")


def _add_assignment(group: Any, name: str, dest: str, help_text: str) -> None:
    group.add_argument(
        name, dest=dest, action="append", type=assignment, default=[],
        metavar="NAME=VALUE", help=help_text,
    )  # fmt: skip


def _add_costs(made: argparse.ArgumentParser) -> None:
    group = made.add_argument_group("money, costs and rounding")
    group.add_argument(
        "--capital", type=float, help=f"in the quote asset (default {DEFAULT_CAPITAL:g})"
    )
    group.add_argument(
        "--fee",
        type=float,
        help=f"fraction of a fill (default {DEFAULT_FEE:g}, or the market's)",
    )
    group.add_argument("--maker-fee", type=float, help="of resting orders (default: as --fee)")
    group.add_argument(
        "--slippage", type=float, default=0.0, help="fraction lost by market orders and stops"
    )
    group.add_argument("--tick-size", help="step of prices, for files and invented markets")
    group.add_argument("--lot-size", help="step of quantities")
    group.add_argument("--min-notional", help="smallest value of an order, in quote")
    group.add_argument(
        "--fee-taken-in", choices=("quote", "received"),
        help="received: a buy's fee is taken in coins (default quote)",
    )  # fmt: skip


def _add_results(made: argparse.ArgumentParser) -> None:
    group = made.add_argument_group("results")
    group.add_argument("--json", metavar="FILE", default="", help="the result as JSON; - is stdout")
    group.add_argument("--report", type=Path, metavar="FILE", help="a page with charts")
    group.add_argument(
        "--time-limit", type=float, default=60.0, metavar="S",
        help="seconds the strategy may take (default 60)",
    )  # fmt: skip


# ---- values ------------------------------------------------------------------------------------


def given_values(pairs: Sequence[tuple[str, Any]]) -> Mapping[str, Any]:
    """Later ones win."""
    return dict(pairs)


def _moment(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text} is not a time such as 2026-01-31 or 2026-01-31T12:00"
        ) from None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int(aware.timestamp() * 1000)


def _count(text: str) -> int:
    if not text.isdigit() or not 1 < int(text) <= 10_000_000:
        raise argparse.ArgumentTypeError(f"{text} is not a number from 2 to 10000000")
    return int(text)
