"""Looks at a configuration before it trades: every check, worst findings first."""

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal

from apps.trading.instrument import Instrument
from apps.trading.plan import Plan
from apps.trading.preflight import capital as money
from apps.trading.preflight import exits, fees, orders, prices
from apps.trading.preflight.finding import ORDER, Finding, Level, error, note
from apps.trading.preflight.grid import cells_that_cannot_be_sold, grid
from apps.trading.preflight.setup import Setup
from apps.trading.risk import Limits

# Whole steps up to here are exact floats, and fit the instrument's decimals.
MOST = 1e15
Check = Callable[[Setup, float | None], Iterator[Finding]]


def _whatever_the_price(check: Callable[[Setup], Iterator[Finding]]) -> Check:
    return lambda setup, _price: check(setup)


def _at_a_price(check: Callable[[Setup, float], Iterator[Finding]]) -> Check:
    return lambda setup, price: check(setup, price) if price else iter(())


SELLABLE = _at_a_price(exits.what_cannot_be_sold)
GRID_SELLABLE: Check = cells_that_cannot_be_sold
CHECKS: tuple[Check, ...] = (
    _at_a_price(orders.what_the_venue_refuses),
    SELLABLE,
    grid,
    GRID_SELLABLE,
    money.capital_at_worst,
    _whatever_the_price(money.limits_of_size),
    _whatever_the_price(money.limits_of_pace),
    _whatever_the_price(fees.fees_of_a_trade),
    fees.targets_below_fees,
    _at_a_price(fees.coins_left_behind),
    _whatever_the_price(fees.stops_below_fees),
    _at_a_price(prices.levels_on_ticks),
    _whatever_the_price(prices.rungs_below_the_stop),
    _whatever_the_price(prices.far_from_the_market),
    _at_a_price(prices.market_outside_the_entry),
    _whatever_the_price(prices.ways_out),
)


def preflight(
    plan: Plan,
    *,
    instrument: Instrument,
    capital: Decimal | float,
    limits: Limits,
    price: Decimal | float | None,
    slippage: float = 0.0,
    bar_s: float | None = None,
    checks: Iterable[Check] = CHECKS,
) -> tuple[Finding, ...]:
    """What a bot of this plan would meet on this market, errors first.

    `price` is the market's last one; sizes are looked at for entries from half of it to its
    double. Without it everything that depends on it is left out, and a note says so. `slippage` is
    a fraction of the price, `bar_s` the length of the strategy's bars.
    """
    setup = Setup(plan, instrument, float(capital), limits, slippage)
    at = float(price) if price else None
    if beyond := out_of_reckoning(setup, at):
        return (beyond,)
    found = [finding for check in checks for finding in check(setup, at)]
    found += prices.times(setup, bar_s)
    if at is None:
        found.append(
            note(
                "price",
                f"No price of {instrument.symbol} is known: lots, ticks and the venue's least "
                "sizes were not looked at.",
                "Look again once the market's price is known.",
            )
        )
    return tuple(sorted(found, key=lambda finding: ORDER.index(finding.level)))


def out_of_reckoning(setup: Setup, price: float | None) -> Finding | None:
    """Amounts and prices so large or small that no venue's steps and no exact figure hold them."""
    # A grid's lines are prices; all else are amounts, counted in lots at the price.
    amounts = [setup.capital, *(buy.quote for buy in setup.buys), setup.plan.grid_quote or 0.0]
    steps = [line / setup.tick for line in setup.plan.grid_lines(price=price)]
    if price:
        steps += [price / setup.tick, *(amount / price / setup.lot for amount in amounts)]
    if all(value < MOST for value in (*amounts, *steps)):
        return None
    return error(
        setup.entry.field if not setup.is_grid else "grid_cells",
        "Amounts or prices of this plan are so far from the market's lots and ticks that nothing "
        "can be reckoned with them.",
        "Give amounts of the market's own order.",
    )


def errors(findings: Iterable[Finding]) -> list[Finding]:
    """Those with which a bot may not start."""
    return [finding for finding in findings if finding.level is Level.ERROR]
