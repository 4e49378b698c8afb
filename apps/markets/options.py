"""The candles command's options, and what they mean."""

from argparse import ArgumentTypeError
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import CommandParser

from apps.common.console import add_json
from apps.markets.presets import PRESETS
from apps.trading.bar import TIMEFRAMES_MS
from apps.venues import VenueKey

STDOUT = "-"


def place_of(options: dict[str, Any]) -> VenueKey:
    if options["venue"]:
        return VenueKey(options["exchange"], "simulated", options["venue"])
    return VenueKey(options["exchange"], "testnet" if options["testnet"] else "live")


def is_placed(options: dict[str, Any]) -> bool:
    return bool(options["venue"] or options["testnet"])


def fetch_options(parser: CommandParser) -> None:
    parser.add_argument("--market", action="append", default=[], help="such as BTC/USDT; repeat")
    parser.add_argument("--preset", choices=list(PRESETS), help="a list of markets")
    _add_timeframe(parser, "5m", "default 5m")
    _add_span(parser, "default 30 days before --to", "default now")
    _add_place(parser, "binance")
    add_json(parser)


def import_options(parser: CommandParser) -> None:
    parser.add_argument("file", help="columns time_ms, open, high, low, close, volume")
    parser.add_argument("--market", required=True, help="whose bars these are, such as BTC/USDT")
    _add_timeframe(parser, "", "default: as the file has")
    parser.add_argument(
        "--replace", action="store_true", help="take the file's where other bars are stored"
    )
    _add_place(parser, "binance")
    add_json(parser)


def export_options(parser: CommandParser) -> None:
    parser.add_argument("--market", required=True, help="such as BTC/USDT")
    _add_timeframe(parser, "5m", "default 5m")
    parser.add_argument("--output", default=STDOUT, help="a .csv or .parquet file; default stdout")
    parser.add_argument("--format", choices=("csv", "parquet"), help="of stdout; default csv")
    _add_span(parser, "default the first bar", "default the last bar")
    _add_place(parser, "")
    add_json(parser)


def check_options(parser: CommandParser) -> None:
    parser.add_argument("--repair", action="store_true", help="fetch what is missing, only that")
    series_options(parser)


def series_options(parser: CommandParser) -> None:
    parser.add_argument("--market", action="append", default=[], help="only these; may be repeated")
    _add_timeframe(parser, "", "only this one")
    _add_place(parser, "")
    add_json(parser)


def _add_timeframe(parser: CommandParser, default: str, help_text: str) -> None:
    names = list(TIMEFRAMES_MS)
    parser.add_argument("--timeframe", choices=names, default=default, help=help_text)


def _add_place(parser: CommandParser, exchange: str) -> None:
    default = f"default {exchange}" if exchange else "default any"
    parser.add_argument("--exchange", default=exchange, help=f"as ccxt names it; {default}")
    parser.add_argument("--venue", default="", help="a venue of the simulated exchange")
    parser.add_argument("--testnet", action="store_true", help="the exchange's test network")


def _add_span(parser: CommandParser, since: str, until: str) -> None:
    parser.add_argument("--from", type=_moment, help=f"2024-01-31, with a time, or ms; {since}")
    parser.add_argument("--to", type=_moment, help=f"bars that open before this; {until}")


def _moment(text: str) -> int:
    if text.isdecimal() and len(text) > 9:
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(
            f"{text} is no date, such as 2024-01-31 or 2024-01-31T12:00"
        ) from None
    return int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() * 1000)
