"""For a public server: pages and cookies travel by https only, addresses must be given."""

from django.core.exceptions import ImproperlyConfigured

from config import env
from config.settings.embedded import *  # noqa: F403
from config.settings.embedded import INSTALLATION_ID, SECRET_KEY

for _name in ("DATABASE_URL", "REDIS_URL"):
    if not env.read(_name):
        raise ImproperlyConfigured(f"{_name} must be given: see .env.example.")
if not (SECRET_KEY and INSTALLATION_ID):
    raise ImproperlyConfigured(
        "DJANGO_SECRET_KEY and INSTALLATION_ID are missing: give them, or make them once with: "
        "python -m workers.launch.setup"
    )

SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = True
SECURE_HSTS_SECONDS = 31_536_000
# The health check of the machine itself comes without https.
SECURE_REDIRECT_EXEMPT = [r"^api/health/?$"]
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
