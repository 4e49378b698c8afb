"""Questions whose answer tells that a program does its work."""

import http.client
import socket
from collections.abc import Callable
from urllib.parse import urlsplit

# Whoever asks also restarts the broker, so must not wait for it.
_QUICKLY = {"max_retries": 0, "socket_timeout": 2, "socket_connect_timeout": 2}


def answers(url: str) -> Callable[[], bool]:
    """Make a probe: an HTTP server answers at `url`, and not with an error of its own."""
    parts = urlsplit(url)

    def ask() -> bool:
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=2)
        try:
            connection.request("GET", parts.path or "/")
            return connection.getresponse().status < 500
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    return ask


def worker_answers(name: str) -> Callable[[], bool]:
    """Make a probe: the Celery worker of this node name answers a ping through the broker."""

    def ask() -> bool:
        from kombu.exceptions import OperationalError
        from redis.exceptions import RedisError

        from config.celery import app

        try:
            # A connection of its own: a kept one may lead to a server that was killed since.
            with app.connection_for_write(transport_options=_QUICKLY) as connection:
                answers = app.control.ping([name], timeout=1.0, limit=1, connection=connection)
                return bool(answers)
        except (OSError, OperationalError, RedisError):
            return False

    return ask


def port_is_free(port: int, *, address: str = "127.0.0.1") -> bool:
    """Tell whether a server could listen on this port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True
