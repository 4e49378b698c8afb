"""Every strategy in the registry keeps every promise; a new one is tested without a new test."""

import pytest

from apps.strategies import load_strategies
from apps.trading.params import ParameterError
from apps.trading.signals import SignalShapeError
from apps.trading.strategy import strategies
from tests.contracts import bad_strategies, strategy_contracts
from tests.contracts.strategy_contracts import CONTRACTS

load_strategies()


@pytest.mark.parametrize("name", strategies())
@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.__name__)
def test_strategy_keeps_the_contract(contract, name):
    contract(strategies()[name])


def test_every_strategy_of_the_catalogue_is_there():
    assert set(strategies()) >= {
        "bollinger",
        "dca",
        "ema_cross",
        "grid",
        "macd_dca",
        "rsi",
        "scalper",
        "simple_dca",
        "trend_ema",
        "trend_ema_fast",
    }


@pytest.mark.parametrize(
    ("planted", "contract", "error"),
    [
        (bad_strategies.LooksAhead, strategy_contracts.does_not_look_ahead, AssertionError),
        (bad_strategies.Averages, strategy_contracts.does_not_look_ahead, AssertionError),
        (bad_strategies.Centred, strategy_contracts.does_not_look_ahead, AssertionError),
        (bad_strategies.Selective, strategy_contracts.does_not_look_ahead, AssertionError),
        (bad_strategies.Scribbling, strategy_contracts.is_deterministic, AssertionError),
        (bad_strategies.Silent, strategy_contracts.says_something, AssertionError),
        (bad_strategies.Forgetful, strategy_contracts.remembers_enough, AssertionError),
        (bad_strategies.Forgetful, strategy_contracts.live_tail_equals_batch, AssertionError),
        (bad_strategies.Hasty, strategy_contracts.warms_up, AssertionError),
        (bad_strategies.Moody, strategy_contracts.is_deterministic, AssertionError),
        (bad_strategies.Misshapen, strategy_contracts.takes_few_bars, SignalShapeError),
        (bad_strategies.Numeric, strategy_contracts.takes_few_bars, SignalShapeError),
        (bad_strategies.Brittle, strategy_contracts.runs_at_both_ends, RuntimeError),
        (bad_strategies.Untold, strategy_contracts.declares_itself, ParameterError),
        (bad_strategies.Sharing, strategy_contracts.shares_only_what_is_shared, AssertionError),
        (bad_strategies.Mute, strategy_contracts.says_why, AssertionError),
        (bad_strategies.Lying, strategy_contracts.says_why, AssertionError),
        (bad_strategies.Unshared, strategy_contracts.says_why, AssertionError),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_the_contract_bites_a_planted_bad_strategy(planted, contract, error):
    with pytest.raises(error):
        contract(planted())
