"""Secrets never reach a log line."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from config import logs

SECRET = "s3cr3tValue"


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    logs.configure(log_format="json", level="INFO")
    written = io.StringIO()
    handler = root.handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(written)
    yield written
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.parametrize(
    "text",
    [
        f"connecting to postgresql://flotilla:{SECRET}@db:5432/x",
        f"connecting to redis://:{SECRET}@db:6379/0",
        f"GET /api/v3/account?timestamp=1&signature={SECRET}",
        f"{{'apiKey': '{SECRET}'}}",
        f'{{"api_key": "{SECRET}", "ok": 1}}',
        f"Authorization: Bearer {SECRET}",
        f"Authorization: Token {SECRET}",
        f"password={SECRET}",
    ],
)
def test_a_secret_inside_a_text_is_struck_out(text: str) -> None:
    struck = logs.strike_out(text)

    assert SECRET not in struck
    assert "***" in struck


def test_an_ordinary_text_is_left_alone() -> None:
    text = "bot 7 bought 0.5 ETH/USDT at 2500.10 (order 1abcd00007): https://example.org/a:b"

    assert logs.strike_out(text) == text


def test_both_kinds_of_loggers_strike_out_secrets(lines: io.StringIO) -> None:
    structlog.get_logger("bots").info(
        "opened", api_key=SECRET, nested={"secret": SECRET, "asset": "ETH"}, url=f"x://u:{SECRET}@h"
    )
    logging.getLogger("ccxt").warning("sent signature=%s", SECRET)
    try:
        raise ValueError(f"password={SECRET}")
    except ValueError:
        logging.getLogger("django").exception("failed")

    assert SECRET not in lines.getvalue()
    first, second, third = (json.loads(line) for line in lines.getvalue().splitlines())
    assert first["nested"] == {"secret": "***", "asset": "ETH"}
    assert (first["level"], first["logger"]) == ("info", "bots")
    assert second["event"] == "sent signature=***"
    assert "ValueError" in third["exception"]
