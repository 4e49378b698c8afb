"""`manage.py search --workers N`: asks the fleet's research processes and follows what they do."""

import time
from argparse import Namespace
from collections.abc import Callable
from typing import Any

from apps.research.asking import rows, usual_of, wish_of
from apps.research.columns import kept_of
from apps.research.options import given_values
from apps.research.refusals import ResearchRefused
from apps.research.search.options import asked_of

LOOK_S = 0.5
WAIT_S = 15.0
"""A fleet with a free process takes a search in a second or two."""
FEWER = (
    "the fleet has fewer free research processes than were asked for (`manage.py up "
    "--research-processes N` has more); those that are there do it all"
)
NOBODY = (
    "no research process has taken it so far: either none runs (`manage.py up` starts them), or "
    "all are at other jobs; the search waits"
)


def search_by_workers(options: Namespace, *, say: Callable[[str], None]) -> dict[str, Any]:
    """The result of a stored search. Ctrl-C leaves it running and says how to look after it."""
    with rows():
        from apps.research.search.models import Search

        row = _created(options)
        say(
            f"search {row.number}: {row.sets:,} sets for {row.spread} research "
            f"{'process' if row.spread == 1 else 'processes'}; it goes on without this command"
        )
        try:
            _follow(row, say=say)
        except KeyboardInterrupt:
            say(
                f"search {row.number} goes on: look at it, or cancel it, at "
                f"/api/searches/{row.number} or in the admin"
            )
            raise
        if row.status != Search.Status.DONE:
            raise ResearchRefused(
                f"search {row.number} failed: {row.error}"
                if row.status == Search.Status.FAILED
                else f"search {row.number} was canceled"
            )
        row.refresh_from_db(fields=["result"])
        result: dict[str, Any] = row.result or {}
        return result


def _follow(row: Any, *, say: Callable[[str], None]) -> None:
    """Until it is over: each thing that is new, once."""
    began, said, hinted = time.monotonic(), "", False
    while True:
        row.refresh_from_db(fields=["status", "stage", "progress", "error"])
        if row.is_over:
            return
        joined = _joined(row)
        line = _line(row, joined)
        if line != said:
            say(line)
            said = line
        if joined < row.spread and not hinted and time.monotonic() - began > WAIT_S:
            say(FEWER if joined else NOBODY)
            hinted = True
        time.sleep(LOOK_S)


def _joined(row: Any) -> int:
    """Processes that have taken the search or a share of it, whether or not they are done."""
    return sum(job.status != job.Status.QUEUED for job in (row, *row.shares.all()))


def _line(row: Any, joined: int) -> str:
    if not joined:
        return "waits for a research process"
    of = f" of {row.spread}" if joined < row.spread else ""
    many = "process" if of == "" and joined == 1 else "processes"
    return f"{row.progress:>4.0%} {row.stage or row.status}, {joined}{of} {many}"


def _created(options: Namespace) -> Any:
    from apps.accounts.models import User
    from apps.research.carrying import strategy_folder
    from apps.research.judging import Patience, find_strategy
    from apps.research.search.services import create_search
    from apps.research.stored import find_stored_market

    if options.bot:
        wish, market, timeframe = _of_bot(options)
    else:
        timeframe = options.timeframe or "5m"
        wish = wish_of(options, {"strategy": options.strategy})
        market = find_stored_market(
            exchange=options.exchange, symbol=options.market, timeframe=timeframe
        )
    users = User.objects.filter(is_active=True).order_by("pk")
    owner = users.filter(username=options.user).first() if options.user else users.first()
    if owner is None:
        raise ResearchRefused(
            f"user {options.user!r} is unknown: name one with --user"
            if options.user
            else "nobody is registered here: make a user in the admin, or run `manage.py up` once"
        )
    patience = Patience(options.time_limit)
    strategy = find_strategy(wish.strategy, folder=strategy_folder(), patience=patience)
    return create_search(
        user=owner,
        asked=asked_of(options, wish, strategy),
        timeframe=timeframe,
        market=market,
        start=options.start,
        end=options.end,
        detail_timeframe=options.detail_timeframe,
        columns=kept_of(given_values(options.columns)),
        spread=options.workers,
    )


def _of_bot(options: Namespace) -> tuple[Any, Any, str]:
    from apps.common.console import Refused
    from apps.ledger.named import find_bot

    try:
        bot = find_bot(reference=options.bot)
    except Refused as refused:
        raise ResearchRefused(str(refused)) from refused
    wish = wish_of(options, usual_of(bot, options.strategy))
    return wish, bot.market, options.timeframe or bot.timeframe
