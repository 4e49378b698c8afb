"""`manage.py candles` without an exchange: files into the rows and back, gaps and refusals."""

import json
from collections.abc import Sequence
from contextlib import suppress
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from apps.audit.models import AuditEvent
from apps.markets.fetching import Fetched, Progress, fetch_bars
from apps.markets.files import read_bars, write_bars
from apps.markets.generated import generated_bars
from apps.markets.models import CandleBlock, Market
from apps.markets.queries import NoBars, load_bars
from apps.markets.services import market_of_bars
from apps.trading.bar import Bar, Bars
from apps.venues import VenueKey
from tests.integration.rows.test_candles import make_market

pytestmark = pytest.mark.django_db

MINUTE = 60_000
BARS = generated_bars(symbol="BTC/USDT", timeframe="1m", count=2_500, seed=7)
BEGIN = int(BARS.open_at[0])
END = int(BARS.open_at[-1]) + MINUTE


def some(bars: Bars, chosen: Any) -> Bars:
    return Bars._make(column[chosen] for column in bars)


def without(first: int, last: int) -> Bars:
    keep = np.ones(len(BARS.open_at), dtype=np.bool_)
    keep[first : last + 1] = False
    return some(BARS, keep)


def equal(one: Bars, other: Bars) -> bool:
    return all(a.tobytes() == b.tobytes() for a, b in zip(one, other, strict=True))


def candles(*arguments: str) -> tuple[int, Any]:
    """Exit code and the JSON told."""
    out, code = StringIO(), 0
    try:
        call_command("candles", *arguments, "--json", stdout=out, stderr=StringIO())
    except SystemExit as ended:
        code = int(ended.code or 0)
    return code, json.loads(out.getvalue())


