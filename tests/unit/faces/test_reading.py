"""Bodies, amounts, times and references are read and shown exactly."""

import io
from decimal import Decimal
from uuid import UUID

import pytest
from django.db.models import Q
from rest_framework import serializers
from rest_framework.exceptions import ParseError

from apps.common.api import Amount, Moment, plain
from apps.common.body import JsonBody, checked
from apps.common.problems import Invalid
from apps.common.reference import by_reference

UNIQUE = "0192f0c1-2d3e-7abc-8def-0123456789ab"


class Wish(serializers.Serializer):  # type: ignore[type-arg]
    """A body with one amount."""

    capital = Amount(help_text="Give an amount above 0.")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("200.000000000000000000", "200"),
        ("0.10", "0.1"),
        ("1E+3", "1000"),
        ("0E-18", "0"),
        ("12345678901234567890.123456789012345678", "12345678901234567890.123456789012345678"),
        ("-0.5", "-0.5"),
    ],
)
def test_an_amount_is_written_in_full_without_idle_zeros(value: str, text: str) -> None:
    assert plain(Decimal(value)) == text
    assert Amount().to_representation(Decimal(value)) == text


def test_a_number_with_a_point_stays_exact_on_its_way_in() -> None:
    body = JsonBody().parse(io.BytesIO(b'{"capital": 0.1234567890123456789}'))

    assert body["capital"] == Decimal("0.1234567890123456789")


@pytest.mark.parametrize("given", ["200.5", 200, Decimal("0.1")])
def test_an_amount_reads_strings_and_numbers(given: object) -> None:
    assert checked(Wish, {"capital": given})["capital"] == Decimal(str(given))


@pytest.mark.parametrize("given", ["NaN", "Infinity", True, [], "1e999999", "1" * 40, None, ""])
def test_an_amount_that_is_none_is_refused_with_its_remedy(given: object) -> None:
    with pytest.raises(Invalid) as refusal:
        checked(Wish, {"capital": given})

    (found,) = refusal.value.problems
    assert found.field == "capital"
    assert found.remedy == "Give an amount above 0."


def test_a_time_in_milliseconds_is_shown_in_iso_form() -> None:
    assert Moment().to_representation(1_763_640_000_007) == "2025-11-20T12:00:00.007Z"


@pytest.mark.parametrize("raw", [b'{"a": Infinity}', b"\xff", b"", b"null", b"9" * 5000])
def test_what_is_no_json_object_is_refused(raw: bytes) -> None:
    with pytest.raises(ParseError, match="JSON"):
        JsonBody().parse(io.BytesIO(raw))


def test_a_row_is_named_by_number_or_uuid_and_by_nothing_else() -> None:
    assert by_reference("12") == Q(number=12)
    assert by_reference(UNIQUE) == Q(pk=UUID(UNIQUE))
    for text in ("", "-1", "1.0", "x", "²", "9" * 19, "1 or 1=1"):
        assert by_reference(text) is None
