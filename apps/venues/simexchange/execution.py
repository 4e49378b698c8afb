"""Runs one request against a venue so that it is either whole on disk or not done."""

import logging
from typing import Any

from apps.venues.simexchange import signature
from apps.venues.simexchange.books import Account
from apps.venues.simexchange.calls import Call
from apps.venues.simexchange.endpoints import KEYED, PUBLIC, Endpoint
from apps.venues.simexchange.errors import VenueError
from apps.venues.simexchange.exchange import Exchange
from apps.venues.simexchange.requests import Parameters

logger = logging.getLogger(__name__)


def execute(
    exchange: Exchange,
    endpoint: Endpoint,
    *,
    subject: str,
    parameters: Parameters,
    signer: Account | None,
) -> Any:
    """Run an endpoint and write its change; raise VenueError for what the exchange refuses."""
    venue = exchange.venue
    exchange.arrivals.note(subject, parameters)
    last_order = venue.books.last_order
    try:
        answer = endpoint.run(Call(exchange, parameters, signer))
        if venue.books.last_order > last_order:
            numbers = range(last_order + 1, venue.books.last_order + 1)
            _hide_new(exchange, subject, numbers, signer)
        venue.commit()
    except VenueError:
        # A refused cancel-replace may have cancelled: that half is real.
        venue.commit()
        raise
    except Exception:
        logger.exception("a request failed and its change was rolled back: %s", subject)
        venue.roll_back()
        raise VenueError(
            code=-1000,
            message="An unknown error occurred while processing the request.",
            status=500,
        ) from None
    return answer


def identify(
    exchange: Exchange,
    endpoint: Endpoint,
    *,
    api_key: str,
    parameters: Parameters,
    payload: str,
) -> Account | None:
    """Return who asks, None for a public endpoint."""
    venue = exchange.venue
    if endpoint.security == PUBLIC:
        return None
    if endpoint.security == KEYED:
        return signature.account_of_key(venue.books, api_key)
    return signature.check(
        books=venue.books,
        api_key=api_key,
        parameters=parameters,
        payload=payload,
        now=venue.now(),
    )


def _hide_new(exchange: Exchange, subject: str, numbers: range, signer: Account | None) -> None:
    fault = exchange.faults.take("order", subject)
    if fault is None or signer is None:
        return
    for number in numbers:
        order = signer.orders[number]
        exchange.venue.hide(order, until=exchange.venue.now() + fault.delay_ms)
