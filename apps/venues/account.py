"""Which exchange, and whose account there."""

from dataclasses import dataclass, field
from typing import Literal

Environment = Literal["simulated", "testnet", "live"]


@dataclass(frozen=True, slots=True)
class VenueKey:
    """A place with its own markets and prices. `venue_name` tells simulated venues apart."""

    exchange: str
    environment: Environment
    venue_name: str = ""


@dataclass(frozen=True, slots=True)
class VenueAccount:
    """One credential at one exchange. `base_url` points at a simulated venue, without a slash."""

    exchange: str
    environment: Environment
    venue_name: str
    base_url: str | None
    api_key: str = field(repr=False)
    secret: str = field(repr=False)
    password: str | None = field(default=None, repr=False)

    @property
    def key(self) -> VenueKey:
        return VenueKey(self.exchange, self.environment, self.venue_name)
