"""Where an exchange is: the real one, its test network, or a simulated one on this machine."""

from collections.abc import Mapping
from typing import Any

from apps.venues.account import Environment
from apps.venues.capabilities import Profile

# The dialects that the simulated exchange speaks.
SIMULATED_DIALECTS = frozenset({"binance"})


class UnusableAccount(ValueError):
    """The account's exchange, environment and address do not fit together."""


def check_endpoint(profile: Profile, *, environment: Environment, base_url: str | None) -> None:
    """Refuse a simulated account without an address, and a real one with an address."""
    if environment == "simulated":
        if base_url is None:
            raise UnusableAccount("a simulated account needs base_url, the simulated venue's URL")
        if profile.dialect not in SIMULATED_DIALECTS:
            raise UnusableAccount(
                f"exchange {profile.exchange!r} cannot be simulated; use exchange 'binance'"
            )
    elif base_url is not None:
        raise UnusableAccount(
            f"a {environment} account of {profile.exchange} must not set base_url; leave it empty"
        )


def config_for(profile: Profile, *, base_url: str | None) -> dict[str, Any]:
    """ccxt's configuration for this exchange; a base_url replaces every address it would use."""
    config: dict[str, Any] = {"options": dict(profile.options)}
    if base_url is not None:
        config["urls"] = {"api": _simulated_urls(base_url.rstrip("/"))}
    return config


def after_opening(client: Any, *, environment: Environment) -> None:
    """What can only be set on a made client."""
    if environment == "testnet":
        client.set_sandbox_mode(True)
    elif environment == "simulated":
        # The pause lets encrypted connections end; there are none on this machine.
        client.timeout_on_exit = 0
        # ccxt picks its table of errors by the real host's name.
        spot: Mapping[str, Any] = client.exceptions.get("spot", {})
        client.exceptions["exact"].update(spot.get("exact", {}))


def _simulated_urls(base: str) -> dict[str, Any]:
    stream = "ws" + base.removeprefix("http")
    return {
        "public": f"{base}/api/v3",
        "private": f"{base}/api/v3",
        "v1": f"{base}/api/v1",
        "sapi": f"{base}/sapi/v1",
        "sapiV2": f"{base}/sapi/v2",
        "sapiV3": f"{base}/sapi/v3",
        # Without "/stream" in it ccxt files spot events under the swap market.
        "ws": {"spot": f"{stream}/stream/ws", "ws-api": {"spot": f"{stream}/ws-api/v3"}},
    }
