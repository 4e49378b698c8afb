"""Every setting that comes from the environment: one table, one way to read it."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parents[1]
_ENVIRONMENT = environ.Env()


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable: how it is read, what it defaults to, what it means."""

    name: str
    kind: type
    default: Any
    help: str
    secret: bool = False


VARIABLES: tuple[Variable, ...] = (
    Variable(
        "DJANGO_SETTINGS_MODULE",
        str,
        "config.settings.embedded",
        "Which settings run: config.settings.embedded or config.settings.production.",
    ),
    Variable("FLOTILLA_STATE_DIR", str, ".flotilla", "Folder for data, secrets and logs."),
    Variable("FLOTILLA_PORT", int, 8000, "Port of the web pages and the REST API."),
    Variable("FLOTILLA_BIND", str, "127.0.0.1", "Address the web server listens on."),
    Variable(
        "DATABASE_URL",
        str,
        "",
        "PostgreSQL 15 or newer, as postgresql://user:password@host:5432/name. "
        "Empty: an embedded server is started.",
        secret=True,
    ),
    Variable(
        "REDIS_URL",
        str,
        "",
        "Redis 7 or newer, as redis://:password@host:6379/0. Empty: an embedded server is started.",
        secret=True,
    ),
    Variable("DJANGO_SECRET_KEY", str, "", "Signs sessions. Empty: made once.", secret=True),
    Variable("ALLOWED_HOSTS", list, "localhost,127.0.0.1,[::1]", "Host names the pages answer to."),
    Variable("CSRF_TRUSTED_ORIGINS", list, "", "Origins of forms, as https://name."),
    Variable(
        "SIMEXCHANGE_URL",
        str,
        "http://127.0.0.1:8010",
        "Address of the simulated exchange.",
    ),
    Variable(
        "SIMEXCHANGE_STATE_DIR",
        str,
        "",
        "Folder of the simulated exchange; its sim-token opens accounts there.",
    ),
    Variable(
        "PAPER_SOURCE_URL",
        str,
        "",
        "Address that --paper takes prices from instead of the exchange's own; it must speak "
        "Binance's protocol.",
    ),
    Variable("TRADING_LIVE_MODE", bool, False, "Whether live accounts may place orders."),
    Variable("LEASE_TTL_S", float, 6.0, "Seconds after which a silent worker process is dead."),
    Variable("LEASE_RENEW_S", float, 2.0, "Seconds between two renewals of a process lease."),
    Variable("SEND_SAFETY_S", float, 1.0, "A process stops sending this long before its TTL."),
    Variable("RECV_WINDOW_MS", int, 5000, "How long the exchange accepts a signed order."),
    Variable("READ_LAG_MS", int, 1000, "How late an exchange may show an order it accepted."),
    Variable("CANARY_EVERY_S", float, 10.0, "Seconds between a worker's messages to itself."),
    Variable(
        "CANARY_SILENCE_S", float, 30.0, "A worker that hears none of them for so long starts anew."
    ),
    Variable(
        "CANARY_REGAIN_S", float, 40.0, "Seconds a worker has to come back after its broker did."
    ),
    Variable(
        "MARKET_TIME",
        str,
        "clock",
        "What tells the time that plans and their timers follow: clock, or prices for a simulated "
        "exchange that replays a recording or is stepped.",
    ),
    Variable("SNAPSHOT_EVERY_S", float, 10.0, "Seconds between two snapshots of a busy bot."),
    Variable("MARKS_EVERY_S", float, 10.0, "Seconds between two checkpoints of trailing highs."),
    Variable(
        "EGRESS_IP",
        str,
        "default",
        "Name of the address requests leave from; hosts behind one address give the same name "
        "and so share its request budget at each exchange.",
    ),
    Variable(
        "BUDGET_TARGET_SHARE",
        float,
        0.8,
        "Share of an exchange's request limit that entries and data keep below; "
        "the rest is for cancels and exits.",
    ),
    Variable(
        "BUDGET_PROCESSES",
        int,
        4,
        "Worker processes that share the limit while Redis, which counts them, is gone.",
    ),
    Variable(
        "BROKER_VISIBILITY_TIMEOUT_S",
        int,
        3600,
        "Seconds after which Redis hands out again what no worker took; recovery never needs it.",
    ),
    Variable(
        "FLOTILLA_BOTS_PER_PROCESS",
        int,
        1000,
        "Bots that one bots process runs at most; more wait until another process has room.",
    ),
    Variable(
        "FLOTILLA_SPARE",
        bool,
        True,
        "Keep a loaded process waiting, which takes the place of a bots process that died.",
    ),
    Variable("KEY_PUBLIC_FILE", str, "", "Public key that seals exchange keys."),
    Variable("KEY_PRIVATE_FILE", str, "", "Private key that opens them: workers only."),
    Variable("INSTALLATION_ID", str, "", "4 characters 0-9 a-z that mark our orders; made once."),
    Variable("NUMBA_CACHE_DIR", str, "", "Folder for compiled kernels."),
    Variable("STRATEGY_PATH", str, "", "Folder with strategies of your own."),
    Variable("REPORTING_CURRENCY", str, "USDT", "Asset in which totals of all bots are shown."),
    Variable("LOG_KEEP_DAYS", int, 30, "Days after which lines of the bots' logs are deleted."),
    Variable("LOG_KEEP_LINES", int, 10_000, "Lines of its log that each bot keeps at most."),
    Variable("FLOTILLA_QUEUE", str, "bots", "Queue a worker process serves; set by its launcher."),
    Variable(
        "FLOTILLA_LAG_LOG", str, "", "File in which a bots process notes how late its timers run."
    ),
    Variable("FLOTILLA_LOG_FORMAT", str, "json", "Log lines as json or console."),
    Variable("FLOTILLA_LOG_LEVEL", str, "INFO", "DEBUG, INFO, WARNING or ERROR."),
)
_BY_NAME = {variable.name: variable for variable in VARIABLES}


