"""Makes the paper bots: one per market, on a paper account of the demo's owner.

Runs as a program once the simulated exchange is there: exchange and symbols as arguments. What
exists is left as it is.
"""

import asyncio
import os
import secrets
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from workers.demo.exchange import EXCHANGE, ExchangeRefusedError, SimulatedVenue
from workers.launch.installation import locate
from workers.launch.lineup import amounts_in, capital_in
from workers.launch.paper import PaperWish

STRATEGY = "rsi"
TIMEFRAME = "1m"
# How many bots' capital the account opens with, per quote asset.
_ROOM = 10


def make(*, venue: SimulatedVenue, wish: PaperWish) -> list[str]:
    """Make what is missing, started; the names of the bots made now."""
    from django.db import transaction

    owner = _owner()
    account = _account_of(owner, venue)
    keys: dict[str, str] = {}
    if account is None:
        keys = {"api_key": secrets.token_hex(16), "secret": secrets.token_hex(32)}
        quotes = {symbol.partition("/")[2] for symbol in wish.symbols}
        venue.ask("accounts", {**keys, "balances": {q: _opening(q) for q in quotes}})
    instruments = asyncio.run(venue.instruments(keys=keys or _public_keys()))
    with transaction.atomic():
        return _make_rows(owner, account, venue, wish, keys, instruments)


def _make_rows(
    owner: Any,
    account: Any,
    venue: SimulatedVenue,
    wish: PaperWish,
    keys: Mapping[str, str],
    instruments: Mapping[str, Any],
) -> list[str]:
    from apps.accounts.services import create_account
    from apps.bots.catalogue import known_strategies
    from apps.bots.models import Bot
    from apps.bots.services import create_bot, start_bot
    from apps.markets.services import refresh_markets

    refresh_markets(
        exchange=EXCHANGE, environment="simulated", venue_name=venue.name, instruments=instruments
    )
    if account is None:
        account = create_account(
            user=owner,
            name=venue.name,
            exchange=EXCHANGE,
            environment="simulated",
            venue_name=venue.name,
            base_url=venue.base_url,
            secrets=keys,
            actor="up",
        )
    made = []
    for symbol in wish.symbols:
        if Bot.objects.filter(account=account, market__symbol=symbol).exists():
            continue
        quote = symbol.partition("/")[2]
        bot = create_bot(
            user=owner,
            account=account,
            name=f"Paper {symbol} ({wish.exchange})",
            symbol=symbol,
            strategy=STRATEGY,
            timeframe=TIMEFRAME,
            capital=capital_in(quote),
            parameters=amounts_in(known_strategies()[STRATEGY], quote),
            actor="up",
        )
        start_bot(bot=bot, actor="up")
        made.append(bot.name)
    return made


def _owner() -> Any:
    from apps.accounts.models import User

    owner = User.objects.filter(is_superuser=True, is_active=True).order_by("number").first()
    if owner is None:
        raise ExchangeRefusedError(
            "nobody is an admin here; make one with `manage.py createsuperuser`"
        )
    return owner


def _account_of(owner: Any, venue: SimulatedVenue) -> Any:
    """The paper account, following the exchange's address as the demo's does."""
    from apps.accounts.models import ExchangeAccount
    from workers.launch.demo import follow_address

    account = ExchangeAccount.objects.filter(user=owner, venue_name=venue.name).first()
    if account is not None:
        follow_address(account, venue.base_url)
    return account


def _opening(quote: str) -> str:
    return f"{capital_in(quote) * _ROOM:f}"


def _public_keys() -> dict[str, str]:
    """Markets are public; the client wants keys all the same."""
    return {"api_key": "none", "secret": "none"}


def main(arguments: Sequence[str]) -> int:
    """Make the bots of one exchange; print their names."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.embedded")
    import django

    django.setup()
    installation = locate(state_dir=None)
    wish = PaperWish(arguments[0], tuple(arguments[1:]))
    venue = SimulatedVenue(
        url=installation.simexchange,
        name=wish.venue,
        state=installation.simexchange_state,
    )
    try:
        made = make(venue=venue, wish=wish)
    except (ExchangeRefusedError, ValueError) as error:
        print(f"Paper trading: {error}.", file=sys.stderr)
        return 1
    for name in made:
        print(f"Started {name}: real prices of {wish.exchange}, paper money.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
