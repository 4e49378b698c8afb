"""freqtrade: one run of its own backtest and statistics, offline, on one pair of one market."""

import functools
import json
import logging
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
from freqtrade.configuration import TimeRange
from freqtrade.enums import CandleType, RunMode
from freqtrade.optimize.backtesting import Backtesting
from freqtrade.optimize.optimize_reports import generate_backtest_stats
from freqtrade.resolvers import ExchangeResolver

from workers.bench.engines.rules import CAPITAL, QUOTE
from workers.bench.engines.speech import Columns, Refused, Trades, serve

PAIR = "BTC/USDT"
LENGTHS = {60_000: "1m", 300_000: "5m", 3_600_000: "1h", 86_400_000: "1d"}
NO_BOUNDS = {"min": None, "max": None}
MARKET = {
    "id": "BTCUSDT", "symbol": PAIR, "base": "BTC", "quote": "USDT", "active": True,
    "spot": True, "type": "spot", "margin": False, "swap": False, "future": False,
    "option": False, "contract": False, "linear": None, "inverse": None,
    "taker": 0.001, "maker": 0.001, "precision": {"amount": 1e-8, "price": 1e-8},
    "limits": dict.fromkeys(("amount", "price", "cost", "leverage"), NO_BOUNDS), "info": {},
}  # fmt: skip
STRATEGY = """from workers.bench.engines.freqtrade_strategy import Asked as Ours


class Asked(Ours):
    pass
"""


def _configuration(folder: Path, request: dict[str, Any]) -> dict[str, Any]:
    fee = request["fee"]
    # Its return on investment is after both fees; ours is the price's.
    after_fees = (1 + request["take_profit"]) * (1 - fee) - (1 + fee)
    prices = {"price_side": "same", "use_order_book": False}
    return {
        "runmode": RunMode.BACKTEST, "dry_run": True, "dry_run_wallet": CAPITAL * 1000,
        "stake_currency": "USDT", "stake_amount": QUOTE, "max_open_trades": 1,
        "timeframe": LENGTHS[request["bar_ms"]], "fee": fee,
        "minimal_roi": {"0": after_fees}, "stoploss": -request["stop_loss"],
        "strategy": "Asked", "strategy_path": str(folder), "recursive_strategy_search": False,
        "trading_mode": "spot", "margin_mode": "", "candle_type_def": CandleType.SPOT,
        "dataformat_ohlcv": "feather", "datadir": folder, "user_data_dir": folder,
        "export": "none", "backtest_cache": "none", "internals": {}, "original_config": {},
        "exchange": {"name": "binance", "pair_whitelist": [PAIR], "pair_blacklist": []},
        "pairlists": [{"method": "StaticPairList"}], "tradable_balance_ratio": 1.0,
        "entry_pricing": prices, "exit_pricing": prices,
        "unfilledtimeout": {"entry": 10, "exit": 10, "unit": "minutes"},
    }  # fmt: skip


@functools.cache
def _engine(key: str) -> Backtesting:
    """The engine, ready to run."""
    request = json.loads(key)
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    (folder / "asked.py").write_text(STRATEGY)
    config = _configuration(folder, request)
    exchange = ExchangeResolver.load_exchange(config, validate=False)
    # What it would ask the venue for, could it be reached.
    exchange._markets = {PAIR: MARKET}
    exchange._api.set_markets([MARKET])
    engine = Backtesting(config, exchange)
    engine.strategylist[0].asked = request
    return engine


def backtest(columns: Columns, request: dict[str, Any]) -> Trades:
    if request["bar_ms"] not in LENGTHS:
        raise Refused(f"has no bars of {request['bar_ms']} ms")
    wanted = ("strategy", "params", "fee", "take_profit", "stop_loss", "bar_ms")
    engine = _engine(json.dumps({name: request[name] for name in wanted}))
    frame = pd.DataFrame(
        {
            "date": pd.to_datetime(columns.time, unit="ms", utc=True),
            "open": columns.open,
            "high": columns.high,
            "low": columns.low,
            "close": columns.close,
            "volume": columns.volume,
        }
    )
    strategy = engine.strategylist[0]
    first, last = engine.backtest_one_strategy(strategy, {PAIR: frame}, TimeRange())
    if request["report"]:
        generate_backtest_stats({PAIR: frame}, engine.all_bt_content, first, last)
    results = engine.all_bt_content[strategy.get_strategy_name()]["results"]
    closed = results[results["exit_reason"] != "force_exit"]
    return Trades(_ms(closed["open_date"]), _ms(closed["close_date"]))


def _ms(dates: Any) -> Any:
    return dates.dt.tz_localize(None).astype("datetime64[ms]").to_numpy().view("int64")


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    serve({"backtest": backtest})
