"""What demo bots do: every registered strategy, quick enough to be watched, none like the next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from apps.bots.catalogue import known_strategies
from apps.markets.models import Market
from apps.trading.strategy import Strategy

# About a thousand dollars, in whatever a market is quoted in.
_CAPITALS = {
    "BTC": Decimal("0.02"),
    "ETH": Decimal("0.4"),
    "BNB": Decimal(2),
}
_USUAL = Decimal(1000)
_TIMEFRAMES = ("5s", "1m", "15s")


@dataclass(frozen=True, slots=True)
class DemoPreset:
    """One way to run a strategy. `shares` are amounts, as shares of the bot's capital."""

    strategy: str
    timeframe: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    shares: Mapping[str, float] = field(default_factory=dict)
    plan_changes: Mapping[str, Any] = field(default_factory=dict)

    def values(self, *, capital: Decimal) -> dict[str, Any]:
        """The strategy's parameters for a bot with this capital."""
        amounts = {name: round(share * float(capital), 8) for name, share in self.shares.items()}
        return {**self.parameters, **amounts}


def _rsi(
    timeframe: str, period: int, oversold: float, overbought: float, **plan: float
) -> DemoPreset:
    levels = {"period": period, "oversold": oversold, "overbought": overbought}
    return DemoPreset("rsi", timeframe, levels, {"quote_per_entry": 0.1}, plan)


def _dca(interval_s: float, take_profit: float, amount: float, **plan: float) -> DemoPreset:
    pace = {"interval_s": interval_s, "take_profit": take_profit}
    shares = {"amount": amount, "max_position": amount * 8}
    return DemoPreset("simple_dca", "5s", pace, shares, plan)


def _quick(
    strategy: str, timeframe: str, parameters: Mapping[str, Any], **plan: float
) -> DemoPreset:
    return DemoPreset(strategy, timeframe, parameters, {"quote_per_entry": 0.1}, plan)


def _trend(strategy: str, timeframe: str, fast: int, slow: int, band: float) -> DemoPreset:
    pace = {"fast": fast, "slow": slow, "band": band, "share": 0.1}
    return DemoPreset(strategy, timeframe, pace)


def _ladder(start: str, timeframe: str, deviation: float, take_profit: float) -> DemoPreset:
    pace = {"start": start, "safety_deviation": deviation, "take_profit": take_profit}
    return DemoPreset("dca", timeframe, pace, {"quote_per_entry": 0.03, "safety_quote": 0.03})


def _macd(timeframe: str, fast: int, slow: int, signal: int) -> DemoPreset:
    pace = {"fast": fast, "slow": slow, "signal": signal, "min_profit": 0.001}
    return DemoPreset("macd_dca", timeframe, pace)


def _grid(timeframe: str, around: float, cells: int) -> DemoPreset:
    pace = {"range": around, "cells": cells, "trail_up": True, "trail_down": True}
    return DemoPreset("grid", timeframe, pace)


# Short and narrow, so that something is seen within a minute.
_KNOWN = (
    _rsi("5s", 5, 45.0, 55.0),
    _dca(60.0, 0.002, 0.05),
    _rsi("5s", 3, 40.0, 60.0, max_holding_s=90.0),
    _rsi("15s", 7, 47.0, 53.0, stop_loss=0.004),
    _dca(90.0, 0.001, 0.03, stop_loss=0.006),
    _rsi("1s", 9, 42.0, 58.0, take_profit=0.001, stop_loss=0.002),
    _rsi("1m", 4, 48.0, 52.0, max_holding_s=240.0),
    _quick("ema_cross", "5s", {"fast": 3, "slow": 8}),
    _quick("bollinger", "5s", {"period": 8, "profit_target": None}, max_holding_s=180.0),
    _trend("trend_ema", "15s", 4, 12, 0.0),
    _quick("ema_cross", "1s", {"fast": 5, "slow": 13}, take_profit=0.002, stop_loss=0.003),
    _trend("trend_ema_fast", "5s", 4, 10, 0.0001),
    _quick("bollinger", "15s", {"period": 6, "buy_below": 0.3}, stop_loss=0.004),
    _ladder("asap", "5s", 0.0008, 0.0015),
    _macd("5s", 4, 9, 3),
    _grid("5s", 0.008, 16),
    _ladder("rsi_below", "5s", 0.0015, 0.002),
    _macd("1s", 6, 13, 5),
)


def demo_presets() -> list[DemoPreset]:
    """Ours first; of a strategy without one here, its own presets on quick timeframes.

    None of those that need what no demo has, such as a model: they would only wait.
    """
    mentioned = {preset.strategy for preset in _KNOWN}
    known = {name: item for name, item in known_strategies().items() if not item.needs}
    own = [preset for preset in _KNOWN if preset.strategy in known]
    for name, strategy in known.items():
        if name not in mentioned:
            own += _declared(strategy)
    return own


def _declared(strategy: Strategy) -> list[DemoPreset]:
    """A strategy as it declares itself, its amounts turned into shares of the capital."""
    presets = []
    for number, name in enumerate(strategy.presets or ("",)):
        values = dict(strategy.values(preset=name))
        amounts = {item.name for item in strategy.parameters if item.unit == "quote"}
        shares = {
            each: values.pop(each) / float(_USUAL)
            for each in amounts
            if values.get(each) is not None
        }
        timeframe = _TIMEFRAMES[number % len(_TIMEFRAMES)]
        presets.append(DemoPreset(strategy.name, timeframe, values, shares))
    return presets


def capital_on(market: Market) -> Decimal:
    """A demo bot's capital in the market's quote asset; always enough for its smallest orders."""
    least: Decimal = 50 * market.min_notional
    return max(_CAPITALS.get(market.quote, _USUAL), least)


def opening_balances(markets: Sequence[Market], *, bots: int) -> dict[str, str]:
    """Coins with which so many demo bots can trade for days, and some to pay odd fees with."""
    quotes = {market.quote: capital_on(market) for market in markets}
    return {
        **{quote: format(2 * bots * capital, "f") for quote, capital in quotes.items()},
        "BNB": format(max(Decimal(1), 2 * bots * quotes.get("BNB", Decimal(0))), "f"),
    }
