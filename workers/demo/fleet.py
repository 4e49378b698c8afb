"""Brings the demo fleet up to a number of running bots, and takes it away again."""

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from django.db.models import QuerySet

from apps.accounts.models import ExchangeAccount, User
from apps.accounts.services import create_account
from apps.bots.bulk import BotWish, start_new_bots
from apps.bots.models import Bot
from apps.bots.services import stop_bots
from apps.ledger.services import BotBusy, delete_bot, what_keeps
from apps.markets.models import Market
from apps.markets.queries import markets_of
from apps.markets.services import refresh_markets
from workers.demo.exchange import EXCHANGE, SimulatedVenue
from workers.demo.presets import capital_on, demo_presets, opening_balances

ACTOR = "demo"
BOTS_PER_ACCOUNT = 100
_MOST_PER_ACCOUNT = 2_000
_AT_ONCE = 250
_LOOK_S = 1.0

Say = Callable[[str], None]


class DemoRefused(ValueError):
    """The demo fleet cannot be as asked; the text names the remedy."""


@dataclass(frozen=True, slots=True)
class Seeded:
    """What `bring_up` did."""

    bots: int
    made: int
    accounts: Sequence[str]
    markets: Sequence[str]


def owner_of_demo(*, venue_name: str) -> User:
    """Whose the venue's fleet is already, else the demo's person, else the first administrator."""
    simulated = ExchangeAccount.objects.filter(environment="simulated").order_by("number")
    for found in (fleet_accounts(venue_name=venue_name), simulated.filter(name="demo")):
        account = found.first()
        if account is not None:
            return account.user
    admin = User.objects.filter(is_superuser=True, is_active=True).order_by("number").first()
    if admin is None:
        raise DemoRefused("there is no user yet: run `manage.py up` first")
    return admin


def fleet_accounts(*, venue_name: str) -> QuerySet[ExchangeAccount]:
    """The accounts this module opened on a venue, in the order of their numbers."""
    return ExchangeAccount.objects.filter(
        environment="simulated", venue_name=venue_name, name__startswith=_account_name(venue_name)
    ).order_by("number")


def fleet_bots(*, venue_name: str) -> QuerySet[Bot]:
    """Every demo bot of a venue; they are known by their accounts, so they may be renamed."""
    return Bot.objects.filter(account__in=fleet_accounts(venue_name=venue_name)).order_by("number")


# ---- bring up --------------------------------------------------------------------------------


