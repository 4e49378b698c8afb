"""What people do with searches: ask for one, cancel and delete it, make a bot of its best set."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from apps.accounts.models import ExchangeAccount, User
from apps.audit import services as audit
from apps.bots.models import Bot
from apps.markets.models import Market
from apps.research import jobs
from apps.research.paper import check_done, paper_bot_of
from apps.research.refusals import ResearchRefused
from apps.research.search.asked import Asked
from apps.research.search.methods import steps_of
from apps.research.search.models import Search, SearchShare, SearchUnit
from apps.research.search.space import Space
from apps.research.services import (
    cancel_job,
    check_about,
    checked_columns,
    delete_job,
    source_of,
)
from apps.research.wishes import Wish

MOST_SPREAD = 64


def create_search(
    *,
    user: User,
    asked: Asked,
    timeframe: str,
    market: Market | None = None,
    start: int | None = None,
    end: int | None = None,
    generated: Mapping[str, Any] | None = None,
    detail_timeframe: str = "",
    columns: Mapping[str, Any] | None = None,
    name: str = "",
    spread: int = 1,
) -> Search:
    """A row that `spread` research processes carry out together; bars as of a backtest's row.

    ResearchRefused says what is wrong.
    """
    kept = checked_columns(asked.wish.strategy, columns)
    source, symbol = source_of(market, start, end, generated)
    check_about(source, name=name, timeframe=timeframe, finer=detail_timeframe)
    if not 1 <= spread <= MOST_SPREAD:
        raise ResearchRefused(f"spread {spread} must lie between 1 and {MOST_SPREAD}")
    sets, units = _size(asked)
    with transaction.atomic():
        row = Search.objects.create(
            user=user,
            name=name.strip(),
            strategy=asked.wish.strategy,
            symbol=symbol,
            timeframe=timeframe,
            asked=asked.to_json(),
            source=source,
            columns=kept,
            spread=spread,
            sets=sets,
        )
        SearchUnit.objects.bulk_create(
            [SearchUnit(search=row, number=number) for number in range(units)], batch_size=1000
        )
        SearchShare.objects.bulk_create([SearchShare(search=row) for _ in range(spread - 1)])
        audit.record(actor=user, verb="create_search", object=row, after={"asked": row.asked})
    return row


def cancel_search(*, search: Search, actor: User | str) -> bool:
    """End it and whoever has a share in it; False when it was over."""
    asked = cancel_job(job=search, actor=actor)
    for share in search.shares.filter(status__in=Search.LIVE):
        jobs.cancel(share)
    return asked


def delete_search(*, search: Search, actor: User | str) -> None:
    """Delete what is over; ResearchRefused while it waits or runs."""
    delete_job(job=search, actor=actor)


def start_paper_bot(
    *,
    search: Search,
    actor: User,
    place: int = 1,
    account: ExchangeAccount | None = None,
    name: str = "",
) -> Bot:
    """A stopped bot with the best set, or the one at that place, on an account of paper money."""
    check_done(search)
    found = (search.result or {"best": []})["best"]
    if not 1 <= place <= len(found):
        raise ResearchRefused(f"place {place}: it has the places 1 to {len(found)}")
    return paper_bot_of(
        research=search,
        wish=chosen_wish(search, found[place - 1]["values"]),
        origin=f"place {place} of search {search.number}",
        actor=actor,
        account=account,
        name=name,
    )


def chosen_wish(search: Search, values: Mapping[str, Any]) -> Wish:
    """The wish of a backtest of one of the sets."""
    wish = Wish.from_json(search.asked["wish"])
    space = Space.of_json(search.asked["space"])
    parameters, plan = space.parts(tuple(values[name] for name in space.names))
    return Wish.from_json(
        {
            **wish.to_json(),
            "parameters": {**wish.parameters, **parameters},
            "plan": {**wish.plan, **plan},
        }
    )


def _size(asked: Asked) -> tuple[int, int]:
    """How many sets and units there are, before the bars are known."""
    method = asked.new_method()
    passes = 1 + (asked.windows if asked.walk else 0)
    units = sum(
        -(-min(method.step_sets, method.total - step * method.step_sets) // method.unit_sets)
        for step in range(steps_of(method))
    )
    return passes * method.total, passes * units