def load_dotenv(path: Path = BASE_DIR / ".env") -> None:
    """Take variables from a .env file; those already in the environment win."""
    if path.is_file():
        environ.Env.read_env(str(path))


def read(name: str) -> Any:
    """Read one variable of the table in its kind."""
    variable = _BY_NAME[name]
    readers: dict[type, Callable[..., Any]] = {
        bool: _ENVIRONMENT.bool,
        int: _ENVIRONMENT.int,
        float: _ENVIRONMENT.float,
        list: _read_list,
    }
    if not os.environ.get(name):
        return _split(variable.default) if variable.kind is list else variable.default
    try:
        return readers.get(variable.kind, _ENVIRONMENT.str)(name)
    except ValueError:
        raise ImproperlyConfigured(
            f"{name} must be of kind {variable.kind.__name__}: {variable.help}"
        ) from None


def _read_list(name: str) -> list[str]:
    return _split(os.environ[name])


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def database(url: str) -> dict[str, Any]:
    """Turn a database address into Django's settings for it."""
    settings = environ.Env.db_url_config(url)
    if settings.get("ENGINE") != "django.db.backends.postgresql":
        raise ImproperlyConfigured(
            "DATABASE_URL must name a PostgreSQL database: postgresql://user:password@host/name"
        )
    options = settings.setdefault("OPTIONS", {})
    # A socket folder cannot stand in the host part of an address, so it comes as a query.
    for option, name in (("host", "HOST"), ("port", "PORT")):
        if option in options:
            settings[name] = options.pop(option)
    options.setdefault("connect_timeout", 10)
    # So that an operator sees whose connections the server holds.
    options.setdefault("application_name", f"flotilla {_role()} {os.getpid()}")
    # A process that is held up (SIGSTOP, a paused machine) amid a transaction would keep its row
    # locks, and its successor waiting, for as long as it sleeps: the server ends it instead.
    patience_ms = int(read("LEASE_TTL_S") * 1000)
    limits = f"-c idle_in_transaction_session_timeout={patience_ms}"
    if _role() == "signals":
        # Kept from task to task (config.celery), and looked at before each.
        settings |= {"CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True}
        # Nothing it writes is worth waiting for the disk: a bot that acted on a signal has
        # journaled so durably, and with that everything that was committed before.
        limits += " -c synchronous_commit=off"
    options.setdefault("options", limits)
    return dict(settings)


def _role() -> str:
    """The queue this process serves, or "command"."""
    return os.environ.get("FLOTILLA_QUEUE") or "command"


def example() -> str:
    """Return the text of .env.example: every variable with its help, commented out."""
    blocks = [f"# {variable.help}\n# {variable.name}={variable.default}" for variable in VARIABLES]
    head = "# Copy to .env and uncomment what you change. The environment wins over this file."
    return "\n\n".join([head, *blocks]) + "\n"
