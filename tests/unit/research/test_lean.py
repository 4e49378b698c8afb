"""A command loads what it needs: not the libraries that others would only recognise types of."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from apps.markets.files import write_bars
from apps.markets.generated import generated_bars
from apps.trading.lean import without


def test_a_hidden_module_is_missing_inside_and_there_again_outside() -> None:
    sys.modules.pop("colorsys", None)

    with without("colorsys"), pytest.raises(ImportError):
        import_module("colorsys")

    assert import_module("colorsys").rgb_to_hsv(0, 0, 0) == (0.0, 0.0, 0)


def test_a_module_that_is_loaded_stays() -> None:
    json = import_module("json")

    with without("json"):
        assert import_module("json") is json


@pytest.mark.parametrize("name", ["bars.csv", "bars.parquet"])
def test_a_backtest_loads_neither_django_nor_pandas(tmp_path: Path, name: str) -> None:
    bars = tmp_path / name
    write_bars(bars, generated_bars(symbol="BTC/USDT", timeframe="5m", count=50, seed=1))
    code = (
        "import sys; from apps.research import console; "
        f"code = console.main(['rsi', '--candles', {str(bars)!r}], strategy_folder=None); "
        "print(sorted({'django', 'pandas', 'polars', 'celery'} & set(sys.modules)), "
        "file=sys.stderr); sys.exit(code)"
    )

    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=100
    )

    assert (ran.returncode, ran.stderr) == (0, "[]\n")


ALGEBRA = """
import numpy as np
from apps.trading.compiled import load
load()
import numba
product = numba.njit(lambda a: a @ a)
print(product(np.eye(2)).sum())
"""


def test_a_strategy_that_compiles_its_own_code_has_all_of_numba_where_research_is_done() -> None:
    """The kernel alone is loaded without what it does not need; a research process with it."""
    ran = subprocess.run(
        [sys.executable, "-c", ALGEBRA], capture_output=True, text=True, check=False, timeout=110
    )

    assert ran.stdout == "2.0\n", ran.stderr
