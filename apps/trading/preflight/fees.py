"""What fees and slippage leave: the price at which a round trip pays, and what stays below it."""

from collections.abc import Iterator
from math import floor

from apps.trading.preflight.finding import Finding, at_least, note, percent, plain, warning
from apps.trading.preflight.setup import Setup

# What is left behind of each entry is worth a note from here on.
LITTLE = 0.002


def break_even(setup: Setup, *, exit_rests: bool) -> float:
    """The lowest exit price that gains, as a ratio to the average price paid.

    Slippage of the entry is in that average already; an exit at market pays its own.
    """
    bought = setup.maker if setup.entry_rests else setup.taker
    sold = setup.maker if exit_rests else setup.taker
    slip = 0.0 if exit_rests else setup.slippage
    received = setup.instrument.fee_taken_in == "received"
    paid = 1.0 / (1.0 - bought) if received else 1.0 + bought
    return paid / ((1.0 - sold) * (1.0 - slip))


def fees_of_a_trade(setup: Setup) -> Iterator[Finding]:
    """Where a round trip begins to pay."""
    if setup.is_grid:
        return
    resting, market = (break_even(setup, exit_rests=rests) for rests in (True, False))
    yield note(
        "take_profit",
        f"A round trip pays from {percent(resting - 1)} above the average price when it ends with "
        f"an order that rests, from {percent(market - 1)} when it is sold at market.",
        break_even_resting=resting,
        break_even_market=market,
        maker_fee=setup.maker,
        taker_fee=setup.taker,
        slippage=setup.slippage,
    )


def targets_below_fees(setup: Setup, price: float | None) -> Iterator[Finding]:
    """Targets that cost more than they bring."""
    plan = setup.plan
    steps = plan.steps()
    # A target is rounded to the nearest tick, which may be half a tick lower.
    rounding = setup.tick / (2.0 * price) if price else 0.0
    for k, step in enumerate(steps):
        trails = plan.take_profit_trailing is not None and k == len(steps) - 1
        if trails:
            continue
        least = break_even(setup, exit_rests=True) - 1 + rounding
        if step.profit < least:
            yield _below(
                "take_profit" if plan.take_profit is not None else f"take_profit_steps.{k}.profit",
                step.profit, least, "every trade that reaches it loses",
            )  # fmt: skip
    if steps and plan.take_profit_trailing is not None:
        yield from _trailing_target(setup, steps[-1].profit, plan.take_profit_trailing)


def coins_left_behind(setup: Setup, price: float) -> Iterator[Finding]:
    """A fee taken in coins leaves less than a lot unsold, and the books count that as lost."""
    if setup.is_grid or setup.instrument.fee_taken_in != "received":
        return
    bought = setup.lots(setup.entry.quote, price)
    kept = bought * (1.0 - (setup.maker if setup.entry_rests else setup.taker))
    sold = floor(kept + 1e-9)
    if sold < 1:
        return
    lost = (kept - sold) / kept
    pays = bought / (sold * (1.0 - setup.maker)) - 1
    steps = setup.plan.steps()
    fees = break_even(setup, exit_rests=True) - 1
    short = len(steps) == 1 and fees <= steps[0].profit < pays
    if short or lost > LITTLE:
        coins = f"{plain((kept - sold) * setup.lot)} {setup.instrument.base}"
        yield (warning if short else note)(
            "lot_size",
            f"The fee in coins leaves {coins} of an entry at {plain(price)}, less than a lot: "
            f"{percent(lost)} of what was bought stays behind after each trade, and counts as "
            f"lost. With it a trade pays from {percent(pays)} above the average price.",
            "Buy for more per entry, or where fees are taken in quote.",
            left_behind=lost,
            break_even=1 + pays,
            lots=bought,
        )


def _trailing_target(setup: Setup, profit: float, trailing: float) -> Iterator[Finding]:
    floor = break_even(setup, exit_rests=False)
    if (1 + profit) * (1 - trailing) < floor:
        yield _below(
            "take_profit", profit, floor / (1 - trailing) - 1,
            f"sold {percent(trailing)} below a high just there, a trade loses",
        )  # fmt: skip


def stops_below_fees(setup: Setup) -> Iterator[Finding]:
    """Levels that are meant to keep a profit, and do not."""
    plan = setup.plan
    floor = break_even(setup, exit_rests=False) - 1
    if plan.break_even_at is not None and plan.break_even_to < floor:
        yield _below(
            "break_even_to", plan.break_even_to, floor, "a sale at that level loses the fees"
        )
    if plan.exit_min_profit is not None and 0 <= plan.exit_min_profit < floor:
        yield _below(
            "exit_min_profit", plan.exit_min_profit, floor,
            "an exit signal may be obeyed at a loss",
        )  # fmt: skip
    if plan.stop_trailing is not None and plan.stop_trailing_at is not None:
        kept = (1 + plan.stop_trailing_at) * (1 - plan.stop_trailing) - 1
        if kept < floor:
            least = at_least((1 + floor) / (1 - plan.stop_trailing) - 1)
            yield note(
                "stop_trailing_at",
                f"A trailing stop that begins {percent(plan.stop_trailing_at)} above the average "
                f"price first stands at {percent(kept)}, below the {percent(floor)} that a sale "
                "at market needs.",
                f"Let it begin at {percent(least)} if it shall keep a profit.",
                first_level=kept,
                break_even=floor,
                smallest=least,
            )


def _below(field: str, value: float, least: float, what: str) -> Finding:
    smallest = at_least(least)
    name = field.partition(".")[0]
    return warning(
        field,
        f"{name} {percent(value)} does not cover fees and slippage of {percent(least)}: {what}.",
        f"Set {name} to at least {percent(smallest)} ({plain(smallest)} as a fraction), or trade "
        "where fees are lower.",
        value=value,
        break_even=least,
        smallest=smallest,
    )
