"""What looks like a secret never reaches an audit row."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from apps.audit.redaction import MASK, redacted


def test_secret_names_are_masked_at_any_depth_and_others_kept() -> None:
    given = {
        "name": "bot",
        "api_key": "k",
        "nested": [{"telegram_token": "t", "chat": 5}, {"Secret-Key": "s"}],
        "password": "",
        "privateKey": None,
        "passphrase": ["p"],
    }

    assert redacted(given) == {
        "name": "bot",
        "api_key": MASK,
        "nested": [{"telegram_token": MASK, "chat": 5}, {"Secret-Key": MASK}],
        "password": "",
        "privateKey": None,
        "passphrase": MASK,
    }


def test_values_become_json_and_bytes_are_never_shown() -> None:
    at = datetime(2026, 1, 2, tzinfo=UTC)

    shown = redacted(
        {"amount": Decimal("1.50"), "at": at, "id": UUID(int=1), "blob": b"x", "pair": ("a", 1)}
    )

    assert shown == {
        "amount": "1.50",
        "at": "2026-01-02T00:00:00+00:00",
        "id": "00000000-0000-0000-0000-000000000001",
        "blob": MASK,
        "pair": ["a", 1],
    }
