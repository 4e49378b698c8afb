"""The options of the launcher's commands."""

import argparse
import os
from collections.abc import Sequence

COMMANDS = ("up", "down", "status", "doctor", "test")
MOST_RESEARCH = 8
"""Research processes unless more are asked for: each keeps its bars and kernel in memory."""


def parser(command: str) -> argparse.ArgumentParser:
    """Make the argument parser of one command."""
    made = argparse.ArgumentParser(prog=f"manage.py {command}", description=SUMMARIES[command])
    made.add_argument(
        "--state-dir",
        metavar="DIR",
        help="folder for data, secrets and logs (FLOTILLA_STATE_DIR; default .flotilla)",
    )
    if command == "up":
        _add_up_options(made)
    return made


SUMMARIES = {
    "up": "Start everything, wait until it works, supervise it until Ctrl-C.",
    "down": "Stop what `up` started; everything is kept.",
    "status": "Say what runs. Exit code 0: running, 3: stopped.",
    "doctor": "Check this machine and installation, and say what to do about what is wrong.",
    "test": "Run linters, types, import rules and tests; with pytest arguments, only those tests.",
}


def _add_up_options(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "--check",
        action="store_true",
        help="exit 0 once every probe passed, among them a filled order of a demo bot, then stop",
    )
    made.add_argument("--detach", action="store_true", help="go on in the background; see `down`")
    made.add_argument("--only", type=_names, metavar="A,B", help="start only these programs")
    made.add_argument(
        "--bots-processes", type=_at_least_one, default=1, metavar="N", help="bot processes"
    )
    made.add_argument(
        "--research-processes",
        type=_at_least_one,
        default=min(MOST_RESEARCH, os.cpu_count() or 1),
        metavar="N",
        help="processes that backtest and search, at low priority (default: one per core, at most "
        f"{MOST_RESEARCH})",
    )
    made.add_argument(
        "--port",
        type=_port,
        help="port of the web pages (FLOTILLA_PORT; default 8000); the simulated exchange takes "
        "the port 10 above, Flower 20 above",
    )
    made.add_argument(
        "--paper",
        action="append",
        type=_market,
        metavar="BASE/QUOTE",
        help="start a bot that trades paper money at a real exchange's prices; repeatable",
    )
    made.add_argument(
        "--paper-exchange",
        default="binance",
        metavar="NAME",
        help="whose prices --paper takes, as ccxt names it (default binance)",
    )
    made.add_argument("--reset", action="store_true", help="delete the state folder first")
    made.add_argument("--yes", action="store_true", help="do not ask before --reset deletes")


def _names(text: str) -> Sequence[str]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _market(text: str) -> str:
    base, slash, quote = text.strip().upper().partition("/")
    if not (base.isalnum() and slash and quote.isalnum()):
        raise argparse.ArgumentTypeError(f"{text} is not a market such as BTC/USDT")
    return f"{base}/{quote}"


def _at_least_one(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a number from 1 up")
    return int(text)


def _port(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 65_515:
        raise argparse.ArgumentTypeError(f"{text} is not a port from 1 to 65515")
    return int(text)
