"""The options of `manage.py search`."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from apps.common.assignment import assignment
from apps.research import options as given
from apps.research.refusals import ResearchRefused
from apps.research.search.aims import USUAL_AIM, USUAL_TRADES, Aims
from apps.research.search.asked import HELD_OUT, Asked
from apps.research.search.honest.windows import KINDS
from apps.research.search.methods import METHODS, USUAL_SETS
from apps.research.search.space import USUAL_POINTS, space_of
from apps.research.wishes import Wish
from apps.trading.strategy import Strategy


def parser() -> argparse.ArgumentParser:
    """Of the whole command."""
    made = given.OneSentence(
        prog="manage.py search",
        description="Try many values of a strategy and its plan, and tell which did best and how "
        "far that can be trusted. Without bars it trades an invented market.",
    )
    made.add_argument("strategy", nargs="?", default="", help="such as rsi; with --bot, the bot's")
    _add_search(made)
    _add_doubts(made)
    given.add_what_to_trade(made)
    group = made.add_argument_group("results")
    group.add_argument("--json", metavar="FILE", default="", help="the result as JSON; - is stdout")
    group.add_argument("--fresh", action="store_true", help="begin anew what was interrupted")
    group.add_argument(
        "--workers", type=_workers, default=0, metavar="N",
        help="have N research processes of a running fleet do it (default: this process)",
    )  # fmt: skip
    group.add_argument("--user", default="", metavar="NAME", help="with --workers: whose search")
    group.add_argument(
        "--time-limit", type=float, default=60.0, metavar="S",
        help="seconds the strategy may take for some sets (default 60)",
    )  # fmt: skip
    return made


def wanted(argv: Sequence[str]) -> argparse.Namespace:
    """The options given; ResearchRefused says what does not go together."""
    options = given.checked(parser().parse_args(list(argv)))
    if options.portfolio:
        raise ResearchRefused("--portfolio: a search has one strategy; use manage.py backtest")
    if options.workers and not (options.market or options.bot):
        files = "--candles" if options.candles else "invented bars"
        raise ResearchRefused(
            f"--workers needs --market or --bot: other processes do not have {files}"
        )
    return options


def asked_of(options: argparse.Namespace, wish: Wish, strategy: Strategy) -> Asked:
    """What the options ask for, of a strategy."""
    ranges = dict(options.range)
    # What is stated is not searched, unless a range says so.
    stated = {**wish.parameters, **given.given_values(options.fix)}
    return Asked(
        wish=_with(wish, strategy, dict(options.fix)),
        space=space_of(strategy, ranges=ranges, fixed=[] if ranges else list(stated)),
        method=options.method,
        sets=options.sets,
        seed=options.seed if options.search_seed is None else options.search_seed,
        points=options.points,
        aims=Aims(
            tuple(part.strip() for part in options.objective.split(",") if part.strip()),
            options.min_trades,
            options.max_drawdown,
        ),
        held_out=options.held_out,
        walk=options.walk_forward,
        windows=options.windows,
        draws=options.monte_carlo,
    )


def _with(wish: Wish, strategy: Strategy, fixed: dict[str, object]) -> Wish:
    """`--fix` sets what it names, a parameter or a field of the plan."""
    names = {item.name for item in strategy.parameters}
    parameters = {name: value for name, value in fixed.items() if name in names}
    plan = {name: value for name, value in fixed.items() if name not in names}
    return Wish.from_json(
        {
            **wish.to_json(),
            "parameters": {**wish.parameters, **parameters},
            "plan": {**wish.plan, **plan},
        }
    )


def _add_search(made: argparse.ArgumentParser) -> None:
    group = made.add_argument_group("search")
    group.add_argument(
        "--method", choices=METHODS, default="random",
        help="every combination, at random, or learning from what was tried (default random)",
    )  # fmt: skip
    group.add_argument("--sets", type=int, metavar="N", help=f"how many (default {USUAL_SETS})")
    group.add_argument(
        "--range", action="append", type=_pair, default=[], metavar="NAME=LO:HI[:STEP]",
        help="a parameter or plan field to vary, or NAME=A,B,C; may be repeated "
        "(default: what the strategy declares)",
    )  # fmt: skip
    group.add_argument(
        "--fix", action="append", type=assignment, default=[], metavar="NAME=VALUE",
        help="a parameter or plan field that stays as given; may be repeated",
    )  # fmt: skip
    group.add_argument(
        "--points", type=int, default=USUAL_POINTS, metavar="N",
        help=f"of a grid: values of a range without a step (default {USUAL_POINTS})",
    )  # fmt: skip
    group.add_argument(
        "--objective", default=USUAL_AIM, metavar="NAME[,NAME]",
        help=f"what to raise, or lower where less is better (default {USUAL_AIM}); several: "
        "the sets that no other beats in all",
    )  # fmt: skip
    group.add_argument(
        "--min-trades", type=int, default=USUAL_TRADES, metavar="N",
        help=f"sets with fewer are out (default {USUAL_TRADES})",
    )  # fmt: skip
    group.add_argument(
        "--max-drawdown", type=float, metavar="X", help="sets that fell deeper are out (0.2: 20 %%)"
    )
    group.add_argument(
        "--search-seed", type=int, metavar="N", help="of the choice of sets (default: as --seed)"
    )


def _add_doubts(made: argparse.ArgumentParser) -> None:
    group = made.add_argument_group("honesty")
    group.add_argument(
        "--held-out", type=float, default=HELD_OUT, metavar="X",
        help=f"share of the bars at the end that the search does not see (default {HELD_OUT:g})",
    )  # fmt: skip
    group.add_argument(
        "--walk-forward", choices=KINDS, default="",
        help="search again and again, each time tested on the bars that follow",
    )  # fmt: skip
    group.add_argument("--windows", type=int, default=5, metavar="N", help="how often (default 5)")
    group.add_argument(
        "--monte-carlo", type=int, default=0, metavar="N",
        help="so many draws of the best set's trades, and of bars like these",
    )  # fmt: skip


def _pair(text: str) -> tuple[str, str]:
    name, found, value = text.partition("=")
    if not (found and name and value):
        raise argparse.ArgumentTypeError(f"{text} is not NAME=LO:HI, NAME=LO:HI:STEP or NAME=A,B")
    return name, value


def _workers(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 64:
        raise argparse.ArgumentTypeError(f"{text} is not a number from 1 to 64")
    return int(text)


def state_file(folder: Path, strategy: str, key: str) -> Path:
    """Where an interrupted search is kept."""
    return folder / "searches" / f"{strategy}-{key}.rows"
