"""Speaks to exchanges, without Django: the only mapping from accounts to adapters."""

from typing import TYPE_CHECKING

from apps.trading.ports import Budget, Clock
from apps.venues.account import VenueAccount, VenueKey
from apps.venues.capabilities import Profile, Tier, profile_of

if TYPE_CHECKING:
    from apps.venues.ccxt import CcxtVenue
    from apps.venues.feed import CcxtFeed

__all__ = [
    "Profile",
    "Tier",
    "VenueAccount",
    "VenueKey",
    "open_feed",
    "open_venue",
    "profile_of",
]

# ccxt is imported by the first venue or feed that is opened: it is most of a process's memory and
# start-up, and the simulated exchange, which lives below this package, never needs it.


def open_venue(account: VenueAccount, *, budget: Budget, clock: Clock) -> "CcxtVenue":
    """The account's venue, in the running event loop. Nothing is sent until it is asked.

    Venues of one account share one client, closed with the last of them. UnknownExchange and
    UnusableAccount (both ValueError) say what is wrong with the account.
    """
    from apps.venues.ccxt import CcxtVenue
    from apps.venues.clients import current_pool
    from apps.venues.userstream import UserStream

    shared, release = current_pool().take(account, budget=budget, clock=clock)
    line = shared.questions.line
    stream = UserStream(
        open_client=shared.stream_client,
        clock=clock,
        exchange_now=line.time.exchange_now,
        dialect=shared.profile.dialect,
        id_prefix=shared.profile.id_prefix,
    )
    return CcxtVenue(questions=shared.questions, stream=stream, clock=clock, release=release)


def open_feed(
    key: VenueKey,
    *,
    base_url: str | None,
    clock: Clock,
    budget: Budget | None = None,
    told_time: bool = False,
) -> "CcxtFeed":
    """The exchange's public prices, in the running event loop; errors as for `open_venue`.

    Without a budget the feed keeps to the data lane of its own; what others behind this address
    use it learns from the exchange's answers. `told_time`: only its bars tell a market's time.
    """
    from apps.venues.budget import MemoryBudget, weight_limit
    from apps.venues.clients import current_pool, public_client
    from apps.venues.feed import CcxtFeed
    from apps.venues.line import Line

    own = MemoryBudget(limit=weight_limit(key.exchange), clock=clock)
    line = Line(
        client=public_client(key, base_url=base_url),
        profile=profile_of(key.exchange),
        budget=budget if budget is not None else own,
        clock=clock,
    )
    table = current_pool().table(key, base_url)
    return CcxtFeed(line=line, table=table, clock=clock, told_time=told_time)