def in_words(*arguments: str) -> str:
    out = StringIO()
    with suppress(SystemExit):
        call_command("candles", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


def imported(folder: Path, bars: Bars, *more: str) -> tuple[int, Any]:
    path = folder / "bars.parquet"
    write_bars(path, bars)
    return candles("import", str(path), "--market", "BTC/USDT", *more)


def stored(timeframe: str = "1m") -> Bars:
    return load_bars(
        exchange="binance", symbol="BTC/USDT", timeframe=timeframe, start=BEGIN, end=END
    )


def test_an_imported_file_is_stored_bit_for_bit_for_a_market_nobody_trades(tmp_path: Path) -> None:
    code, told = imported(tmp_path, BARS)

    market = Market.objects.get()
    assert code == 0
    assert (told["timeframe"], told["bars"], told["new"], told["gaps"]) == ("1m", 2500, 2500, [])
    assert equal(stored(), BARS)
    assert (market.symbol, market.environment, market.active) == ("BTC/USDT", "live", False)
    assert list(AuditEvent.objects.values_list("verb", flat=True)) == ["import_bars"]


def test_a_market_that_is_known_gets_the_bars_however_its_name_is_written(tmp_path: Path) -> None:
    market = make_market()
    path = tmp_path / "bars.csv"
    write_bars(path, BARS)

    candles("import", str(path), "--market", "btcusdt", "--venue", "demo")

    assert list(Market.objects.all()) == [market]
    assert equal(stored(), BARS)


def test_what_is_stored_stays_unless_it_is_to_be_replaced(tmp_path: Path) -> None:
    imported(tmp_path, some(BARS, slice(0, 1500)))
    other = BARS._replace(volume=BARS.volume + 1)

    _, kept = imported(tmp_path, other)
    after_keeping = stored()
    _, replaced = imported(tmp_path, other, "--replace")

    assert (kept["new"], kept["differing"], kept["replaced"]) == (1000, 1500, False)
    assert equal(some(after_keeping, slice(0, 1500)), some(BARS, slice(0, 1500)))
    assert equal(some(after_keeping, slice(1500, None)), some(other, slice(1500, None)))
    assert (replaced["new"], replaced["differing"], replaced["replaced"]) == (0, 1500, True)
    assert equal(stored(), other)


def test_gaps_are_imported_with_a_warning_listed_and_found(tmp_path: Path) -> None:
    _, told = imported(tmp_path, without(100, 119))
    code, checked = candles("check")
    _, listed = candles("list")

    gap = {"from": BEGIN + 100 * MINUTE, "to": BEGIN + 119 * MINUTE, "missing": 20}
    assert told["gaps"] == [gap]
    assert code == 1
    assert [one["gaps"] for one in checked["series"]] == [[gap]]
    (row,) = listed["series"]
    assert (row["bars"], row["gap_count"], row["missing"]) == (2480, 1, 20)
    assert (row["from"], row["to"]) == (BEGIN, END - MINUTE)
    assert "20 missing in 1 gap." in in_words("check")
    assert "2,480" in in_words("list")


def test_a_file_with_one_bad_row_changes_nothing(tmp_path: Path) -> None:
    lines = ["time_ms,open,high,low,close,volume"]
    lines += [f"{BEGIN + n * MINUTE},10,11,9,{10 if n != 1500 else -1},1" for n in range(2000)]
    path = tmp_path / "bars.csv"
    path.write_text("\n".join(lines))

    code, told = candles("import", str(path), "--market", "BTC/USDT")

    assert code == 1
    assert told["error"].startswith("bars.csv, row 1501: close is -1.0")
    assert (CandleBlock.objects.count(), Market.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--market", "BTC/USDT", "--timeframe", "5m"), "row 2: time_ms is"),
        (("--market", "BTCUSDT"), "write it as BASE/QUOTE"),
    ],
)
def test_bars_that_cannot_be_these_are_refused(
    tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    path = tmp_path / "bars.csv"
    write_bars(path, BARS)

    code, told = candles("import", str(path), *arguments)

    assert code == 1
    assert words in told["error"]
    assert (CandleBlock.objects.count(), Market.objects.count()) == (0, 0)


def test_a_bar_that_is_not_over_is_refused(tmp_path: Path) -> None:
    ahead = BARS.open_at + 200 * 365 * 86_400_000

    code, told = imported(tmp_path, BARS._replace(open_at=ahead))

    assert code == 1
    assert "row 1: the bar of 22" in told["error"]
    assert (CandleBlock.objects.count(), Market.objects.count()) == (0, 0)


@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_exported_bars_read_back_also_in_a_longer_timeframe(tmp_path: Path, name: str) -> None:
    imported(tmp_path, BARS)
    path = tmp_path / name

    _, same = candles("export", "--market", "BTC/USDT", "--timeframe", "1m", "--output", str(path))
    minutes = read_bars(path).bars
    _, longer = candles("export", "--market", "BTCUSDT", "--timeframe", "1h", "--output", str(path))
    hours = read_bars(path)

    assert equal(minutes, BARS)
    assert (same["bars"], longer["bars"], hours.timeframe_ms) == (2500, 41, 60 * MINUTE)
    assert hours.bars.open[1] == BARS.open[60]
    assert hours.bars.high[1] == BARS.high[60:120].max()
    assert hours.bars.close[-1] == BARS.close[41 * 60 - 1]


def test_bars_go_to_stdout_as_they_would_into_a_file(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    imported(tmp_path, BARS)
    span = ("--from", "2020-01-01T01:00", "--to", "2020-01-01T02:00:00+00:00")

    call_command("candles", "export", "--market", "BTC/USDT", "--timeframe", "1m", *span)

    path = tmp_path / "out.csv"
    path.write_bytes(capsysbinary.readouterr().out)
    assert equal(read_bars(path).bars, some(BARS, slice(60, 120)))


def test_bars_that_are_not_stored_are_said_with_what_there_is(tmp_path: Path) -> None:
    imported(tmp_path, BARS)
    make_market("ETH/BTC")

    for arguments, words in (
        (("--market", "ETH/BTC"), "no 5m bars of ETH/BTC are stored (stored: none)"),
        (("--market", "BTC/USDT", "--timeframe", "1s"), "stored: 1m at BTC/USDT at binance"),
        (("--market", "BTC/USDT", "--from", "2030-01-01", "--to", "2030-02-01"), "only from 2020"),
    ):
        code, told = candles("export", *arguments, "--output", str(tmp_path / "out.csv"))
        assert code == 1
        assert words in told["error"]
        assert "candles fetch" in told["error"]


def test_real_prices_come_before_those_of_a_simulated_exchange(tmp_path: Path) -> None:
    other = BARS._replace(volume=BARS.volume + 1)
    imported(tmp_path, other, "--venue", "demo")
    imported(tmp_path, other, "--venue", "second")

    with pytest.raises(NoBars, match="several markets"):
        stored()
    imported(tmp_path, BARS)

    assert equal(stored(), BARS)


def test_wrong_usage_is_exit_code_two() -> None:
    for arguments in (("fetch",), ("export", "--market", "BTC/USDT", "--json")):
        with pytest.raises(CommandError) as refused:
            call_command("candles", *arguments)
        assert refused.value.returncode == 2


# ---- fetching, from bars in memory ---------------------------------------------------------------


class Recorded:
    """An exchange that has these bars, and whose questions are kept."""

    def __init__(self, bars: Bars, now: int = END) -> None:
        self._bars = bars
        self._now = now
        self.asked: list[tuple[int, int]] = []

    def now(self) -> int:
        return self._now

    def bars(self, *, symbol: str, timeframe: str, since: int, until: int) -> Sequence[Bar]:
        assert (symbol, timeframe) == ("BTC/USDT", "1m")
        self.asked.append(((since - BEGIN) // MINUTE, (until - BEGIN) // MINUTE))
        first, last = np.searchsorted(self._bars.open_at, [since, until])
        return [Bar(*row) for row in zip(*some(self._bars, slice(first, last)), strict=True)]


def fetch(history: Recorded, until: int = END) -> tuple[Fetched, list[Progress]]:
    told: list[Progress] = []
    market = market_of_bars(key=VenueKey("binance", "live"), symbol="BTC/USDT")
    fetched = fetch_bars(
        market=market,
        timeframe="1m",
        since=BEGIN,
        until=until,
        history=history,
        told=told.append,
    )
    return fetched, told


def test_only_what_is_missing_is_asked_for_a_page_at_a_time(tmp_path: Path) -> None:
    imported(tmp_path, without(700, 1900))
    history = Recorded(BARS)

    fetched, told = fetch(history)
    again, _ = fetch(history)

    assert equal(stored(), BARS)
    assert (fetched.wanted, fetched.stored, fetched.absent) == (1201, 1201, ())
    assert (again.wanted, again.stored) == (0, 0)
    assert history.asked[0][0] == 700
    assert history.asked[-1][1] == 1901
    assert all(last - first <= 1000 for first, last in history.asked)
    assert [one.done for one in told][-1] == 1201


def test_what_the_exchange_has_none_of_is_told_and_the_rest_is_stored(tmp_path: Path) -> None:
    imported(tmp_path, without(500, 600))

    fetched, _ = fetch(Recorded(without(520, 529)))

    assert fetched.stored == 91
    assert [(gap.first_at - BEGIN) // MINUTE for gap in fetched.absent] == [520]
    assert [gap.count for gap in fetched.absent] == [10]
    assert equal(stored(), without(520, 529))


def test_a_bar_that_is_still_open_is_never_fetched() -> None:
    history = Recorded(BARS, now=END - MINUTE // 2)

    fetched, _ = fetch(history)

    assert fetched.wanted == 2499
    assert stored().open_at[-1] == END - 2 * MINUTE
