"""For a server of your own: every address and secret is given, cookies travel by https only."""

from django.core.exceptions import ImproperlyConfigured

from config import env

env.load_dotenv()

from config.settings.base import *  # noqa: E402, F403


def _required(name: str) -> str:
    value = env.read(name)
    if not value:
        raise ImproperlyConfigured(f"{name} must be given: see .env.example.")
    return str(value)


SECRET_KEY = _required("DJANGO_SECRET_KEY")
DATABASES = {"default": env.database(_required("DATABASE_URL"))}
REDIS_URL = _required("REDIS_URL")
KEY_PUBLIC_FILE = _required("KEY_PUBLIC_FILE")
INSTALLATION_ID = _required("INSTALLATION_ID")

SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = True
SECURE_HSTS_SECONDS = 31_536_000
SECURE_REDIRECT_EXEMPT = [r"^api/health/?$"]
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
