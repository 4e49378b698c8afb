"""Checks who asks: key, timestamp, recvWindow and HMAC signature, in the documented order."""

import hmac
import re
from typing import Final

from apps.venues.simexchange.books import Account, Books
from apps.venues.simexchange.errors import VenueError, missing_parameter
from apps.venues.simexchange.requests import Parameters

USUAL_WINDOW_MS: Final = 5_000
LARGEST_WINDOW_MS: Final = 60_000
AHEAD_ALLOWED_MS: Final = 1_000
_SIGNATURE: Final = re.compile(r"(?:^|&)signature=[^&]*")


def account_of_key(books: Books, api_key: str) -> Account:
    """Return the owner of a key or refuse with -2015."""
    account = books.by_key.get(api_key)
    if account is None:
        raise VenueError(
            code=-2015,
            message="Invalid API-key, IP, or permissions for action.",
            status=401,
        )
    return account


def check(*, books: Books, api_key: str, parameters: Parameters, payload: str, now: int) -> Account:
    """Return the account that signed a request; refuse anything else.

    payload -- the text that was signed, without its signature; now -- the venue's clock in ms.
    """
    account = account_of_key(books, api_key)
    check_time(parameters, now=now)
    expected = hmac.digest(account.secret.encode(), payload.encode(), "sha256").hex()
    if not hmac.compare_digest(expected.encode(), parameters.get("signature", "").encode()):
        raise VenueError(code=-1022, message="Signature for this request is not valid.")
    return account


def check_time(parameters: Parameters, *, now: int) -> None:
    """Refuse a request signed too long ago or in the future."""
    sent_at = _milliseconds(parameters, "timestamp")
    window = USUAL_WINDOW_MS
    if parameters.get("recvWindow"):
        window = _milliseconds(parameters, "recvWindow")
    if window > LARGEST_WINDOW_MS:
        raise VenueError(code=-1131, message="recvWindow must be less than 60000.")
    if sent_at > now + AHEAD_ALLOWED_MS:
        raise VenueError(
            code=-1021,
            message="Timestamp for this request was 1000ms ahead of the server's time.",
        )
    if now - sent_at > window:
        raise VenueError(
            code=-1021, message="Timestamp for this request is outside of the recvWindow."
        )


def signed_text(query: str, body: str) -> str:
    """Return what a REST request signed: query and body as sent, without the signature."""
    return _SIGNATURE.sub("", query) + _SIGNATURE.sub("", body)


def signed_pairs(parameters: Parameters) -> str:
    """Return what a websocket request signed: its parameters sorted by name."""
    return "&".join(
        f"{name}={parameters[name]}" for name in sorted(parameters) if name != "signature"
    )


def _milliseconds(parameters: Parameters, name: str) -> int:
    value = parameters.get(name)
    if not value:
        raise missing_parameter(name)
    whole, _, decimals = value.partition(".")
    digits = whole + decimals
    if not digits.isascii() or not digits.isdigit() or len(value) > 20:
        raise VenueError(
            code=-1100,
            message=f"Illegal characters found in parameter '{name}'; "
            "legal range is '^[0-9]{1,20}$'.",
        )
    return int(whole or 0)
