"""`manage.py search --workers N`: asks the fleet's research processes and follows what they do."""

import time
from argparse import Namespace
from collections.abc import Callable
from typing import Any

from apps.research.asking import rows, wish_of
from apps.research.refusals import ResearchRefused
from apps.research.search.options import asked_of

LOOK_S = 0.5


def search_by_workers(options: Namespace, *, say: Callable[[str], None]) -> dict[str, Any]:
    """The result of a stored search. Ctrl-C leaves it running and says how to look after it."""
    with rows():
        from apps.research.search.models import Search

        row = _created(options)
        say(f"search {row.number} is queued for {row.spread} research processes")
        try:
            while True:
                row.refresh_from_db(fields=["status", "stage", "progress", "error"])
                if row.is_over:
                    break
                say(f"{row.progress:.0%} {row.stage or row.status}")
                time.sleep(LOOK_S)
        except KeyboardInterrupt:
            say(f"search {row.number} goes on: GET, or POST cancel, /api/searches/{row.number}")
            raise
        if row.status != Search.Status.DONE:
            raise ResearchRefused(f"search {row.number} is {row.status}: {row.error or 'canceled'}")
        row.refresh_from_db(fields=["result"])
        result: dict[str, Any] = row.result or {}
        return result


def _created(options: Namespace) -> Any:
    from apps.accounts.models import User
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
        raise ResearchRefused(f"user {options.user!r} is unknown: name one with --user")
    from apps.research.carrying import strategy_folder

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
        spread=options.workers,
    )


def _of_bot(options: Namespace) -> tuple[Any, Any, str]:
    from apps.common.console import Refused
    from apps.ledger.named import find_bot
    from apps.research.services import values_of

    try:
        bot = find_bot(reference=options.bot)
    except Refused as refused:
        raise ResearchRefused(str(refused)) from refused
    wish = wish_of(options, values_of(bot))
    return wish, bot.market, options.timeframe or bot.timeframe
