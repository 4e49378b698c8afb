"""What a person may set on any bot, whatever its strategy: parts of its plan, and its limits.

Declared as parameters are, so that forms, help and ranges come from one place. A part of the plan
that is not set is the strategy's own; a limit that is not set is none.
"""

from apps.trading.params import Parameter, choice, number, whole
from apps.trading.plan import ENTRY_KINDS
from apps.trading.risk import Limits

_USUAL = Limits()
_LEAST = 0.0001

PLAN_TERMS: tuple[Parameter, ...] = (
    number(
        "take_profit", None, "Sell at this profit above the average price (0.01 is 1 %).",
        low=_LEAST, high=10.0, unit="fraction", optional=True,
    ),
    number(
        "stop_loss", None, "Sell at this loss below the average price (0.05 is 5 %).",
        low=_LEAST, high=0.99, unit="fraction", optional=True,
    ),
    number(
        "exit_min_profit", None, "Obey an exit signal only at this profit or better (0.01 is 1 %).",
        low=-0.99, high=10.0, unit="fraction", optional=True,
    ),
    number("max_holding_s", None, "Sell after so long.", low=1.0, unit="s", optional=True),
    number(
        "cooldown_s", None, "After an exit, wait so long before the next entry.",
        low=0.0, unit="s", optional=True,
    ),
    choice(
        "entry", "", "How to buy: at once, or with an order that rests.",
        choices=tuple(ENTRY_KINDS), optional=True,
    ),
    number(
        "entry_offset", None, "How far below the market an order that rests is placed"
        " (0.001 is 0.1 %).", low=0.0, high=0.99, unit="fraction", optional=True,
    ),
    number(
        "entry_timeout_s", None, "Give an order that rests up after so long.",
        low=1.0, unit="s", optional=True,
    ),
)  # fmt: skip
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
)  # fmt: skip
