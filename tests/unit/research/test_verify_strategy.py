"""`verify-strategy` and `newstrategy`: what a person with a strategy of their own sees."""

import json
from pathlib import Path

import pytest

from apps.research import verifying, writing
from apps.strategies import load_strategies
from apps.trading import strategy as registry
from apps.trading.strategy import find_strategy, strategies
from tests.contracts.strategy_contracts import CONTRACTS

HEAD = """
import numpy as np
from apps.strategies.rsi import Rsi
from apps.trading.strategy import register


@register
class Mine(Rsi):
    name = "mine"
"""
LOOKS_AHEAD = """
    def signals(self, bars, p):
        later = np.append(bars.close[1:], bars.close[-1:])
        return super().signals(bars, p)._replace(enter=later > bars.close)
"""
AVERAGES_ALL = """
    def signals(self, bars, p):
        return super().signals(bars, p)._replace(enter=bars.close < bars.close.mean())
"""
REMEMBERS = """
    asked = 0

    def signals(self, bars, p):
        Mine.asked += 1
        signals = super().signals(bars, p)
        signals.enter[Mine.asked % len(bars.close)] = True
        return signals
"""
FORGETS = """
    def memory(self, p):
        return self.warm_up(p) + 1
"""
RAISES = """
    def signals(self, bars, p):
        return bars.close / self.nothing
"""
HANGS = """
    def signals(self, bars, p):
        while True:
            pass
"""
SHORT = """
    def signals(self, bars, p):
        return super().signals(bars, p)._replace(enter=np.zeros(3, np.bool_))
"""
NONE = """
    def signals(self, bars, p):
        return None
"""


@pytest.fixture(autouse=True)
def own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    load_strategies()
    monkeypatch.setattr(registry, "_REGISTRY", strategies())


def written(folder: Path, body: str, name: str = "mine.py") -> str:
    path = folder / name
    path.write_text(HEAD + body)
    return str(path)


def verify(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = verifying.main(arguments, strategy_folder=None)
    out, err = capsys.readouterr()
    return code, out, err


def test_an_honest_strategy_passes_every_check(capsys):
    code, out, err = verify(capsys, "rsi", "--set", "period=5")

    assert (code, err) == (0, "")
    assert "rsi is honest." in out
    assert "(period 5, " in out
    assert out.count("passed") == 6
    assert all(len(line) <= 80 for line in out.splitlines())


def test_the_answer_as_json_names_each_check(capsys):
    code, out, _ = verify(capsys, "scalper", "--json")
    answer = json.loads(out)

    assert (code, answer["passed"], answer["strategy"]) == (0, True, "scalper")
    assert answer["columns"] == ["a model's probability per bar: random numbers"]
    assert {check["name"] for check in answer["checks"]} == {
        "activity",
        "determinism",
        "look-ahead",
        "warm-up",
        "recursion",
        "live tail",
    }


@pytest.mark.parametrize(
    ("body", "failed", "said"),
    [
        (LOOKS_AHEAD, "look-ahead", "depends on later bars"),
        (AVERAGES_ALL, "look-ahead", "use nothing after the bar"),
        (REMEMBERS, "determinism", "asked again it says otherwise"),
        (FORGETS, "recursion", "make memory() longer"),
        (FORGETS, "live tail", "make memory() longer"),
    ],
)
def test_a_dishonest_strategy_is_caught(tmp_path, capsys, body, failed, said):
    code, out, _ = verify(capsys, written(tmp_path, body), "--json")
    found = {check["name"]: check for check in json.loads(out)["checks"]}

    assert code == 1
    assert not found[failed]["passed"]
    assert said in found[failed]["said"]


def test_the_table_says_that_its_backtests_are_not_to_be_trusted(tmp_path, capsys):
    code, out, _ = verify(capsys, written(tmp_path, LOOKS_AHEAD))

    assert code == 1
    assert "FAILED  look-ahead" in out
    assert "mine is NOT honest: do not trust its backtests." in out


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (RAISES, "raised AttributeError: 'Mine' object has no attribute 'nothing' (FILE, line 12)"),
        (SHORT, "enter has shape (3,); 3000 bars need (3000,); return one element per bar"),
        (NONE, "signals() returned NoneType, not Signals(enter, exit, add, strength)"),
        ("    period = 1 / 0\n", "line 10: ZeroDivisionError: division by zero"),
        ("    def broken(:\n", "line 10: SyntaxError"),
    ],
)
def test_a_broken_strategy_gets_one_sentence(tmp_path, capsys, body, said):
    path = written(tmp_path, body)

    code, out, err = verify(capsys, path)

    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert said.replace("FILE", path) in err


