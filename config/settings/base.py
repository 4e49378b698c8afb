"""Settings every way of running shares."""

from pathlib import Path

from config import env
from config.packages import inside
from config.settings.look import UNFOLD  # noqa: F401
from config.settings.rest import REST_FRAMEWORK, REST_KNOX  # noqa: F401

BASE_DIR = Path(__file__).resolve().parents[2]

INSTALLED_APPS = [
    # Before the admin, whose look it is.
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "knox",
    # No models: templates and static files that apps share.
    "apps.common",
    "apps.audit",
    "apps.accounts",
    "apps.markets",
    "apps.operations",
    "apps.bots",
    "apps.ledger",
    "apps.research",
    "apps.dashboard",
    "workers",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
AUTH_USER_MODEL = "accounts.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-us"
STATIC_URL = "static/"
# Static files are served from inside the packages: nothing to collect.
WHITENOISE_USE_FINDERS = True
STATICFILES_DIRS = [("charts", inside("lightweight_charts", "js"))]
LOGIN_URL = "login-page"
LOGIN_REDIRECT_URL = "fleet"
LOGOUT_REDIRECT_URL = "login-page"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

ALLOWED_HOSTS = env.read("ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS = env.read("CSRF_TRUSTED_ORIGINS")
SIMEXCHANGE_URL = env.read("SIMEXCHANGE_URL")
SIMEXCHANGE_STATE_DIR = env.read("SIMEXCHANGE_STATE_DIR")
TRADING_LIVE_MODE = env.read("TRADING_LIVE_MODE")
LEASE_TTL_S = env.read("LEASE_TTL_S")
LEASE_RENEW_S = env.read("LEASE_RENEW_S")
SEND_SAFETY_S = env.read("SEND_SAFETY_S")
RECV_WINDOW_MS = env.read("RECV_WINDOW_MS")
READ_LAG_MS = env.read("READ_LAG_MS")
CANARY_EVERY_S = env.read("CANARY_EVERY_S")
CANARY_SILENCE_S = env.read("CANARY_SILENCE_S")
CANARY_REGAIN_S = env.read("CANARY_REGAIN_S")
MARKET_TIME = env.read("MARKET_TIME")
SNAPSHOT_EVERY_S = env.read("SNAPSHOT_EVERY_S")
MARKS_EVERY_S = env.read("MARKS_EVERY_S")
BROKER_VISIBILITY_TIMEOUT_S = env.read("BROKER_VISIBILITY_TIMEOUT_S")
EGRESS_IP = env.read("EGRESS_IP")
BUDGET_TARGET_SHARE = env.read("BUDGET_TARGET_SHARE")
BUDGET_PROCESSES = env.read("BUDGET_PROCESSES")
BOTS_PER_PROCESS = env.read("FLOTILLA_BOTS_PER_PROCESS")
KEY_PRIVATE_FILE = env.read("KEY_PRIVATE_FILE")
STRATEGY_PATH = env.read("STRATEGY_PATH")
REPORTING_CURRENCY = env.read("REPORTING_CURRENCY")
LOG_KEEP_DAYS = env.read("LOG_KEEP_DAYS")
LOG_KEEP_LINES = env.read("LOG_KEEP_LINES")

LOGGING_CONFIG = "config.logs.from_settings"
LOGGING = {"format": env.read("FLOTILLA_LOG_FORMAT"), "level": env.read("FLOTILLA_LOG_LEVEL")}
