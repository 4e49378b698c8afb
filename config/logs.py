"""Log lines: JSON or console, with secrets struck out."""

import logging
import re
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_SECRET_NAME = re.compile(
    r"(?i)(password|passphrase|secret|token|api_?key|private_?key|signature|authorization|cookie)"
)
_SECRET_IN_TEXT = (
    # Addresses: scheme://user:password@host
    (re.compile(r"(?<=://)([^:/@\s]*):[^@\s/]+@"), r"\1:***@"),
    # Query strings, assignments and dictionary entries: signature=..., 'api_key': '...'
    (
        re.compile(
            r"(?i)((?:password|secret|token|api_?key|signature|listenkey)[\"']?\s*[=:]\s*[\"']?)"
            r"[^\s&\"',})]+"
        ),
        r"\1***",
    ),
    (re.compile(r"(?i)((?:Bearer|Token|Basic)\s+)[A-Za-z0-9._~+/=-]{8,}"), r"\1***"),
)
STRUCK_OUT = "***"


def strike_out(text: str) -> str:
    """Return the text with everything that looks like a secret replaced by stars."""
    for pattern, replacement in _SECRET_IN_TEXT:
        text = pattern.sub(replacement, text)
    return text


def _redact(value: Any) -> Any:
    if isinstance(value, str):
        return strike_out(value)
    if isinstance(value, dict):
        return {
            key: STRUCK_OUT if _SECRET_NAME.search(str(key)) else _redact(entry)
            for key, entry in value.items()
        }
    if isinstance(value, list | tuple):
        return [_redact(entry) for entry in value]
    return value


def redact_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Strike secrets out of every entry of a log event (a structlog processor)."""
    redacted: EventDict = _redact(dict(event))
    return redacted


def from_settings(wanted: dict[str, str]) -> None:
    """Configure logging from settings.LOGGING, which names a format and a level."""
    configure(log_format=wanted["format"], level=wanted["level"])


def configure(*, log_format: str, level: str) -> None:
    """Send the standard library's and structlog's events to stderr in one shape.

    `log_format` is "json" or "console".
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        redact_secrets,
    ]
    renderer: Processor = (
        structlog.dev.ConsoleRenderer()
        if log_format == "console"
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    lines = logging.StreamHandler()
    lines.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [lines]
    root.setLevel(level)
    # Every sweep of a second would be four lines; Flower shows the tasks one by one.
    for name in ("celery.worker.strategy", "celery.app.trace", "celery.beat"):
        logging.getLogger(name).setLevel(max(root.level, logging.WARNING))
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