def test_a_strategy_that_hangs_is_ended_where_it_stands(tmp_path, capsys):
    path = written(tmp_path, HANGS)

    code, _, err = verify(capsys, path, "--time-limit", "0.2")

    assert code == 2
    assert f"gave no verdict within 0.2 s ({path}, line 1" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["rsl"], "strategy 'rsl' is unknown; use one of "),
        (["nowhere.py"], "there is no file nowhere.py"),
        (["rsi", "--set", "perod=3"], "parameter 'perod' is unknown; use one of period"),
        (["rsi", "--set", "oversold=80"], "oversold 80 must be below overbought 70"),
        (["rsi", "--candles", "nowhere.csv"], "nowhere.csv"),
        ([], "the following arguments are required: strategy"),
    ],
)
def test_what_cannot_be_is_refused_with_its_remedy(capsys, arguments, said):
    code, out, err = verify(capsys, *arguments)

    assert (code, out) == (2, "")
    assert said in err


def test_a_file_must_bring_one_new_strategy(tmp_path, capsys):
    (tmp_path / "empty.py").write_text("x = 1\n")
    (tmp_path / "taken.py").write_text(HEAD.replace('"mine"', '"rsi"') + "    pass\n")

    assert "it registers none" in verify(capsys, str(tmp_path / "empty.py"))[2]
    assert "strategy 'rsi'" in verify(capsys, str(tmp_path / "taken.py"))[2]


# ---- newstrategy -------------------------------------------------------------------------------


def test_a_new_strategy_keeps_every_promise_as_it_is_written(tmp_path, capsys):
    assert writing.main(["deep_breath2"], strategy_folder=tmp_path / "own") == 0
    assert load_strategies(tmp_path / "own") == []
    made = find_strategy("deep_breath2")

    assert type(made).__name__ == "DeepBreath2"
    for contract in CONTRACTS:
        contract(made)
    out = capsys.readouterr().out
    assert f"verify-strategy {tmp_path / 'own' / 'deep_breath2.py'}" in out


def test_without_a_folder_it_goes_into_strategies_here(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    assert writing.main(["breakout"], strategy_folder=None) == 0

    assert (tmp_path / "strategies" / "breakout.py").is_file()
    assert f"STRATEGY_PATH={tmp_path / 'strategies'}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Breakout", "cannot be a strategy's name"),
        ("break-out", "cannot be a strategy's name"),
        ("../breakout", "cannot be a strategy's name"),
        ("2fast", "cannot be a strategy's name"),
        ("class", "cannot be a strategy's name"),
        ("b" * 41, "at most 40"),
        ("rsi", "there is a strategy rsi already"),
        ("kept", "is there already"),
    ],
)
def test_a_bad_name_or_a_file_that_is_there_is_refused(tmp_path, capsys, name, said):
    (tmp_path / "kept.py").write_text("mine\n")

    assert writing.main([name], strategy_folder=tmp_path) == 2

    assert said in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["kept.py"]
    assert (tmp_path / "kept.py").read_text() == "mine\n"


def test_a_folder_that_cannot_be_made_is_named(tmp_path, capsys):
    (tmp_path / "file").write_text("")

    assert writing.main(["breakout"], strategy_folder=tmp_path / "file") == 2

    assert "cannot be written" in capsys.readouterr().err
