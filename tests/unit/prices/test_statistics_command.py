"""`manage.py market_statistics` prints a table or says what is wrong."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command


def test_the_command_prints_seconds_and_minutes_of_a_generated_market() -> None:
    shown = StringIO()

    call_command("market_statistics", "--days", "2", "--windows", "2", stdout=shown)

    lines = shown.getvalue().splitlines()
    assert lines[0] == "Seconds of BTC/USDT: the median of 2 windows"
    assert "Minutes of BTC/USDT: 2 days" in lines
    assert sum(line.startswith("return ") for line in lines) == 5
    assert sum(line.startswith("hour volatility") for line in lines) == 3


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--days", "0"], "--days must be 1 to 60"),
        (["--market", "BTC/EUR"], "'BTC/EUR', which cannot be generated"),
        (["--days", "1", "--windows", "1", "--bars", "absent.parquet"], "does not exist"),
    ],
)
def test_the_command_refuses_what_it_cannot_measure(arguments: list[str], sentence: str) -> None:
    with pytest.raises(CommandError) as refusal:
        call_command("market_statistics", *arguments)

    assert sentence in str(refusal.value)
