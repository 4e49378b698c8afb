"""Whether all that can be bought can be sold again, down to the stop loss.

A venue takes no order below its least quantity and value. Coins come in lots, a fee taken in coins
leaves less than was bought, prices fall after the entry, and steps sell only a part: whatever then
remains has to be worth an order at the stop, or half way down where there is none.
"""

from collections.abc import Callable, Iterator
from math import floor, inf

from apps.trading.kernel.risk import MARKET_MARGIN
from apps.trading.preflight.finding import Finding, at_least, error, note, percent, plain
from apps.trading.preflight.setup import HIGHEST, LOWEST, Setup

# Sizes of so many lots more are looked at one by one.
LOOKED_AT = 16


def what_cannot_be_sold(setup: Setup, price: float) -> Iterator[Finding]:
    """Remainders that an exit would have to leave behind."""
    if setup.is_grid:
        return
    if setup.plan.max_positions > 1 and cash_may_cut(setup):
        yield _cut_by_cash(setup)
        return
    smallest = setup.entry.quote * shrunk(setup)
    yield from _whole(setup, price, smallest)
    yield from _steps(setup, price, smallest)
    yield from _too_much(setup, price)


# ---- how small an entry may become -----------------------------------------------------------


def shrunk(setup: Setup) -> float:
    """The smallest share of its size that an entry may have, after losses that are looked at."""
    plan = setup.plan
    share = max(0.0, 1.0 - (plan.risk_reduction or 0.0) * setup.loss)
    if plan.capital_per_entry is not None:
        # Bought for what is left where that is less than the share.
        share = min(share, (1.0 - setup.loss) / plan.capital_per_entry)
    return share


def cash_may_cut(setup: Setup) -> bool:
    """Whether other positions may leave an entry any amount, however small."""
    plan = setup.plan
    if plan.capital_per_entry is None:
        return False
    one = sum(setup.cost(buy) for buy in setup.buys)
    left = setup.capital * (1.0 - setup.loss) - (plan.max_positions - 1) * one
    return left < plan.capital_per_entry * setup.capital * (1 - 1e-9)


def _cut_by_cash(setup: Setup) -> Finding:
    plan = setup.plan
    share = plan.capital_per_entry or 0.0
    fixed = plain(setup.entry.quote)
    return error(
        "capital_per_entry",
        f"With {plan.max_positions} positions of {percent(share)} of the capital each, an entry "
        f"after losses of up to {percent(setup.loss)} is cut to whatever cash the others left, "
        "which may be too little to be sold again.",
        f"Set quote_per_entry to {fixed} instead, which is refused rather than cut, or lower "
        f"capital_per_entry to {percent((1 - setup.loss) / plan.max_positions)}.",
        positions=plan.max_positions,
        share=share,
        loss=setup.loss,
    )


# ---- what is worth an order --------------------------------------------------------------------


def worth_at_stop(setup: Setup, price: float, quote: float, *, left: float = 1.0) -> float:
    """The least that a part of an entry is worth at its stop, whatever the price of the entry.

    An entry of n lots may have been bought at any price down to that of n + 1 lots. Of its lots
    the fee takes some, steps took others, and what is left is rounded down to a lot.
    """
    n = setup.lots(quote, price * HIGHEST)
    if n <= 0:
        return 0.0
    kept = (1.0 - setup.coin_fee) * left
    shares = [floor(k * kept + 1e-9) / (k + 1) for k in range(n, n + LOOKED_AT)]
    # For all larger ones: rounding down takes less than a lot, and counts for ever less.
    beyond = n + LOOKED_AT
    shares.append((beyond * kept - 1.0) / (beyond + 1))
    return quote * min(shares) * _lowest(setup, price)


def _lowest(setup: Setup, price: float) -> float:
    """The lowest price at which it has to be sold, as a ratio to that at which it was decided."""
    level = (1.0 - MARKET_MARGIN) * (1.0 - setup.fall)
    return max(0.0, level - setup.tick / (price * LOWEST))


def sells(setup: Setup, price: float, quote: float, *, left: float = 1.0) -> bool:
    """Whether that part of an entry is always worth an order."""
    n = setup.lots(quote, price * HIGHEST)
    coins = floor(n * (1.0 - setup.coin_fee) * left + 1e-9) * setup.lot
    return (
        coins > 0
        and coins >= setup.min_quantity * (1 - 1e-9)
        and worth_at_stop(setup, price, quote, left=left) >= setup.min_notional
    )


def _whole(setup: Setup, price: float, smallest: float) -> Iterator[Finding]:
    if sells(setup, price, smallest):
        return
    quote, base = setup.instrument.quote, setup.instrument.base
    needed = _least(lambda amount: sells(setup, price, amount))
    worth = worth_at_stop(setup, price, smallest)
    after = _after_losses(setup)
    yield error(
        setup.entry.field,
        f"An entry for {plain(smallest)} {quote}{after} may leave coins that cannot be sold: "
        f"{percent(setup.fall)} lower ({_where(setup)}), after fees and lots of {plain(setup.lot)} "
        f"{base}, no more than {plain(worth)} {quote} are sure to be left of it; the venue takes "
        f"no less than {_minimum(setup)}.",
        _remedy(setup, needed, shrunk(setup)),
        entry=smallest, worth_at_stop=worth, fall=setup.fall, smallest=needed,
        min_notional=setup.min_notional, min_quantity=setup.min_quantity, lot=setup.lot,
    )  # fmt: skip


