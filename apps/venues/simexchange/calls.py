"""One request as an endpoint sees it."""

from dataclasses import dataclass

from apps.venues.simexchange.books import Account
from apps.venues.simexchange.errors import VenueError
from apps.venues.simexchange.exchange import Exchange
from apps.venues.simexchange.requests import Parameters
from apps.venues.simexchange.venue import Venue


@dataclass(frozen=True, slots=True)
class Call:
    """Parameters, and the account when the request was signed."""

    exchange: Exchange
    parameters: Parameters
    signer: Account | None = None

    @property
    def venue(self) -> Venue:
        """The venue that was asked."""
        return self.exchange.venue

    @property
    def account(self) -> Account:
        """The account that signed."""
        if self.signer is None:
            raise VenueError(code=-2014, message="API-key format invalid.", status=401)
        return self.signer
