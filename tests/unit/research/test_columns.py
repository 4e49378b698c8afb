"""Columns beside the bars in a backtest: a model's probabilities from a file."""

import json
from pathlib import Path

import numpy as np
import pytest

from apps.markets.generated import generated_bars
from apps.research.columns import columns_of, kept_of, read_column
from apps.research.console import main
from apps.research.refusals import ResearchRefused

BARS = generated_bars(symbol="BTC/USDT", timeframe="5m", count=400, seed=3)


def probabilities(path: Path, *, rise: float = 0.7) -> Path:
    """A model that is sure at every fortieth bar."""
    values = np.where(np.arange(400) % 40 == 5, rise, 0.1)
    rows = [
        f"{at},{value}\n" for at, value in zip(BARS.open_at.tolist(), values.tolist(), strict=True)
    ]
    path.write_text("time_ms,probability\n" + "".join(rows))
    return path


def scalped(capsys, *arguments: str) -> dict:
    options = ("scalper", "--bars", "400", "--seed", "3", "--json", "-", "--plan", "entry=market")
    code = main(
        [*options, "--plan", "entry_timeout_s=null", *arguments],
        strategy_folder=None,
    )
    assert code == 0
    return json.loads(capsys.readouterr().out)


def test_the_scalper_trades_where_the_file_is_sure(tmp_path, capsys):
    file = probabilities(tmp_path / "model.csv")

    result = scalped(capsys, "--column", f"probability={file}")

    signals = set(BARS.open_at[np.arange(400) % 40 == 5] + 300_000)
    assert result["trades"]
    assert {trade["opened_at"] for trade in result["trades"]} <= signals
    assert not any("needs" in warning for warning in result["warnings"])


def test_without_it_nothing_is_traded_and_the_result_says_why(tmp_path, capsys):
    low = probabilities(tmp_path / "low.csv", rise=0.39)

    assert scalped(capsys, "--column", f"probability={low}")["trades"] == []
    result = scalped(capsys)

    assert result["trades"] == []
    said = "scalper needs a model's probability per bar, which is not given: it gives no signals"
    assert said in result["warnings"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("time_ms,mood\n1,2\n", "has no column probability; give time_ms and probability"),
        ("time_ms,probability\n2,0.1\n1,0.2\n", "row 1: its time is not later"),
        ("time_ms,probability\n1,high\n", "column probability must hold numbers"),
        ("time_ms,probability\n1,0.1\n,0.2\n", "row 1: time_ms is missing"),
        ("", "is not CSV or Parquet"),
    ],
)
def test_a_bad_file_is_refused_with_its_row(tmp_path, text, said):
    (tmp_path / "bad.csv").write_text(text)

    with pytest.raises(ResearchRefused, match=said):
        read_column(tmp_path / "bad.csv", "probability")


def test_a_column_that_the_strategy_does_not_read_is_refused(tmp_path, capsys):
    file = probabilities(tmp_path / "model.csv")

    code = main(["rsi", "--column", f"probability={file}"], strategy_folder=None)

    assert code == 2
    assert "column 'probability' is unknown to rsi; it reads none" in capsys.readouterr().err
    with pytest.raises(ResearchRefused, match="cannot be read"):
        read_column(tmp_path / "nowhere.csv", "probability")


def test_a_portfolio_reads_columns_beside_its_file(tmp_path, capsys):
    probabilities(tmp_path / "model.csv")
    bot = {
        "strategy": "scalper", "capital": 1000, "timeframe": "5m",
        "plan": {"entry": "market", "entry_timeout_s": None},
        "generated": {"bars": 400, "seed": 3, "symbol": "BTC/USDT"},
    }  # fmt: skip
    bots = [
        {**bot, "name": "told", "columns": {"probability": "model.csv"}},
        {**bot, "name": "deaf"},
    ]
    file = tmp_path / "bots.json"
    file.write_text(json.dumps({"capital": 2000, "bots": bots}))

    code = main(["--portfolio", str(file), "--json", "-"], strategy_folder=None)

    result = json.loads(capsys.readouterr().out)
    assert code == 0
    assert len(result["bots"]["told"]["trades"]) == 10
    assert result["bots"]["deaf"]["trades"] == []


def test_columns_as_a_row_keeps_them_have_gaps_where_a_value_is_null():
    kept = columns_of({"probability": {"time_ms": [1000, 2000], "values": [0.5, None]}})

    column = kept["probability"]
    assert column.open_at.tolist() == [1000, 2000]
    assert column.values[0] == 0.5
    assert np.isnan(column.values[1])
    assert columns_of({}) == {}


def test_a_file_is_kept_as_a_request_gives_it(tmp_path):
    (tmp_path / "model.csv").write_text("time_ms,probability\n1000,0.5\n2000,\n")

    kept = kept_of({"probability": tmp_path / "model.csv"})

    assert kept == {"probability": {"time_ms": [1000, 2000], "values": [0.5, None]}}
    assert columns_of(kept)["probability"].open_at.tolist() == [1000, 2000]


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        ([1, 2], "must be an object of time_ms and values"),
        ({"time_ms": [1]}, "must be an object of time_ms and values"),
        ({"time_ms": 1, "values": 2}, "two lists"),
        ({"time_ms": [1, 2], "values": [0.1]}, "give one per bar"),
        ({"time_ms": [2, 1], "values": [0.1, 0.2]}, "row 1: its time is not later"),
        ({"time_ms": [1.5], "values": [0.1]}, "time_ms must be whole numbers"),
        ({"time_ms": ["x"], "values": [0.1]}, "time_ms must be whole numbers"),
        ({"time_ms": [1], "values": ["high"]}, "values must be numbers"),
        ({"time_ms": [[1]], "values": [[0.1]]}, "give one per bar"),
        ({"time_ms": list(range(200_001)), "values": []}, "more than 200000 values"),
    ],
)
def test_a_bad_column_of_a_request_is_refused_by_name(kept, said):
    with pytest.raises(ResearchRefused, match=said) as refused:
        columns_of({"probability": kept})

    assert str(refused.value).startswith("columns.probability")
