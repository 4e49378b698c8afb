"""`backtest`: what it prints and writes, and one sentence for whatever cannot be."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from apps.markets.files import write_bars
from apps.research import console
from apps.strategies import load_strategies
from apps.trading import strategy
from apps.trading.bar import Bars
from apps.trading.plan import Plan

STEP, START = 300_000, 1_700_000_100_000
KEYS = [
    "strategy", "params", "plan", "bars", "seconds", "trades", "open_position", "equity",
    "metrics", "warnings", "engine",
]  # fmt: skip
Command = Callable[..., tuple[int, str, str]]


def waves(count: int = 400, *, step: int = STEP) -> Bars:
    at = np.arange(count)
    close = 1000.0 * (1.0 + 0.05 * np.sin(at / 9.0))
    opened = np.append(close[:1], close[:-1])
    high, low = np.maximum(opened, close) * 1.001, np.minimum(opened, close) * 0.999
    return Bars(START + at * step, opened, high, low, close, np.full(count, 1.0))


@pytest.fixture
def bars_file(tmp_path: Path) -> Path:
    path = tmp_path / "bars.csv"
    write_bars(path, waves())
    return path


@pytest.fixture
def run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Command:
    """Run the command as the terminal does: (exit code, stdout, stderr)."""
    # What a test registers, the next does not know.
    load_strategies()
    monkeypatch.setattr(strategy, "_REGISTRY", dict(strategy._REGISTRY))

    def call(*argv: Any) -> tuple[int, str, str]:
        code = console.main([str(word) for word in argv], strategy_folder=tmp_path)
        return (code, *capsys.readouterr())

    return call


def user_strategy(folder: Path, name: str, body: str) -> Path:
    path = folder / f"{name}.py"
    path.write_text(
        "import numpy as np\n"
        "from apps.strategies.rsi import Rsi\n"
        "from apps.trading.strategy import register\n\n\n"
        f"@register\nclass Users(Rsi):\n    name = {name!r}\n\n"
        f"    def signals(self, bars, p):\n        {body}\n"
    )
    return path


# ---- what comes out ----------------------------------------------------------------------------


def test_a_strategy_alone_trades_an_invented_market_and_names_its_seed(run: Command) -> None:
    code, told, trouble = run("rsi", "--bars", 2000)
    _, other, _ = run("rsi", "--bars", 2000, "--seed", 2)

    assert (code, trouble) == (0, "")
    assert "2,000 of BTC/USDT 5m, generated from seed 1" in told
    assert "final equity" in told
    assert max(map(len, told.splitlines())) <= 80
    assert "seed 2" in other
    assert told != other


def test_json_is_one_object_with_the_promised_keys_and_numbers_that_add_up(
    run: Command, bars_file: Path
) -> None:
    code, told, _ = run("rsi", "--candles", bars_file, "--set", "period=7", "--json", "-")

    result = json.loads(told)
    assert code == 0
    assert list(result) == KEYS
    assert list(result["equity"]) == ["start", "end", "max_drawdown"]
    assert list(result["engine"]) == ["version", "signature"]
    assert result["params"]["period"] == 7
    assert result["plan"] == Plan(quote_per_entry=100.0).to_json()
    assert result["bars"] == 400
    assert len(result["trades"]) > 5
    first = result["trades"][0]
    assert list(first) == [
        "opened_at", "closed_at", "side", "entry_price", "exit_price", "quantity", "fees", "pnl",
        "pnl_ratio", "exit_reason", "fills",
    ]  # fmt: skip
    assert START < first["opened_at"] < first["closed_at"]
    open_profit = (result["open_position"] or {"unrealised": 0.0})["unrealised"]
    made = sum(trade["pnl"] for trade in result["trades"]) + open_profit
    assert result["equity"]["end"] - result["equity"]["start"] == pytest.approx(made)
    assert result["metrics"]["final_equity"] == result["equity"]["end"]


def test_json_and_report_are_written_beside_the_table(
    run: Command, bars_file: Path, tmp_path: Path
) -> None:
    result, page = tmp_path / "result.json", tmp_path / "page.html"

    code, told, _ = run("rsi", "--candles", bars_file, "--json", result, "--report", page)

    assert code == 0
    assert "final equity" in told
    assert list(json.loads(result.read_text())) == KEYS
    assert "rsi on BASE/QUOTE" in page.read_text()


def test_fees_plan_and_capital_are_what_was_asked(run: Command, bars_file: Path) -> None:
    _, told, _ = run(
        "rsi", "--candles", bars_file, "--json", "-", "--capital", 500, "--fee", 0.002,
        "--plan", "quote_per_entry=250", "--plan", "take_profit=0.01", "--slippage", 0.001,
        "--plan", "exit_on_signal=false",
    )  # fmt: skip

    result = json.loads(told)
    trade = result["trades"][0]
    buy, sell = trade["fills"]
    assert result["equity"]["start"] == 500
    assert trade["exit_reason"] == "take_profit"
    assert buy["price"] * buy["quantity"] == pytest.approx(250, rel=0.02)
    assert buy["fee"] == pytest.approx(buy["price"] * buy["quantity"] * 0.002)
    assert sell["fee"] == pytest.approx(sell["price"] * sell["quantity"] * 0.002)


def test_finer_bars_tell_what_happened_first_inside_a_bar(run: Command, tmp_path: Path) -> None:
    """Within one bar the price rises to the target first and falls to the stop then."""
    count = 60
    flat = np.full(count, 100.0)
    falling = flat - np.minimum(np.arange(count), 30) * 0.5
    last = falling[-1]
    high, low = falling.copy(), falling.copy()
    high[50], low[50] = last * 1.03, last * 0.97
    coarse = Bars(START + np.arange(count) * STEP, falling, high, low, falling, flat)
    parts = 5
    at = (coarse.open_at[:, None] + np.arange(parts) * (STEP // parts)).reshape(-1)
    price = np.repeat(falling, parts)
    fine_high, fine_low = price.copy(), price.copy()
    fine_high[50 * parts + 1], fine_low[50 * parts + 3] = last * 1.03, last * 0.97
    fine = Bars(at, price, fine_high, fine_low, price, np.ones(len(at)))
    write_bars(tmp_path / "coarse.csv", coarse)
    write_bars(tmp_path / "fine.csv", fine)
    asked = (
        "rsi", "--candles", tmp_path / "coarse.csv", "--plan", "take_profit=0.02",
        "--plan", "stop_loss=0.02", "--set", "period=40", "--set", "oversold=98",
        "--set", "overbought=99", "--json", "-",
    )  # fmt: skip

    blunt = json.loads(run(*asked)[1])
    sharp = json.loads(run(*asked, "--detail-candles", tmp_path / "fine.csv")[1])

    assert [trade["exit_reason"] for trade in blunt["trades"]] == ["stop_loss"]
    assert [trade["exit_reason"] for trade in sharp["trades"]] == ["take_profit"]
    assert sharp["warnings"] == []


def test_gaps_and_odd_detail_warn(run: Command, tmp_path: Path) -> None:
    bars = waves()
    keep = np.ones(400, bool)
    keep[100:110] = False
    write_bars(tmp_path / "gaps.csv", Bars._make(column[keep] for column in bars))
    write_bars(tmp_path / "other.csv", waves(900, step=60_000))

    _, told, _ = run(
        "rsi", "--candles", tmp_path / "gaps.csv", "--detail-candles", tmp_path / "other.csv",
        "--json", "-",
    )  # fmt: skip

    gaps, missing, other = json.loads(told)["warnings"]
    assert "10 5m bars are missing in 1 gaps" in gaps
    assert "lack some or all of their finer bars" in missing
    assert "reach other prices than the bar" in other


def test_too_few_bars_warn(run: Command, tmp_path: Path) -> None:
    write_bars(tmp_path / "few.csv", waves(10))

    code, told, _ = run("rsi", "--candles", tmp_path / "few.csv")

    assert code == 0
    assert "first verdict after 14 bars and there are 10" in " ".join(told.split())


# ---- what cannot be ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ([], "name a strategy"),
        (["moon"], "strategy 'moon' is unknown; use one of"),
        (["rsi", "--set", "perid=3"], "parameter 'perid' is unknown"),
        (["rsi", "--set", "period=1"], "period 1 is out of range"),
        (["rsi", "--set", "oversold=80"], "oversold 80 must be below overbought 70"),
        (["rsi", "--set", "period"], "period is not NAME=VALUE"),
        (["rsi", "--preset", "wild"], "preset 'wild' is unknown to rsi"),
        (["rsi", "--plan", "take_proft=1"], "plan field 'take_proft' is unknown"),
        (["rsi", "--plan", "stop_loss=2"], "stop_loss 2 must be below 1"),
        (["rsi", "--limit", "max_exposure=-1"], "max_exposure -1 must be a number above 0"),
        (["rsi", "--limit", "moon=1"], "limit 'moon' is unknown"),
        (["rsi", "--fee", "1.5"], "fee 1.5 must be a fraction"),
        (["rsi", "--fee", "nan"], "fee nan must be a fraction"),
        (["rsi", "--capital", "0"], "capital 0.0 must be an amount above 0"),
        (["rsi", "--candles", "nowhere.csv"], "nowhere.csv does not exist"),
        (["rsi", "--timeframe", "7m"], "invalid choice: '7m'"),
        (["rsi", "--detail-timeframe", "5m"], "detail_timeframe 5m must be shorter than 5m"),
        (["rsi", "--detail-timeframe", "3m"], "and divide it"),
        (["rsi", "--from", "2026-01-01"], "they need --market"),
        (["rsi", "--market", "X/Y", "--from", "2026-02-01", "--to", "2026-01-01"], "before --to"),
        (["rsi", "--market", "X/Y", "--from", "yesterday"], "yesterday is not a time such as"),
        (["rsi", "--market", "X/Y", "--bot", "b"], "--market and --bot exclude each other"),
        (["rsi", "--portfolio", "p.json"], "leave STRATEGY out"),
        (["rsi", "--lot-size", "0"], "--lot-size must be above 0"),
        (["rsi", "--json", "/nowhere/at/all.json", "--bars", "50"], "cannot be written"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_exit_code_2(
    run: Command, argv: list[str], words: str
) -> None:
    code, told, trouble = run(*argv)

    assert code == 2
    assert words in trouble
    assert trouble.count("\n") == 1
    assert told == ""


def test_a_refusal_is_json_too_when_json_was_asked_for(run: Command) -> None:
    code, told, trouble = run("rsi", "--plan", "moon=1", "--json", "-")

    assert code == 2
    assert json.loads(told) == {"error": trouble.strip()}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda rows: [rows[0], rows[2], rows[1], *rows[3:]], "bars.csv, row 3"),
        (lambda rows: [*rows[:3], rows[2], *rows[3:]], "bars.csv, row 4"),
        (lambda rows: [*rows[:3], rows[3].replace(rows[3].split(",")[4], "NaN"), *rows[4:]],
         "bars.csv, row 4"),
        (lambda rows: [*rows[:3], rows[3].replace(rows[3].split(",")[4], "-1"), *rows[4:]],
         "bars.csv, row 4"),
    ],
)  # fmt: skip
def test_a_bad_row_of_a_file_is_named(
    run: Command, bars_file: Path, change: Callable[[list[str]], list[str]], words: str
) -> None:
    heading, *rows = bars_file.read_text().splitlines()
    bars_file.write_text("\n".join([heading, *change(rows)]) + "\n")

    code, _, trouble = run("rsi", "--candles", bars_file)

    assert code == 2
    assert words in trouble


def test_a_file_of_another_timeframe_is_refused(run: Command, bars_file: Path) -> None:
    code, _, trouble = run("rsi", "--candles", bars_file, "--timeframe", "1m")

    assert code == 2
    assert "they are not bars of 1m" in trouble


@pytest.mark.parametrize(
    ("name", "body", "words"),
    [
        ("raising", "return 1 / 0", "raised ZeroDivisionError: division by zero"),
        ("leaving", "raise SystemExit(0)", "raised SystemExit: 0"),
        ("nothing", "return None", "signals() returned NoneType, not Signals("),
        ("short", "return super().signals(bars, p)._replace(enter=np.zeros(3, bool))",
         "enter has shape (3,); 60 bars need (60,)"),
        ("numbers", "return super().signals(bars, p)._replace(exit=np.zeros(60))",
         "exit must be an array of booleans"),
        ("hanging", "while True: pass", "gave no verdict within 0.2 s"),
    ],
)  # fmt: skip
def test_a_users_strategy_that_misbehaves_is_told_with_its_place(
    run: Command, tmp_path: Path, name: str, body: str, words: str
) -> None:
    path = user_strategy(tmp_path, name, body)

    code, _, trouble = run(name, "--bars", 60, "--time-limit", 0.2)

    assert code == 2
    assert words in trouble
    assert trouble.count("\n") == 1
    if name in ("raising", "leaving", "hanging"):
        assert f"({path}, line 11)" in trouble


def test_a_users_file_that_cannot_be_loaded_is_told_and_harms_no_other(
    run: Command, tmp_path: Path
) -> None:
    (tmp_path / "broken.py").write_text("import numpy\n\nthis is not python\n")

    code, _, trouble = run("broken")
    other, _, _ = run("rsi", "--bars", 60)

    assert code == 2
    assert "strategy 'broken' could not be loaded" in trouble
    assert "broken.py, line 3" in trouble
    assert other == 0


# ---- several bots ------------------------------------------------------------------------------


def portfolio(tmp_path: Path, **changes: Any) -> Path:
    path = tmp_path / "portfolio.json"
    bot = {"strategy": "rsi", "capital": 600, "candles": "bars.csv", "parameters": {"period": 7}}
    given = {
        "capital": 1200,
        "bots": [{**bot, "name": "one"}, {**bot, "name": "two", "plan": {"take_profit": 0.01}}],
    }
    path.write_text(json.dumps({**given, **changes}))
    return path


def test_a_portfolio_tells_the_whole_and_each_bot(
    run: Command, bars_file: Path, tmp_path: Path
) -> None:
    code, told, _ = run("--portfolio", portfolio(tmp_path), "--json", "-")
    single = json.loads(
        run("rsi", "--candles", bars_file, "--set", "period=7", "--capital", 600, "--json", "-")[1]
    )
    page = tmp_path / "page.html"
    _, table, _ = run("--portfolio", portfolio(tmp_path), "--report", page)

    result = json.loads(told)
    assert code == 0
    assert list(result["bots"]) == ["one", "two"]
    assert result["bots"]["one"]["trades"] == single["trades"]
    ends = [bot["equity"]["end"] for bot in result["bots"].values()]
    assert result["equity"]["end"] == pytest.approx(sum(ends))
    counts = [len(bot["trades"]) for bot in result["bots"].values()]
    assert result["metrics"]["trades"] == sum(counts)
    assert result["bars"] == 800
    assert page.read_text(encoding="utf-8").count("<template data-name=") == 2
    assert "one  " in table
    assert max(map(len, table.splitlines())) <= 80


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"bots": []}, "bots must be a list of objects"),
        ({"capital": -1}, "capital -1 must be an amount above 0"),
        ({"accounts": {}}, "either capital or accounts"),
        ({"moon": 1}, "'moon' is unknown"),
        ({"max_exposure": 2}, "max_exposure 2 must be a fraction"),
        ({"bots": [{"strategy": "rsi"}]}, "bot 'rsi 1': capital is missing"),
        (
            {"bots": [{"strategy": "rsi", "capital": 1, "generated": 7}]},
            'generated must be an object such as {"seed": 7',
        ),
        ({"bots": [{"strategy": "rsi", "capital": 1}]}, "say where its bars are"),
        ({"bots": [{"strategy": "moon", "capital": 1}]}, "'moon' is unknown"),
        ({"bots": [{"strategy": "rsi", "capital": 1, "candles": "no.csv"}]}, "does not exist"),
        ({"bots": [{"strategy": "rsi", "capital": 1, "candles": "bars.csv", "account": "x"}]},
         "account 'x' is unknown"),
    ],
)  # fmt: skip
def test_a_portfolio_that_cannot_be_is_one_sentence(
    run: Command, bars_file: Path, tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    code, told, trouble = run("--portfolio", portfolio(tmp_path, **changes))

    assert code == 2
    assert words in trouble
    assert (trouble.count("\n"), told) == (1, "")
