"""NAME=VALUE on a command line."""

import json
from argparse import ArgumentTypeError
from typing import Any


def assignment(text: str) -> tuple[str, Any]:
    """The name, and the value as JSON where it is that, else the text itself."""
    name, found, value = text.partition("=")
    if not (found and name):
        raise ArgumentTypeError(f"{text} is not NAME=VALUE")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
