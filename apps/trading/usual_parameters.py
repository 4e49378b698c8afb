"""Parameters that many strategies declare alike; all of them shape only the plan."""

from apps.trading.params import Parameter, number

_LEAST = 0.0001


def quote_per_entry(default: float = 100.0) -> Parameter:
    return number(
        "quote_per_entry",
        default,
        "Amount of the quote asset to buy for.",
        low=1e-8,
        unit="quote",
        plan_only=True,
    )


def profit_target(default: float | None, *, signal: str) -> Parameter:
    return number(
        "profit_target",
        default,
        f"Sell on {signal} only with at least this profit over the average price "
        "(0.01 is 1 %); empty sells at any price.",
        low=0.0,
        high=10.0,
        unit="fraction",
        optional=True,
        plan_only=True,
    )


def take_profit(default: float | None) -> Parameter:
    return number(
        "take_profit",
        default,
        "Sell at this profit above the average price (0.01 is 1 %).",
        low=_LEAST,
        high=10.0,
        unit="fraction",
        optional=default is None,
        plan_only=True,
        search=(0.005, 0.1),
    )


def stop_loss(default: float | None = None) -> Parameter:
    return number(
        "stop_loss",
        default,
        "Give up this far below the average price (0.05 is 5 %); empty never does.",
        low=_LEAST,
        high=0.99,
        unit="fraction",
        optional=True,
        plan_only=True,
    )
