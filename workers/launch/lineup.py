"""Which bots a demo fleet begins with: every strategy shared out over the demo's markets."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from apps.trading.strategy import Strategy

MARKETS = ("BTC/USDT", "ETH/USDT", "SOL/USDT", "ETH/BTC")
LEAST_BOTS = 6
TIMEFRAME = "5s"
_CAPITAL = Decimal(10_000)
# Amounts below are in USDT; one of another quote asset is worth about so much.
_USDT_PER_QUOTE = {"BTC": Decimal(50_000)}
# Short and narrow, so that something is seen within a minute. Of the capital so small a part that
# the fees of a trade a minute take days to use it up, and yet so large that what the lot leaves
# over of each purchase hardly shows.
_FAST: Mapping[str, Mapping[str, Any]] = {
    "rsi": {"period": 5, "oversold": 45.0, "overbought": 55.0, "quote_per_entry": 250.0},
    "simple_dca": {
        "interval_s": 60.0,
        "amount": 100.0,
        "max_position": 2000.0,
        "take_profit": 0.002,
    },
    "bollinger": {
        "period": 8,
        "buy_below": 0.3,
        "sell_above": 0.7,
        "profit_target": None,
        "quote_per_entry": 250.0,
    },
    "ema_cross": {"fast": 3, "slow": 8, "quote_per_entry": 250.0},
    "macd_dca": {
        "fast": 4,
        "slow": 9,
        "signal": 3,
        "initial_share": 0.02,
        "dca_share": 0.01,
        "max_share": 0.1,
        "min_profit": 0.001,
    },
    "dca": {"safety_deviation": 0.0008, "take_profit": 0.0015, "cooldown_s": 20.0},
    "grid": {"range": 0.01, "share": 0.2, "trail_up": True, "trail_down": True},
    "trend_ema": {"fast": 6, "slow": 18, "share": 0.03},
    "trend_ema_fast": {"fast": 4, "slow": 10, "band": 0.0001, "share": 0.03},
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """One bot to be made, in the words of `create_bot`."""

    name: str
    symbol: str
    strategy: str
    timeframe: str
    capital: Decimal
    parameters: Mapping[str, Any]


def line_up(
    strategies: Mapping[str, Strategy],
    *,
    markets: Sequence[str] = MARKETS,
    least: int = LEAST_BOTS,
) -> Iterator[Wanted]:
    """At least `least` bots, each strategy at least once, each market in turn.

    But for those that need what no demo has, such as a model: they would only wait.
    """
    names = sorted(name for name, strategy in strategies.items() if not strategy.needs)
    for place in range(max(least, len(names))):
        strategy = strategies[names[place % len(names)]]
        # One further with each round, so that no strategy keeps to the same markets.
        symbol = markets[(place + place // len(markets)) % len(markets)]
        yield wanted(strategy, symbol=symbol, name=f"Demo {strategy.title} {symbol}")


def wanted(strategy: Strategy, *, symbol: str, name: str, timeframe: str = TIMEFRAME) -> Wanted:
    """A bot of the strategy on this market, fast where fast parameters are known."""
    quote = symbol.partition("/")[2]
    return Wanted(
        name=name,
        symbol=symbol,
        strategy=strategy.name,
        timeframe=timeframe,
        capital=capital_in(quote),
        parameters=amounts_in(strategy, quote, _FAST.get(strategy.name, {})),
    )


def capital_in(quote: str) -> Decimal:
    """What a bot is assigned, in its quote asset."""
    return _CAPITAL / _USDT_PER_QUOTE.get(quote, Decimal(1))


def amounts_in(
    strategy: Strategy, quote: str, values: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The values, and every default amount of the quote asset, in that asset."""
    worth = _USDT_PER_QUOTE.get(quote, Decimal(1))
    values = dict(values or {})
    for item in strategy.parameters:
        amount = values.get(item.name, item.default)
        if item.unit == "quote" and amount is not None and worth != 1:
            values[item.name] = float(Decimal(str(amount)) / worth)
    return values
