"""The web application, as uvicorn runs it: live events by themselves, all else by Django."""

import os
import signal
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.embedded")

from django.core.asgi import get_asgi_application

pages = get_asgi_application()

from apps.dashboard.stream.serve import LiveEvents  # noqa: E402

LIVE = "/live/events"
live_events = LiveEvents(end_on=(signal.SIGTERM, signal.SIGINT))


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Send each request where it belongs."""
    if scope["type"] == "http" and scope["path"] == LIVE:
        await live_events(scope, receive, send)
    else:
        await pages(scope, receive, send)
