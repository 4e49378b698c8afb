"""What a person may set on any bot, whatever its strategy: parts of its plan, and its limits.

Declared as parameters are, so that forms, help and ranges come from one place. A part of the plan
that is not set is the strategy's own; a limit that is not set is none. Size and grid are not
here: they are parameters of the strategies. Lists (`take_profit_steps`, `safety_custom`) are set
through the API.
"""

from typing import Any

from apps.trading.kernel.layout import MAX_POSITIONS, MAX_RUNGS
from apps.trading.params import Parameter, choice, number, whole
from apps.trading.plan import ENTRY_KINDS, PROFIT_BASES
from apps.trading.risk import Limits

_USUAL = Limits()
_LEAST = 0.0001


def share(name: str, help: str, **rest: Any) -> Parameter:
    """A fraction that may be left empty."""
    values = {"low": _LEAST, "high": 0.99, "unit": "fraction", "optional": True, **rest}
    return number(name, None, help, **values)


def amount(name: str, help: str, **rest: Any) -> Parameter:
    """An amount of the quote asset, or a price in it."""
    return number(name, None, help, low=1e-8, optional=True, **{"unit": "quote", **rest})


def seconds(name: str, help: str, **rest: Any) -> Parameter:
    return number(name, None, help, unit="s", optional=True, **{"low": 1.0, **rest})


def count(name: str, help: str, *, low: int, high: int | None = None) -> Parameter:
    return whole(name, None, help, low=low, high=high, optional=True)


ENTRY_TERMS: tuple[Parameter, ...] = (
    share(
        "reinvest", "Share of the realised profit by which every size grows (1 is 100 %).",
        low=0.0, high=1.0,
    ),
    share(
        "risk_reduction", "Share of the realised loss by which every size shrinks (1 is 100 %).",
        low=0.0, high=1.0,
    ),
    count("max_positions", "Positions open at a time; each enter signal opens one.",
          low=1, high=MAX_POSITIONS),
    choice(
        "entry", "", "How to buy: at once, or with an order that rests.",
        choices=tuple(ENTRY_KINDS), optional=True,
    ),
    share(
        "entry_offset", "How far below the market an order that rests is placed (0.001 is 0.1 %).",
        low=0.0,
    ),
    seconds("entry_timeout_s", "Give an order that rests up after so long."),
    amount("entry_min_price", "Do not enter while the market is below this price.", unit="price"),
    amount("entry_max_price", "Do not enter while the market is above this price.", unit="price"),
    seconds("start_delay_s", "Act on an enter signal so much later.", low=0.0),
    seconds("cooldown_s", "After an exit, wait so long before the next entry.", low=0.0),
    count("max_deals", "Do not enter any more after so many positions were opened.", low=1),
)  # fmt: skip
ADD_TERMS: tuple[Parameter, ...] = (
    amount("add_quote", "Amount of each further buy while a position is open."),
    share("add_capital", "The same as a share of the capital (0.02 is 2 %).", high=1.0),
    seconds("add_interval_s", "Buy again every so long; empty buys on the strategy's add signal."),
    count("max_adds", "Most further buys of a position.", low=0),
    share("add_min_drop", "Buy again only so far below the average price (0.02 is 2 %)."),
    share(
        "position_cap", "Most of the capital that a position may cost, with fees (0.5 is 50 %).",
        high=1.0,
    ),
)  # fmt: skip
LADDER_TERMS: tuple[Parameter, ...] = (
    count("safety_orders", "Buy orders resting below the first price.", low=0, high=MAX_RUNGS),
    share("safety_deviation", "How far the first one lies below it (0.01 is 1 %)."),
    number(
        "safety_step_scale", None, "Each step down is the one before times this.",
        low=0.1, high=10.0, optional=True,
    ),
    amount("safety_quote", "Amount of the first safety order."),
    share("safety_capital", "The same as a share of the capital (0.02 is 2 %).", high=1.0),
    number(
        "safety_volume_scale", None, "Each amount is the one before times this.",
        low=0.1, high=10.0, optional=True,
    ),
    count("safety_active", "How many of them rest at a time; empty: all.", low=1, high=MAX_RUNGS),
)  # fmt: skip
EXIT_TERMS: tuple[Parameter, ...] = (
    share("take_profit", "Sell at this profit above the average price (0.01 is 1 %).", high=10.0),
    choice(
        "take_profit_from", "", "Count the profit from the average price, or the first one.",
        choices=PROFIT_BASES, optional=True,
    ),
    share(
        "take_profit_trailing",
        "Instead of selling at the target, sell so far below the highest price since (0.005 is"
        " 0.5 %).",
    ),
    share("stop_loss", "Sell at this loss below the average price (0.05 is 5 %)."),
    share("stop_trailing", "Sell so far below the highest price since the entry (0.05 is 5 %)."),
    share(
        "stop_trailing_at", "Let the stop trail only from this profit on (0.01 is 1 %).", high=10.0
    ),
    share(
        "break_even_at", "From this profit on, the stop stands at break_even_to (0.01 is 1 %).",
        high=10.0,
    ),
    share(
        "break_even_to", "Where the stop then stands above the average price (0.002 is 0.2 %).",
        low=-0.99, high=10.0,
    ),
    seconds("stop_timeout_s", "Sell only after the market was at or below the stop so long."),
    Parameter(
        "exit_on_signal", "yes_no", None, "Sell on the strategy's exit signal.", optional=True
    ),
    share(
        "exit_min_profit", "Obey an exit signal only at this profit or better (0.01 is 1 %).",
        low=-0.99, high=10.0,
    ),
    seconds("max_holding_s", "Sell after so long."),
)  # fmt: skip
PLAN_TERMS = (*EXIT_TERMS, *ENTRY_TERMS, *ADD_TERMS, *LADDER_TERMS)
LIMIT_TERMS: tuple[Parameter, ...] = (
    number(
        "max_order_notional", _USUAL.max_order_notional, "Refuse an entry that is worth more.",
        low=_LEAST, unit="quote", optional=True,
    ),
    number(
        "max_exposure", _USUAL.max_exposure,
        "Most of the capital in coins and working buys (0.5 is 50 %).",
        low=_LEAST, high=1.0, unit="fraction", optional=True,
    ),
    whole(
        "max_open_positions", _USUAL.max_open_positions, "Most positions open at a time.",
        low=1, optional=True,
    ),
    whole(
        "max_orders_per_minute", _USUAL.max_orders_per_minute, "Most entries placed in a minute.",
        low=1, optional=True,
    ),
    number(
        "max_daily_loss", _USUAL.max_daily_loss,
        "No more entries today after losing so much of the equity at 00:00 UTC (0.05 is 5 %).",
        low=_LEAST, high=1.0, unit="fraction", optional=True,
    ),
    number(
        "max_price_deviation", _USUAL.max_price_deviation,
        "Refuse an entry whose price is further from the market (0.2 is 20 %).",
        low=_LEAST, high=1.0, unit="fraction", optional=True,
    ),
    number(
        "max_drawdown", _USUAL.max_drawdown,
        "No entries while the equity is so far below the highest balance (0.2 is 20 %).",
        low=_LEAST, high=1.0, unit="fraction", optional=True,
    ),
    whole(
        "max_consecutive_losses", _USUAL.max_consecutive_losses,
        "No entries after so many losing positions in a row.", low=1, optional=True,
    ),
    number(
        "loss_pause_s", _USUAL.loss_pause_s,
        "How long then; empty: until somebody resumes the bot.", low=1.0, unit="s", optional=True,
    ),
)  # fmt: skip
