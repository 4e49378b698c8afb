"""Servers given by address instead of the embedded ones: reachable, new enough, or an error."""

import threading
from collections.abc import Callable
from contextlib import closing

import psycopg2
import redis

from workers.launch.errors import LaunchError
from workers.launch.valkey import hide_password

_LIMIT_S = 12.0
_OLDEST_POSTGRES = 15
_OLDEST_REDIS = 7


def check_database(url: str) -> None:
    """Raise LaunchError unless `url` leads to a usable PostgreSQL within 12 seconds."""
    _within_limit("DATABASE_URL", url, lambda: _ask_postgres(url))


def check_redis(url: str) -> None:
    """Raise LaunchError unless `url` leads to a usable Redis within 12 seconds."""
    _within_limit("REDIS_URL", url, lambda: _ask_redis(url))


def _ask_postgres(url: str) -> None:
    if not url.startswith(("postgres://", "postgresql://")):
        raise LaunchError(
            "DATABASE_URL must look like postgresql://user:password@host:5432/name", exit_code=2
        )
    with closing(psycopg2.connect(url, connect_timeout=5)) as connection:
        version = connection.server_version // 10_000
    if version < _OLDEST_POSTGRES:
        raise _too_old("DATABASE_URL", "PostgreSQL", version, _OLDEST_POSTGRES)


def _ask_redis(url: str) -> None:
    try:
        client = redis.Redis.from_url(url, socket_connect_timeout=5, socket_timeout=5)
    except ValueError:
        raise LaunchError(
            "REDIS_URL must look like redis://:password@host:6379/0", exit_code=2
        ) from None
    with closing(client):
        version = int(client.info("server")["redis_version"].split(".")[0])
    if version < _OLDEST_REDIS:
        raise _too_old("REDIS_URL", "Redis", version, _OLDEST_REDIS)


def _too_old(variable: str, product: str, version: int, oldest: int) -> LaunchError:
    return LaunchError(
        f"{variable} leads to {product} {version} and {oldest} or newer is needed: upgrade it, "
        f"or take {variable} away to use the embedded server.",
        exit_code=2,
    )


def _within_limit(variable: str, url: str, ask: Callable[[], None]) -> None:
    outcome: list[Exception | None] = []

    def run() -> None:
        try:
            ask()
        except (LaunchError, psycopg2.Error, redis.RedisError, OSError) as error:
            outcome.append(error)
        else:
            outcome.append(None)

    # A name server that is silent blocks for longer than any connect timeout says.
    asking = threading.Thread(target=run, daemon=True)
    asking.start()
    asking.join(_LIMIT_S)
    error = outcome[0] if outcome else TimeoutError(f"no answer within {_LIMIT_S:.0f} s")
    if isinstance(error, LaunchError):
        raise error
    if error is not None:
        reason = hide_password(" ".join(str(error).split())) or type(error).__name__
        raise LaunchError(
            f"{variable} {hide_password(url)} cannot be used ({reason}): start that server or "
            f"correct {variable}; without {variable} an embedded server is started.",
            exit_code=2,
        )
