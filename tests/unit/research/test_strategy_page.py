"""The how-to's strategy is a real one: it loads, and keeps every promise."""

import re
from pathlib import Path

from apps.strategies import load_strategies
from apps.trading import strategy as registry
from apps.trading.strategy import find_strategy, strategies
from tests.contracts.strategy_contracts import CONTRACTS

PAGE = Path(__file__).resolve().parents[3] / "docs" / "how-to" / "write-a-strategy.md"


def test_the_strategy_of_the_page_keeps_every_promise(tmp_path, monkeypatch):
    load_strategies()
    monkeypatch.setattr(registry, "_REGISTRY", strategies())
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    (tmp_path / "dip.py").write_text(code)

    assert load_strategies(tmp_path) == []

    dip = find_strategy("dip")
    for contract in CONTRACTS:
        contract(dip)
    words = dip.reason(
        dip.values(),
        bits=1,
        inputs={"rsi": 38.23, "dip": 50.0, "close": 101.2, "average": 100.84},
    )
    assert f"`{words}`" in PAGE.read_text()
