"""All figures of a run on one sheet, each with its unit and what it means."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from typing import Any, NamedTuple

GROUPS = ("Result", "Return and risk", "Drawdown", "Trades", "Costs", "Market")
UNITS = {
    "fraction": "a share: 0.01 is 1 %",
    "quote": "an amount of the quote asset",
    "number": "a plain number",
    "count": "a whole number",
    "seconds": "a time span",
    "time": "a moment in ms UTC",
}


def figure(group: str, unit: str, label: str, meaning: str) -> Any:
    return field(metadata={"group": group, "unit": unit, "label": label, "meaning": meaning})


class Figure(NamedTuple):
    """How a figure is told to people."""

    name: str
    group: str
    unit: str
    label: str
    meaning: str


RESULT, RISK, FALL, TRADES, COSTS, MARKET = GROUPS


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """None is "not defined here": no trades, too few days, nothing to divide by."""

    started_at: int = figure(RESULT, "time", "From", "open of the first bar")
    ended_at: int = figure(RESULT, "time", "To", "close of the last bar")
    elapsed_s: float = figure(RESULT, "seconds", "Length", "from the first open to the last close")
    bars: int = figure(RESULT, "count", "Bars", "bars that were traded on")
    capital: float = figure(RESULT, "quote", "Capital", "what the bot started with")
    final_equity: float = figure(
        RESULT, "quote", "Final equity", "cash and coins at the last close"
    )
    profit: float = figure(RESULT, "quote", "Profit", "final equity less capital")
    total_return: float = figure(RESULT, "fraction", "Total return", "profit / capital")
    closed_profit: float = figure(RESULT, "quote", "Closed profit", "sum of the pnl of the trades")
    open_profit: float = figure(
        RESULT, "quote", "Open profit", "of positions open at the end, at the last close"
    )
    dust: float = figure(
        RESULT, "quote", "Dust", "coins of ended positions, too few to be sold, at the last close"
    )
    lowest_equity: float = figure(RESULT, "quote", "Lowest equity", "at a close")
    highest_equity: float = figure(RESULT, "quote", "Highest equity", "at a close")
    score: float | None = figure(
        RESULT,
        "number",
        "Composite score",
        "0 to 100: growth, steadiness and edge, scaled by protection and by how much there is "
        "to judge (apps/trading/metrics/score.py)",
    )

    cagr: float | None = figure(
        RISK, "fraction", "CAGR", "(final equity / capital)^(1 / years) - 1 (empyrical, freqtrade)"
    )
    volatility: float | None = figure(
        RISK,
        "fraction",
        "Volatility",
        "standard deviation of daily returns x sqrt(365) (empyrical)",
    )
    sharpe: float | None = figure(
        RISK,
        "number",
        "Sharpe ratio",
        "mean / standard deviation of daily returns x sqrt(365) (Sharpe 1994, empyrical)",
    )
    sortino: float | None = figure(
        RISK,
        "number",
        "Sortino ratio",
        "mean / root mean square of daily losses x sqrt(365) (Sortino 1994, empyrical)",
    )
    calmar: float | None = figure(
        RISK, "number", "Calmar ratio", "CAGR / maximum drawdown (Young 1991, empyrical)"
    )
    omega: float | None = figure(
        RISK,
        "number",
        "Omega ratio",
        "sum of daily gains / sum of daily losses (Keating and Shadwick 2002, empyrical)",
    )
    serenity: float | None = figure(
        RISK,
        "number",
        "Serenity ratio",
        "sum of daily returns / (ulcer index x mean of the deepest 5 % of daily drawdowns / "
        "standard deviation of daily returns) (KeyQuant 2016, jesse)",
    )
    stability: float | None = figure(
        RISK,
        "fraction",
        "Stability",
        "R squared of a line through log equity at the ends of days (empyrical)",
    )
    k_ratio: float | None = figure(
        RISK,
        "number",
        "K-ratio",
        "slope of that line / its standard error x sqrt(365) / days (Kestner 2013)",
    )
    best_day: float | None = figure(RISK, "fraction", "Best day", "highest daily return")
    worst_day: float | None = figure(RISK, "fraction", "Worst day", "lowest daily return")
    days_won: int = figure(RISK, "count", "Days won", "UTC days that ended higher")
    days_lost: int = figure(RISK, "count", "Days lost", "UTC days that ended lower")
    days_flat: int = figure(RISK, "count", "Days flat", "UTC days that ended as they began")
    exposure: float = figure(
        RISK, "fraction", "Exposure", "bars in which a position was open / bars (backtesting.py)"
    )

    max_drawdown: float = figure(
        FALL, "fraction", "Maximum drawdown", "deepest fall from a peak, at closes / that peak"
    )
    max_drawdown_quote: float = figure(
        FALL, "quote", "Maximum drawdown, amount", "the same fall in quote"
    )
    max_drawdown_from: int | None = figure(FALL, "time", "Drawdown from", "last close at its peak")
    max_drawdown_to: int | None = figure(FALL, "time", "Drawdown to", "its lowest close")
    max_drawdown_recovered_at: int | None = figure(
        FALL, "time", "Recovered", "first close at the peak again; none: not by the end"
    )
    max_drawdown_s: float | None = figure(
        FALL, "seconds", "Drawdown length", "from its peak to its lowest close"
    )
    longest_underwater_s: float = figure(
        FALL, "seconds", "Longest under water", "below a former peak, to recovery or the end"
    )
    ulcer_index: float | None = figure(
        FALL,
        "fraction",
        "Ulcer index",
        "root mean square of drawdowns at the ends of days (Martin and McCann 1989)",
    )

    trades: int = figure(TRADES, "count", "Trades", "closed, from entry to flat")
    open_trades: int = figure(TRADES, "count", "Open at the end", "not among the trades")
    wins: int = figure(TRADES, "count", "Wins", "pnl above 0 after all fees")
    draws: int = figure(TRADES, "count", "Draws", "pnl of exactly 0")
    losses: int = figure(TRADES, "count", "Losses", "pnl below 0 after all fees")
    win_rate: float | None = figure(TRADES, "fraction", "Win rate", "wins / trades (freqtrade)")
    profit_factor: float | None = figure(
        TRADES,
        "number",
        "Profit factor",
        "sum of wins / sum of losses (freqtrade, backtesting.py)",
    )
    payoff_ratio: float | None = figure(
        TRADES, "number", "Payoff ratio", "average win / average loss (jesse)"
    )
    expectancy: float | None = figure(
        TRADES, "quote", "Expectancy", "average pnl of a trade (freqtrade, jesse)"
    )
    expectancy_ratio: float | None = figure(
        TRADES, "number", "Expectancy ratio", "(1 + payoff ratio) x win rate - 1 (freqtrade)"
    )
    sqn: float | None = figure(
        TRADES,
        "number",
        "System quality number",
        "sqrt(trades) x mean / standard deviation of pnl (Tharp 2008, backtesting.py)",
    )
    kelly: float | None = figure(
        TRADES,
        "fraction",
        "Kelly criterion",
        "win rate - (1 - win rate) / payoff ratio (Kelly 1956, backtesting.py)",
    )
    average_trade: float | None = figure(TRADES, "fraction", "Average trade", "mean of pnl / cost")
    median_trade: float | None = figure(TRADES, "fraction", "Median trade", "median of pnl / cost")
    best_trade: float | None = figure(TRADES, "fraction", "Best trade", "highest pnl / cost")
    worst_trade: float | None = figure(TRADES, "fraction", "Worst trade", "lowest pnl / cost")
    average_win: float | None = figure(TRADES, "quote", "Average win", "mean pnl of the wins")
    average_loss: float | None = figure(TRADES, "quote", "Average loss", "mean pnl of the losses")
    gross_profit: float = figure(TRADES, "quote", "Gross profit", "sum of the wins")
    gross_loss: float = figure(TRADES, "quote", "Gross loss", "sum of the losses")
    average_duration_s: float | None = figure(
        TRADES, "seconds", "Average duration", "first to last fill"
    )
    average_win_duration_s: float | None = figure(
        TRADES, "seconds", "Average duration, wins", "first to last fill"
    )
    average_loss_duration_s: float | None = figure(
        TRADES, "seconds", "Average duration, losses", "first to last fill"
    )
    longest_win_streak: int = figure(TRADES, "count", "Most wins in a row", "as they closed")
    longest_loss_streak: int = figure(TRADES, "count", "Most losses in a row", "as they closed")
    trades_per_day: float | None = figure(
        TRADES, "number", "Trades per day", "trades / days elapsed"
    )

    fees: float = figure(COSTS, "quote", "Fees", "of all fills, open positions included")
    slippage: float = figure(
        COSTS, "quote", "Slippage", "what market orders and stops paid beyond the price they found"
    )
    volume: float = figure(COSTS, "quote", "Volume", "value of all fills, buys and sells")

    market_change: float = figure(
        MARKET, "fraction", "Market change", "first to last close (freqtrade)"
    )
    buy_and_hold: float = figure(
        MARKET,
        "fraction",
        "Buy and hold",
        "return of all capital bought at the first open, taker fee paid, at the last close",
    )

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def figures() -> Iterator[Figure]:
    """Every figure in the order of the sheet."""
    for item in fields(Metrics):
        told = item.metadata
        yield Figure(item.name, told["group"], told["unit"], told["label"], told["meaning"])
