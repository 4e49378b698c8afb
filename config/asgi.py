"""The web application, as uvicorn runs it."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.embedded")

from django.core.asgi import get_asgi_application

application = get_asgi_application()