def bring_up(
    *,
    venue: SimulatedVenue,
    owner: User,
    bots: int,
    accounts: int | None,
    markets: int | None,
    say: Say,
) -> Seeded:
    """At least `bots` demo bots that run; those there are stay as they are.

    In transactions of a few hundred bots: a run that was cut off is finished by the next.
    """
    present = fleet_bots(venue_name=venue.name)
    there = present.count()
    wanted_accounts = accounts or max(1, -(-bots // BOTS_PER_ACCOUNT))
    if there >= bots:
        opened = list(fleet_accounts(venue_name=venue.name))
        symbols = present.values_list("market__symbol", flat=True).order_by().distinct()
        return Seeded(there, 0, [each.name for each in opened], sorted(symbols))
    keys = _new_keys()
    instruments = asyncio.run(venue.instruments(keys=keys))
    refresh_markets(
        exchange=EXCHANGE, environment="simulated", venue_name=venue.name, instruments=instruments
    )
    listed = _markets(venue, markets)
    opened = _accounts(venue, owner, listed, wanted_accounts)
    wishes = _wishes(there, bots, opened, listed)
    for start in range(0, len(wishes), _AT_ONCE):
        start_new_bots(user=owner, wishes=wishes[start : start + _AT_ONCE], actor=ACTOR)
        say(f"{min(there + start + _AT_ONCE, bots)} of {bots} bots")
    return Seeded(
        present.count(),
        len(wishes),
        [account.name for account in opened],
        [market.symbol for market in listed],
    )


def _markets(venue: SimulatedVenue, wanted: int | None) -> list[Market]:
    listed = list(markets_of(exchange=EXCHANGE, environment="simulated", venue_name=venue.name))
    if wanted is not None and wanted > len(listed):
        raise DemoRefused(
            f"--markets {wanted}: venue {venue.name} lists {len(listed)}; ask for fewer, or start "
            "a simulated exchange with more"
        )
    return listed[:wanted]


def _accounts(
    venue: SimulatedVenue, owner: User, markets: Sequence[Market], wanted: int
) -> list[ExchangeAccount]:
    """The first `wanted` accounts, opened at the exchange and here as far as they are missing."""
    opened = list(fleet_accounts(venue_name=venue.name))
    balances = opening_balances(markets, bots=_MOST_PER_ACCOUNT)
    taken = set(ExchangeAccount.objects.filter(user=owner).values_list("name", flat=True))
    number = 0
    while len(opened) < wanted:
        number += 1
        name = f"{_account_name(venue.name)} {number}"
        if name in taken:
            continue
        keys = _new_keys()
        venue.ask("accounts", {**keys, "balances": balances})
        opened.append(
            create_account(
                user=owner,
                name=name,
                exchange=EXCHANGE,
                environment="simulated",
                venue_name=venue.name,
                base_url=venue.base_url,
                secrets=keys,
                actor=ACTOR,
            )
        )
    return opened[:wanted]


def _wishes(
    there: int,
    bots: int,
    accounts: Sequence[ExchangeAccount],
    markets: Sequence[Market],
) -> list[BotWish]:
    """Each market in turn; the strategies and the accounts move on with every round of markets."""
    presets = demo_presets()
    names = _free_names(accounts[0].user)
    wishes = []
    for place in range(there, bots):
        turn = place // len(markets)
        market = markets[place % len(markets)]
        preset = presets[(place + turn) % len(presets)]
        capital = capital_on(market)
        wishes.append(
            BotWish(
                account=accounts[turn % len(accounts)],
                market=market,
                name=next(names),
                strategy=preset.strategy,
                timeframe=preset.timeframe,
                capital=capital,
                parameters=preset.values(capital=capital),
                plan_changes=preset.plan_changes,
            )
        )
    return wishes


def _free_names(owner: User) -> Iterator[str]:
    taken = {name.lower() for name in Bot.objects.filter(user=owner).values_list("name", flat=True)}
    names = (f"Fleet {number:04d}" for number in count(1))
    return (name for name in names if name.lower() not in taken)


# ---- take away -------------------------------------------------------------------------------


def take_away(*, venue_name: str, patience_s: float, say: Say) -> int:
    """Stop every demo bot of the venue, wait until it is flat, delete it; how many went.

    DemoRefused, saying what it waited for, when some did not get there in time; asking again
    goes on from where it stopped.
    """
    for account in fleet_accounts(venue_name=venue_name):
        stop_bots(target=account, actor=ACTOR, kind="sell", reason="the demo fleet is taken away")
    deadline = time.monotonic() + patience_s
    gone = 0
    while True:
        waiting: Counter[str] = Counter()
        for bot in fleet_bots(venue_name=venue_name):
            reasons = what_keeps(bot=bot) or _deleted(bot)
            gone += not reasons
            waiting.update(reasons)
        if not waiting:
            return gone
        said = "; ".join(f"{many} bots: {reason}" for reason, many in waiting.most_common(3))
        if time.monotonic() > deadline:
            raise DemoRefused(f"{gone} bots are gone; still there after {patience_s:.0f} s: {said}")
        say(f"{gone} bots are gone; waits for {said}")
        time.sleep(_LOOK_S)


def _deleted(bot: Bot) -> list[str]:
    """Delete the bot; why not, when something came between."""
    try:
        delete_bot(bot=bot, actor=ACTOR)
    except BotBusy as busy:
        return busy.reasons
    return []


# ---- names -----------------------------------------------------------------------------------


def _account_name(venue_name: str) -> str:
    return f"{venue_name} fleet"


def _new_keys() -> dict[str, str]:
    return {"api_key": secrets.token_hex(16), "secret": secrets.token_hex(32)}
