"""Masks what looks like a secret before it is stored or shown."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

MASK = "[redacted]"
SECRET_NAME = re.compile(
    r"secret|password|passphrase|passwd|token|signature|authorization|cookie"
    r"|api[_-]?key|private[_-]?key|credential",
    re.IGNORECASE,
)


def redacted(value: Any) -> Any:
    """The value as JSON, every entry with a secret-looking name masked, at any depth."""
    if isinstance(value, Mapping):
        return {str(name): _entry(str(name), item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redacted(item) for item in value]
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return MASK
    return value


def _entry(name: str, item: Any) -> Any:
    if SECRET_NAME.search(name) and item not in (None, ""):
        return MASK
    return redacted(item)
