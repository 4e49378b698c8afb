"""How numbers are written for people."""

from decimal import Decimal

import pytest

from apps.dashboard.numbers import age, number, percent, places_of, quote_places, signed, tone


@pytest.mark.parametrize(
    ("value", "places", "text", "with_sign", "colour"),
    [
        (Decimal("1234567.891"), 2, "1,234,567.89", "+1,234,567.89", "gain"),
        (Decimal("-0.5"), 2, "\N{MINUS SIGN}0.50", "\N{MINUS SIGN}0.50", "loss"),
        (Decimal("0.004"), 2, "0.00", "0.00", "flat"),
        (Decimal("-0.004"), 2, "0.00", "0.00", "flat"),
        (Decimal(0), 0, "0", "0", "flat"),
        (None, 2, "\N{EN DASH}", "\N{EN DASH}", "flat"),
    ],
)
def test_amounts_are_written_with_their_places_and_a_true_sign(
    value: Decimal | None, places: int, text: str, with_sign: str, colour: str
) -> None:
    assert number(value, places) == text
    assert signed(value, places) == with_sign
    assert tone(value, places) == colour


def test_places_come_from_the_market_and_the_asset() -> None:
    assert [places_of(Decimal(step)) for step in ("0.0100", "1", "10", "1e-10")] == [2, 0, 0, 8]
    assert (quote_places("USDT"), quote_places("BTC")) == (2, 6)


def test_an_age_has_the_unit_that_fits() -> None:
    written = [age(seconds) for seconds in (None, -1, 0.9, 59.9, 60, 3599, 7200, 172800)]

    assert written == ["\N{EN DASH}", "0 s", "0 s", "59 s", "1 min", "59 min", "2 h", "2 d"]


def test_a_fraction_is_shown_in_percent() -> None:
    assert percent(Decimal("0.01254")) == "1.25 %"
