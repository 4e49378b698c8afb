"""What an administrator may do to a venue."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from apps.venues.simexchange import reports
from apps.venues.simexchange.amounts import LARGEST, exact, text
from apps.venues.simexchange.books import Account
from apps.venues.simexchange.config import ConfigError
from apps.venues.simexchange.config import change_rules as changed_rules
from apps.venues.simexchange.venue import Venue, wall_clock

if TYPE_CHECKING:
    from apps.venues.simexchange.served import Served


def open_account(served: "Served", body: Mapping[str, Any]) -> dict[str, Any]:
    """Open an account with coins; asking again with the same key changes nothing."""
    venue = served.exchange.venue
    api_key, secret = _text(body, "api_key"), _text(body, "secret")
    known = venue.books.by_key.get(api_key)
    if known is not None:
        if known.secret != secret:
            raise ConfigError("api_key exists with another secret; use another api_key")
        return _account_view(known, created=False)
    balances = body.get("balances", {})
    if not isinstance(balances, Mapping):
        raise ConfigError('balances must be an object such as {"USDT": "10000"}')
    amounts = {asset: exact(value, field=f"balances.{asset}") for asset, value in balances.items()}
    withdraw = body.get("withdraw", False)
    if not isinstance(withdraw, bool):
        raise ConfigError("withdraw must be true or false")
    account = venue.books.open_account(
        api_key=api_key, secret=secret, can_withdraw=withdraw, now=venue.now()
    )
    for asset, amount in amounts.items():
        venue.books.deposit(account=account, asset=asset, amount=amount, now=venue.now())
    venue.commit()
    return _account_view(account, created=True)


def deposit(served: "Served", body: Mapping[str, Any]) -> dict[str, Any]:
    """Credit coins to an account."""
    venue = served.exchange.venue
    account = _account(venue, body)
    asset, amount = _text(body, "asset"), exact(body.get("amount"), field="amount")
    balance = account.balance(asset)
    if balance.free + balance.locked + amount > LARGEST:
        raise ConfigError(
            f"amount is too large: an account holds at most {text(LARGEST)} of an asset"
        )
    entry = venue.books.deposit(
        account=account,
        asset=asset,
        amount=amount,
        now=venue.now(),
    )
    reports.tell_deposit(venue, entry)
    venue.commit()
    return _account_view(account, created=False)


def add_fault(served: "Served", body: Mapping[str, Any]) -> dict[str, Any]:
    """Append a line to the fault script; an outage also cuts every socket."""
    exchange = served.exchange
    fault = exchange.faults.add(body, now=exchange.venue.now())
    if fault.kind == "outage":
        exchange.streams.close_all()
        exchange.users.close_all()
    return asdict(fault)


def list_faults(served: "Served", _body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the lines of the script that can still strike."""
    return [asdict(fault) for fault in served.exchange.faults.script()]


def clear_faults(served: "Served", _body: Mapping[str, Any]) -> dict[str, Any]:
    """End all faults."""
    served.exchange.faults.clear()
    return {}


def show_clock(served: "Served", _body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the venue's clock and its markets' times."""
    venue = served.exchange.venue
    return {
        "now": venue.now(),
        "wall": wall_clock(),
        "skew_ms": venue.skew,
        "markets": {symbol: market.at for symbol, market in venue.markets.items()},
    }


def set_clock(served: "Served", body: Mapping[str, Any]) -> dict[str, Any]:
    """Set the clock's skew against the wall clock."""
    served.exchange.venue.set_skew(_whole(body, "skew_ms"))
    return show_clock(served, {})


def change_rules(served: "Served", body: Mapping[str, Any]) -> dict[str, Any]:
    """Change filters of one market from now on."""
    venue = served.exchange.venue
    market = venue.market(_text(body, "symbol").replace("/", ""))
    changes = {name: value for name, value in body.items() if name != "symbol"}
    venue.set_rules(changed_rules(market.rules, changes, where="rules"))
    return market.rules.describe()


def status(served: "Served", *, mode: str) -> dict[str, Any]:
    """Return what this venue is."""
    venue = served.exchange.venue
    return {
        "venue": venue.name,
        "mode": mode,
        "prices": venue.config.prices.get("kind"),
        "notice": venue.notice,
        "accounts": len(venue.books.accounts),
        "orders": sum(len(account.orders) for account in venue.books.accounts.values()),
        "open_orders": sum(len(account.open_orders) for account in venue.books.accounts.values()),
        "faults": len(served.exchange.faults.script()),
        "markets": {
            symbol: {"at": market.at, "last": text(market.last)}
            for symbol, market in venue.markets.items()
        },
    }


def _account_view(account: Account, *, created: bool) -> dict[str, Any]:
    return {
        "api_key": account.api_key,
        "created": created,
        "balances": {
            asset: {"free": text(balance.free), "locked": text(balance.locked)}
            for asset, balance in account.balances.items()
        },
    }


def _account(venue: Venue, body: Mapping[str, Any]) -> Account:
    account = venue.books.by_key.get(_text(body, "api_key"))
    if account is None:
        raise ConfigError("api_key names no account of this venue")
    return account


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise ConfigError(f"{name} is missing; give a text")
    return value


def _whole(body: Mapping[str, Any], name: str) -> int:
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ConfigError(f"{name} must be a whole number; got {value!r}")
    return value
