"""The admin face `/sim`: accounts, deposits, faults, clock, rules, steps and the ledger dump."""

import hmac
import secrets
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

from apps.venues.simexchange import admin, ledger, steps
from apps.venues.simexchange.config import ConfigError
from apps.venues.simexchange.errors import VenueError
from apps.venues.simexchange.faults import FaultError
from apps.venues.simexchange.prices import PriceSourceError

if TYPE_CHECKING:
    from apps.venues.simexchange.served import Served

Action = Callable[["Served", Mapping[str, Any]], Any]

_LOOPBACK = ("127.0.0.1", "::1")


def read_token(path: Path) -> str:
    """Return the admin token of this state folder, making it (0600) once."""
    if path.exists():
        return path.read_text().strip()
    token = secrets.token_hex(24)
    path.touch(mode=0o600)
    path.write_text(token)
    return token


class SimFace:
    """Answers `/sim/...`, for whoever holds the token."""

    def __init__(
        self, venues: Mapping[str, "Served"], *, token: str, mode: str, remote_allowed: bool
    ) -> None:
        self._venues = venues
        self._token = token
        self._mode = mode
        self._remote_allowed = remote_allowed
        self._actions: Mapping[str, Action] = {
            "POST accounts": admin.open_account,
            "POST deposit": admin.deposit,
            "POST faults": admin.add_fault,
            "GET faults": admin.list_faults,
            "DELETE faults": admin.clear_faults,
            "GET clock": admin.show_clock,
            "POST clock": admin.set_clock,
            "POST rules": admin.change_rules,
            "POST advance": self._advance,
            "GET ledger": lambda served, _body: ledger.dump(served.exchange.venue),
            "GET arrivals": lambda served, _body: served.exchange.arrivals.listed(),
            "GET limits": lambda served, _body: served.exchange.limits.report(),
            "GET status": lambda served, _body: admin.status(served, mode=self._mode),
        }

    async def answer(self, request: web.Request, path: str) -> web.StreamResponse:
        """Answer one admin request."""
        if not self._remote_allowed and request.remote not in _LOOPBACK:
            return _json({"error": "/sim answers this host only; see --sim-remote"}, status=403)
        given = request.headers.get("X-Sim-Token", "")
        if not hmac.compare_digest(given.encode(), self._token.encode()):
            return _json({"error": "X-Sim-Token is missing or wrong"}, status=401)
        if path in ("", "status"):
            return _json(
                {
                    name: admin.status(served, mode=self._mode)
                    for name, served in self._venues.items()
                }
            )
        name, _, verb = path.partition("/")
        served, action = self._venues.get(name), self._actions.get(f"{request.method} {verb}")
        if served is None or action is None:
            return _json({"error": f"nothing at /sim/{path}"}, status=404)
        try:
            body = orjson.loads(await request.read() or b"{}")
            if not isinstance(body, dict):
                raise ConfigError("the body must be a JSON object")
            answer = action(served, body)
            return _json(await answer if isinstance(answer, Awaitable) else answer)
        except orjson.JSONDecodeError as error:
            return _json({"error": f"the body is not JSON: {error}"}, status=400)
        except (ConfigError, FaultError, PriceSourceError, ValueError) as error:
            return _json({"error": str(error)}, status=400)
        except VenueError as error:
            return _json({"error": error.message}, status=400)
        except Exception:
            # A half-made change must not be written with the next one.
            served.exchange.venue.roll_back()
            raise

    def _advance(self, served: "Served", body: Mapping[str, Any]) -> Any:
        if self._mode != "lockstep":
            raise ConfigError("advance needs mode lockstep; this exchange follows the wall clock")
        return steps.advance(served.exchange.venue, served.pump, body)


def _json(content: Any, *, status: int = 200) -> web.Response:
    return web.Response(status=status, body=orjson.dumps(content), content_type="application/json")
