"""People who call the API, and a market whose bars are stored."""

from decimal import Decimal

import numpy as np
import pytest

from apps.accounts.models import ExchangeAccount, User
from apps.bots.catalogue import known_strategies
from apps.markets.candles import append_bars
from apps.markets.models import Market
from apps.trading import strategy
from apps.trading.bar import Bars
from tests.integration.faces.conftest import (  # noqa: F401
    ada,
    as_user,
    bob,
    boss,
    no_throttle_carried_over,
    person,
    viewer,
)
from tests.integration.faces.rows import a_market, an_account

STEP = 300_000
START = 1_700_000_100_000
COUNT = 600


def waves(count: int = COUNT, start: int = START) -> Bars:
    """A market that swings by five percent every hour and a half: rsi trades it."""
    at = np.arange(count)
    close = 1000.0 * (1.0 + 0.05 * np.sin(at / 9.0))
    opened = np.append(close[:1], close[:-1])
    high, low = np.maximum(opened, close) * 1.001, np.minimum(opened, close) * 0.999
    return Bars(start + at * STEP, opened, high, low, close, np.full(count, 1.0))


@pytest.fixture(autouse=True)
def strategies_of_this_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers, the next does not know."""
    known_strategies()
    monkeypatch.setattr(strategy, "_REGISTRY", dict(strategy._REGISTRY))


@pytest.fixture
def market(db: None) -> Market:
    """BTC/USDT at the venue "demo" with two days of bars."""
    market = a_market(lot_size=Decimal("0.000001"))
    append_bars(market=market, timeframe="5m", bars=waves())
    return market


@pytest.fixture
def paper(ada: User, market: Market) -> ExchangeAccount:  # noqa: F811
    """Ada's account at that venue."""
    return an_account(ada)
