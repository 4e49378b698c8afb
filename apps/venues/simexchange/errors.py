"""Refusals in Binance's words."""

from collections.abc import Mapping
from typing import Any


class VenueError(Exception):
    """A request that the exchange refuses, with the code and text that it answers.

    `payload` is added to the answer's body (cancel-replace reports both halves there).
    """

    def __init__(
        self,
        *,
        code: int,
        message: str,
        status: int = 400,
        headers: Mapping[str, str] | None = None,
        payload: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{code} {message}")
        self.code = code
        self.message = message
        self.status = status
        self.headers = dict(headers or {})
        self.payload = dict(payload) if payload is not None else None

    def body(self) -> dict[str, Any]:
        """Return the JSON body of the answer."""
        body: dict[str, Any] = {"code": self.code, "msg": self.message}
        if self.payload is not None:
            body["data"] = self.payload
        return body


def missing_parameter(name: str) -> VenueError:
    """A mandatory parameter is absent or empty."""
    return VenueError(
        code=-1102,
        message=f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.",
    )


def unwanted_parameter(name: str) -> VenueError:
    """A parameter that this kind of order does not take."""
    return VenueError(code=-1106, message=f"Parameter '{name}' sent when not required.")


def illegal_parameter(name: str) -> VenueError:
    """A parameter whose value is not of its kind."""
    return VenueError(code=-1130, message=f"Data sent for parameter '{name}' is not valid.")


def invalid_symbol() -> VenueError:
    """The exchange has no such market."""
    return VenueError(code=-1121, message="Invalid symbol.")


def unknown_order() -> VenueError:
    """Nothing open to cancel under this id."""
    return VenueError(code=-2011, message="Unknown order sent.")


def no_such_order() -> VenueError:
    """A query for an order that does not exist."""
    return VenueError(code=-2013, message="Order does not exist.")


def insufficient_balance() -> VenueError:
    """The account cannot pay for the order."""
    return VenueError(code=-2010, message="Account has insufficient balance for requested action.")


def rejected(message: str) -> VenueError:
    """The matching engine refuses a new order."""
    return VenueError(code=-2010, message=message)


def filter_failure(name: str) -> VenueError:
    """The order breaks one of the symbol's filters."""
    return VenueError(code=-1013, message=f"Filter failure: {name}")


def backend_timeout() -> VenueError:
    """Execution status unknown: the gateway got no answer from the matching engine."""
    return VenueError(
        code=-1007,
        message=(
            "Timeout waiting for response from backend server. "
            "Send status unknown; execution status unknown."
        ),
        status=408,
    )


def unavailable() -> VenueError:
    """The exchange is down."""
    return VenueError(code=-1000, message="Service unavailable, please try later.", status=503)
