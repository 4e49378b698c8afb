"""For the tests: addresses of the servers come from the fixtures, never from a .env file."""

from pathlib import Path

from config.settings.base import *  # noqa: F403

STATE_DIR = Path("unused-in-tests")
SECRET_KEY = "only-for-tests"  # noqa: S105
# The fixture `postgres_url` fills in host and password when a test needs the database.
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "flotilla",
        "USER": "flotilla",
        "PASSWORD": "",
        "HOST": "",
        "PORT": "",
        "OPTIONS": {"connect_timeout": 10},
    }
}
REDIS_URL = "redis://127.0.0.1:1/0"
KEY_PUBLIC_FILE = ""
KEY_PRIVATE_FILE = ""
INSTALLATION_ID = "test"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
TRADING_LIVE_MODE = False
LOGGING = {}  # pytest captures what is logged
