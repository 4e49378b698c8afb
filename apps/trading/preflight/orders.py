"""Whether the venue takes what a plan buys: least and largest quantity, least value, lots."""

from collections.abc import Iterator
from decimal import Decimal
from math import ceil

from apps.trading.preflight.finding import Finding, at_least, error, plain
from apps.trading.preflight.setup import Buy, Setup


def what_the_venue_refuses(setup: Setup, price: float) -> Iterator[Finding]:
    """Purchases that are too small, or too large, at their prices."""
    if setup.is_grid:
        return
    told: set[str] = set()
    for buy in setup.buys:
        at = setup.to_tick(price * (1.0 - buy.deviation))
        found = too_small_or_large(setup, buy, at) if at > 0 else None
        # One sentence for all purchases of one amount; the nearest of them stands for the others.
        if found is not None and buy.field not in told:
            told.add(buy.field)
            yield found


def too_small_or_large(setup: Setup, buy: Buy, at: float) -> Finding | None:
    """Why the venue would not take this purchase, or could not be sold back what is kept of it."""
    instrument = setup.instrument
    bought = instrument.round_quantity(buy.quote / at)
    # An entry counts by what the fee leaves of it: an entry that cannot be left is not made.
    is_entry = buy.field == setup.entry.field
    kept = instrument.round_quantity(float(bought) * (1.0 - setup.coin_fee)) if is_entry else bought
    most = instrument.max_quantity
    reason = instrument.shortfall(price=Decimal(repr(at)), quantity=kept)
    if reason is None:
        return None
    name = buy.name[:1].upper() + buy.name[1:]
    what = f"{name} of {plain(buy.quote)} {instrument.quote} at {plain(at)}"
    if most and kept > most:
        return error(
            buy.field,
            f"{what}: {reason}, and the venue refuses it.",
            f"Lower {buy.field} to {plain(float(most) * at)} {instrument.quote} or less.",
            quote=buy.quote, price=at, quantity=float(bought),
        )  # fmt: skip
    smallest = smallest_order(setup, at, fee=setup.coin_fee if is_entry else 0.0)
    return error(
        buy.field,
        f"{what}, rounded down to a lot{' and less its fee' if kept != bought else ''}: {reason}, "
        "and the venue refuses it.",
        f"Raise it to at least {plain(smallest)} {instrument.quote}.",
        quote=buy.quote, price=at, quantity=float(bought), smallest=smallest,
    )  # fmt: skip


def smallest_order(setup: Setup, at: float, *, fee: float) -> float:
    """The least amount that is taken at a price, also after so much of its coins is gone."""
    lots = max(1, ceil(max(setup.min_quantity, setup.min_notional / at) / setup.lot - 1e-9))
    if fee:
        lots = ceil(lots / (1.0 - fee) + 1e-9)
    return at_least(lots * setup.lot * at)
