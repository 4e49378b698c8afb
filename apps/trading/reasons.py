"""Why a position ended, in words: the one table for live positions and backtests."""

from apps.trading.kernel import layout

REASONS = {
    layout.BY_SIGNAL: "signal",
    layout.BY_STOP: "stop_loss",
    layout.BY_PROFIT: "take_profit",
    layout.BY_TIME: "max_holding",
    layout.BY_HALT: "flatten",
    layout.BY_TRAILING_STOP: "trailing_stop",
    layout.BY_BREAK_EVEN: "break_even",
    layout.BY_TRAILING_PROFIT: "trailing_take_profit",
    layout.BY_GRID_STOP: "grid_stop",
}
# A position that ended because nothing was left that could be sold.
NOTHING_LEFT = "dust"
