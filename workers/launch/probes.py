"""Questions whose answer tells that a program does its work."""

import http.client
import socket
from collections.abc import Callable
from urllib.parse import urlsplit


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
        from config.celery import app

        try:
            return bool(app.control.ping(destination=[name], timeout=1.0, limit=1))
        except OSError:
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
