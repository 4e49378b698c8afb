"""`manage.py search`: the table, JSON, what is refused, and going on where it was interrupted."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from apps.research.search import console
from apps.research.search.keeping import Kept
from apps.research.search.work import Work

ASKED = ("ema_cross", "--bars", "3000", "--timeframe", "1h", "--sets", "60", "--method", "optuna")


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    def _run(*argv: str) -> tuple[int, str, str]:
        code = console.main(argv, strategy_folder=None, state_folder=tmp_path)
        told = capsys.readouterr()
        return code, told.out, told.err

    return _run


def test_the_answer_tells_the_best_sets_where_they_were_chosen_and_where_not(run: Any) -> None:
    code, table, _ = run(
        *ASKED, "--walk-forward", "anchored", "--windows", "2", "--monte-carlo", "20"
    )

    assert code == 0
    for words in ("in sample", "held out", "luck", "walk-forward, anchored", "joined:", "redrawn"):
        assert words in table
    assert max(map(len, table.splitlines())) <= 80


def test_the_json_holds_what_the_table_tells(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "found.json"

    code, _, _ = run(*ASKED, "--json", str(path))

    result = json.loads(path.read_text())
    assert code == 0
    assert result["sets"]["tried"] == 60
    assert result["luck"]["trials"] == 60 - result["sets"]["impossible"]
    assert 0.0 <= result["overfitting"]["probability"] <= 1.0
    first = result["best"][0]
    assert set(first) == {"values", "in_sample", "out_of_sample"}
    ratios = [each["in_sample"]["sharpe"] for each in result["best"]]
    assert ratios == sorted(ratios, reverse=True)


def test_what_was_interrupted_goes_on_and_ends_as_if_it_had_not_been(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, whole, _ = run(*ASKED, "--json", "-")
    do, left = Work.do, iter(range(3))

    def interrupted(work: Work, unit: Any) -> Any:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return do(work, unit)

    monkeypatch.setattr(Work, "do", interrupted)
    code, _, told = run(*ASKED, "--json", "-")
    monkeypatch.setattr(Work, "do", do)
    (kept,) = (tmp_path / "searches").iterdir()
    # A kill in the middle of a write leaves half a unit behind.
    kept.write_bytes(kept.read_bytes() + b"half")
    again, resumed, said = run(*ASKED, "--json", "-")

    assert code == 130
    assert "kept 18 of 60 sets: the same command goes on from there" in told
    assert "going on after 18 of 60 sets" in said
    assert again == 0
    assert {**json.loads(resumed), "seconds": 0} == {**json.loads(whole), "seconds": 0}
    assert list((tmp_path / "searches").iterdir()) == []


KILLED_HALF_WAY = """
import os, signal, sys
from pathlib import Path
from apps.research.search import console, keeping

write, left = keeping.Kept.keep, [2]

def keep(kept, number, rows):
    if left[0]:
        left[0] -= 1
        return write(kept, number, rows)
    with kept.path.open("ab") as file:
        file.write(b"the first bytes of a unit")
        file.flush()
        os.kill(os.getpid(), signal.SIGKILL)

keeping.Kept.keep = keep
console.main(sys.argv[2:], strategy_folder=None, state_folder=Path(sys.argv[1]))
"""


def test_what_was_killed_while_it_wrote_ends_with_the_same_best_sets(
    run: Any, tmp_path: Path
) -> None:
    _, whole, _ = run(*ASKED, "--json", "-")
    root = Path(__file__).resolve().parents[4]
    command = [sys.executable, "-c", KILLED_HALF_WAY, str(tmp_path), *ASKED]

    killed = subprocess.run(command, cwd=root, capture_output=True, check=False)
    code, resumed, said = run(*ASKED, "--json", "-")

    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert "going on after 12 of 60 sets" in said
    assert code == 0
    assert {**json.loads(resumed), "seconds": 0} == {**json.loads(whole), "seconds": 0}


def test_another_question_does_not_go_on_from_this_ones_answers(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(work: Work, unit: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(Work, "do", interrupted)
    paths = []
    monkeypatch.setattr(Kept, "units", lambda kept: paths.append(kept.path) or iter(()))  # type: ignore[func-returns-value]
    for more in ([], ["--seed", "2"], ["--min-trades", "3"], ["--fee", "0.002"]):
        run(*ASKED, *more)

    assert len(set(paths)) == 4


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["ema_cross", "--range", "quick=1:2"], "range 'quick' is no parameter"),
        (["ema_cross", "--range", "fast=20:5"], "range fast=20:5 is inverted"),
        (["ema_cross", "--range", "fast=,"], "range fast is empty"),
        (["ema_cross", "--range", "fast"], "is not NAME=LO:HI"),
        (["ema_cross", "--objective", "luck"], "objective 'luck' is unknown; use one of"),
        (["ema_cross", "--method", "grid", "--range", "fast=2:500:1", "--range", "slow=2:1000:1",
          "--range", "take_profit=0.001:0.9:0.001"], "sets and 1,000,000 are allowed"),
        (["ema_cross", "--fix", "fast=9", "--fix", "slow=30"], "nothing to search"),
        (["ema_cross", "--held-out", "2"], "held_out 2.0 must be a fraction"),
        (["ema_cross", "--sets", "0"], "sets 0 must lie between"),
        (["ema_cross", "--walk-forward", "rolling", "--windows", "900", "--bars", "2000"],
         "give more bars or fewer windows"),
        (["none"], "strategy 'none' is unknown"),
        ([], "name a strategy"),
        (["rsi", "--workers", "2"], "--workers needs --market or --bot"),
        (["ema_cross", "--range", "fast=60:90", "--range", "slow=20:50", "--bars", "500"],
         "none of the 500 sets can be: fast"),
        (["rsi", "--bars", "300", "--min-trades", "999", "--sets", "5"], "sets made 999 trades"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_one_sentence_and_exit_code_2(
    run: Any, argv: list[str], words: str
) -> None:
    code, table, told = run(*argv)

    assert (code, table) == (2, "")
    assert words in told
    assert len(told.strip().splitlines()) == 1