def _where(setup: Setup) -> str:
    if setup.plan.stop_timeout_s is not None:
        return "the stop waits for its timeout"
    if setup.plan.stop_loss is None:
        return "there is no stop loss"
    return "at the stop"


def _minimum(setup: Setup) -> str:
    quote, base = setup.instrument.quote, setup.instrument.base
    return f"{plain(setup.min_notional)} {quote} and {plain(setup.min_quantity)} {base}"


def _after_losses(setup: Setup) -> str:
    return "" if shrunk(setup) == 1 else f" (its size after losing {percent(setup.loss)})"


def _least(enough: Callable[[float], bool]) -> float:
    """The smallest amount that is enough, rounded up; infinite when none is."""
    high = 1e-8
    while not enough(high):
        high *= 2.0
        if high > 1e18:
            return inf
    low = high / 2.0
    for _ in range(40):
        middle = (low + high) / 2.0
        low, high = (low, middle) if enough(middle) else (middle, high)
    return at_least(high)


def _remedy(setup: Setup, needed: float, share: float) -> str:
    quote = setup.instrument.quote
    if share <= 0:
        return "Lower risk_reduction, or set max_drawdown: the size may shrink to nothing."
    if needed == inf:
        return "Set a stop_loss that lies nearer, or choose another market."
    amount = at_least(needed / share)
    if setup.plan.capital_per_entry is None and setup.entry.field == "quote_per_entry":
        return f"Set quote_per_entry to at least {plain(amount)} {quote}."
    capital = at_least(setup.capital * needed / (setup.entry.quote * share))
    return (
        f"Give the bot at least {plain(capital)} {quote} of capital, or raise {setup.entry.field}."
    )


# ---- what steps leave --------------------------------------------------------------------------


def _steps(setup: Setup, price: float, smallest: float) -> Iterator[Finding]:
    """What is left after a step has sold its share, be it of the entry alone or of all buys."""
    plan = setup.plan
    steps = plan.steps()
    largest = _largest(setup)
    left = 1.0
    for k, step in enumerate(steps[:-1]):
        left -= step.share
        if sells(setup, price, smallest, left=left):
            continue
        if _always_joins(setup, price, largest, left, k):
            yield note(
                f"take_profit_steps.{k}.share",
                f"After step {k + 1} too little would be left to be sold: it sells everything.",
                "Raise the amount if the later steps are wanted.",
                left=left,
            )
            return
        needed = _least(lambda amount, left=left: sells(setup, price, amount, left=left))  # type: ignore[misc]
        worth = worth_at_stop(setup, price, smallest, left=left)
        yield error(
            f"take_profit_steps.{k}.share",
            f"Step {k + 1} leaves {percent(left)} of what was bought, of which "
            f"{percent(setup.fall)} lower ({_where(setup)}) no more than {plain(worth)} "
            f"{setup.instrument.quote} are sure to be left; the venue takes no less than "
            f"{_minimum(setup)}.",
            _remedy(setup, needed, shrunk(setup)) + " Or sell in fewer steps.",
            left=left, worth_at_stop=worth, fall=setup.fall, smallest=needed,
        )  # fmt: skip
        return


def _largest(setup: Setup) -> float:
    """The most that a position may cost."""
    if setup.plan.reinvest:
        return inf
    return sum(buy.quote for buy in setup.buys) * (1 + MARKET_MARGIN)


def _always_joins(setup: Setup, price: float, largest: float, left: float, k: int) -> bool:
    """Whether what step k leaves is sold with it, being below the least value even there."""
    gain = 1.0 + setup.plan.steps()[k].profit
    # Steps before it were rounded down: each left up to a lot more.
    rest = largest * left + k * setup.lot * price * HIGHEST
    return rest * gain < setup.min_notional * (1.0 - MARKET_MARGIN)


# ---- what is too much for one order ------------------------------------------------------------


def _too_much(setup: Setup, price: float) -> Iterator[Finding]:
    """A position is left with one order, however many built it up."""
    most = float(setup.instrument.max_quantity)
    if not most:
        return
    base = setup.instrument.base
    coins = sum(buy.quote / (price * (1.0 - buy.deviation)) for buy in setup.buys)
    if coins > most:
        yield error(
            setup.entry.field,
            f"A full position of {plain(coins)} {base} at {plain(price)} is above the "
            f"{plain(most)} {base} that the venue takes in one order, and could not be sold.",
            "Lower the amounts, or share them out among several bots.",
            quantity=coins,
            max_quantity=most,
        )
