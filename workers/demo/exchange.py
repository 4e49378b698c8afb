"""The operator's side of the simulated exchange: opens accounts there, shows its books."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from apps.trading.instrument import Instrument
from apps.trading.ports import VenueUnavailable
from apps.venues import VenueAccount, open_venue
from apps.venues.budget import MemoryBudget, weight_limit
from apps.venues.clock import WallClock

EXCHANGE = "binance"
"""The exchange whose dialect the simulated venues speak."""
# A step of lock-step carries whole markets, and is answered when all of it is matched.
_PATIENCE_S = 30.0


class ExchangeRefusedError(RuntimeError):
    """The simulated exchange did not do what it was asked; the text says why."""


class SimulatedVenue:
    """One named venue of a simulated exchange, reached with the token of its state folder."""

    def __init__(self, *, url: str, name: str, state: Path) -> None:
        self.url = url.rstrip("/")
        self.name = name
        self._token_file = state / "sim-token"

    @property
    def base_url(self) -> str:
        """Where clients trade."""
        return f"{self.url}/{self.name}"

    def token(self) -> str:
        """What opens the operator's endpoints; ExchangeRefusedError when it is not there."""
        try:
            return self._token_file.read_text().strip()
        except OSError as error:
            raise ExchangeRefusedError(
                f"the simulated exchange's token {self._token_file} cannot be read "
                f"({error.strerror}): set SIMEXCHANGE_STATE_DIR to its folder"
            ) from None

    def ask(self, path: str, body: Mapping[str, Any] | None = None, *, method: str = "") -> Any:
        """GET, or POST when there is a body; the JSON answer. ExchangeRefusedError otherwise."""
        request = Request(  # noqa: S310 - the address is our own setting
            f"{self.url}/sim/{self.name}/{path}",
            method=method or ("GET" if body is None else "POST"),
            data=None if body is None else json.dumps(body).encode(),
            headers={"X-Sim-Token": self.token(), "Content-Type": "application/json"},
        )
        try:
            with urlopen(request, timeout=_PATIENCE_S) as answer:  # noqa: S310
                return json.load(answer)
        except HTTPError as error:
            said = error.read().decode(errors="replace")
            raise ExchangeRefusedError(f"venue {self.name} answered {error.code}: {said}") from None
        except OSError as error:
            raise ExchangeRefusedError(
                f"the simulated exchange at {self.url} does not answer ({error}): "
                "start it with `manage.py up`"
            ) from None

    async def instruments(self, *, keys: Mapping[str, str]) -> Mapping[str, Instrument]:
        """What the venue trades, as a worker sees it."""
        clock = WallClock()
        venue = open_venue(
            VenueAccount(EXCHANGE, "simulated", self.name, self.base_url, **keys),
            budget=MemoryBudget(limit=weight_limit(EXCHANGE), clock=clock),
            clock=clock,
        )
        try:
            return await venue.instruments()
        except VenueUnavailable as trouble:
            raise ExchangeRefusedError(
                f"venue {self.name} at {self.base_url} lists no markets ({trouble}): is it one of "
                "the simulated exchange, and does that run?"
            ) from trouble
        finally:
            await venue.close()
