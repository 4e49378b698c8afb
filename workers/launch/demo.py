"""The demo fleet: one person, one account at the simulated exchange, at least six bots.

Runs as a program once the database and the simulated exchange are there, at every start: what
exists is left as it is, apart from the address of the exchange.
"""

import asyncio
import json
import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.request import Request, urlopen

from workers.demo.exchange import EXCHANGE, ExchangeRefusedError, SimulatedVenue
from workers.launch.installation import Installation, locate
from workers.launch.lineup import line_up
from workers.launch.state import write_private

VENUE = "demo"
_LOGIN = "admin"
# Twice what the bots are assigned, in every quote asset they use.
_OPENING_BALANCES = {"USDT": "250000", "BTC": "2", "ETH": "1", "SOL": "10", "BNB": "1"}


def seed(*, venue: SimulatedVenue, password: str, token_file: Path) -> int:
    """Make what is missing; how many bots were made now."""
    from django.db import transaction
    from knox.models import AuthToken

    from apps.accounts.models import ExchangeAccount, User

    account = ExchangeAccount.objects.filter(name=VENUE, user__username=_LOGIN).first()
    if account is not None:
        follow_address(account, venue.base_url)
        return 0
    if User.objects.exists():
        # Somebody else's installation, or one whose owner threw the demo away.
        return 0
    keys = {"api_key": secrets.token_hex(16), "secret": secrets.token_hex(32)}
    venue.ask("accounts", {**keys, "balances": _OPENING_BALANCES})
    instruments = asyncio.run(venue.instruments(keys=keys))
    with transaction.atomic():
        owner, account = _make_account(venue.base_url, password, keys, instruments)
        made = _make_bots(owner, account)
        _, token = AuthToken.objects.create(user=owner, expiry=None)
        write_private(token_file, f"{token}\n")
    return made


def _make_account(
    base_url: str, password: str, keys: Mapping[str, str], instruments: Mapping[str, Any]
) -> tuple[Any, Any]:
    """The person who owns the demo, and their account with its markets."""
    from apps.accounts.models import User
    from apps.accounts.services import create_account
    from apps.audit import services as audit
    from apps.markets.services import refresh_markets

    owner = User.objects.create_superuser(_LOGIN, password=password, role=User.Role.ADMIN)
    audit.record(actor="up", verb="create_user", object=owner, after={"username": _LOGIN})
    account = create_account(
        user=owner,
        name=VENUE,
        exchange=EXCHANGE,
        environment="simulated",
        venue_name=VENUE,
        base_url=base_url,
        secrets=keys,
        actor="up",
    )
    refresh_markets(
        exchange=EXCHANGE, environment="simulated", venue_name=VENUE, instruments=instruments
    )
    return owner, account


def _make_bots(owner: Any, account: Any) -> int:
    """The line-up, started; a strategy of the user's own that cannot take part is named."""
    from django.db import transaction

    from apps.bots.catalogue import known_strategies
    from apps.bots.services import BotRefused, create_bot, start_bot

    made = 0
    for wanted in line_up(known_strategies()):
        try:
            with transaction.atomic():
                bot = create_bot(user=owner, account=account, actor="up", **asdict(wanted))
                start_bot(bot=bot, actor="up")
            made += 1
        except BotRefused as refusal:
            print(f"Left out of the demo: {wanted.name} ({refusal}).")
    return made


def follow_address(account: Any, base_url: str) -> None:
    """The port may differ from the last start's."""
    from apps.audit import services as audit

    if account.base_url == base_url:
        return
    before, account.base_url = account.base_url, base_url
    account.save(update_fields=["base_url", "updated_at"])
    audit.record(
        actor="up",
        verb="move_account",
        object=account,
        before={"base_url": before},
        after={"base_url": base_url},
    )


def order_filled(*, installation: Installation, since: datetime) -> bool:
    """Tell whether an order born after `since` is filled here, as the API says, and over there."""
    born = quote(since.isoformat())
    request = Request(  # noqa: S310 - the address is our own
        f"{installation.web_url}/api/orders?status=final&since={born}",
        headers={"Authorization": f"Bearer {installation.state.secret('api-token')}"},
    )
    try:
        with urlopen(request, timeout=10) as answer:  # noqa: S310
            orders = json.load(answer)["results"]
        books = _venue(installation).ask("ledger") if orders else {"accounts": []}
    except (OSError, ExchangeRefusedError):
        return False
    ours = {order["client_order_id"] for order in orders if Decimal(order["filled"]) > 0}
    theirs = {
        trade["clientOrderId"] for account in books["accounts"] for trade in account["trades"]
    }
    return bool(ours & theirs)


def _venue(installation: Installation) -> SimulatedVenue:
    return SimulatedVenue(
        url=installation.simexchange, name=VENUE, state=installation.simexchange_state
    )


def main() -> int:
    """Seed this installation, as its settings name it; print whether the fleet was made."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.embedded")
    import django

    django.setup()
    installation = locate(state_dir=None)
    made = seed(
        venue=_venue(installation),
        password=installation.state.secret("first-login"),
        token_file=installation.state.secrets / "api-token",
    )
    if made:
        print(f"The demo fleet was made: {made} bots on the simulated exchange.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
