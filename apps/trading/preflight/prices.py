"""Prices that a plan can never reach, or that rounding to the tick makes one."""

from collections.abc import Iterator

from apps.trading.preflight.finding import Finding, at_least, error, note, percent, plain, warning
from apps.trading.preflight.setup import Setup


def levels_on_ticks(setup: Setup, price: float) -> Iterator[Finding]:
    """Targets, stops and safety orders that fall together on one tick."""
    if setup.is_grid:
        return
    plan = setup.plan
    at = setup.to_tick(price)
    tick = f"the tick of {plain(setup.tick)} {setup.instrument.quote}"
    steps = plan.steps()
    first = steps[0].profit if steps else 0.0
    for field, ratio in (
        ("take_profit" if plan.take_profit else "take_profit_steps", first),
        ("stop_loss", -(plan.stop_loss or 0.0)),
        ("stop_trailing", -(plan.stop_trailing or 0.0)),
    ):
        if ratio and setup.to_tick(at * (1 + ratio)) == at:
            yield warning(
                field,
                f"{field} {percent(abs(ratio))} of {plain(at)} is less than half of {tick}: the "
                "order would stand at the entry's own price.",
                f"Set {field} to at least {percent(at_least(setup.tick / at))}.",
                price=at, tick=setup.tick, smallest=at_least(setup.tick / at),
            )  # fmt: skip
    before, rows = at, setup.ladder
    for k, rung in enumerate(rows):
        level = setup.to_tick(at * (1.0 - rung.deviation))
        if level <= 0:
            yield error(
                rung.field, f"{rung.name.capitalize()} lies at no price: {tick} rounds it to 0.",
                "Lower safety_deviation or safety_step_scale.", deviation=rung.deviation,
            )  # fmt: skip
            return
        if level >= before:
            other = rows[k - 1].name if k else "the entry"
            yield warning(
                "safety_custom" if plan.safety_custom else "safety_deviation",
                f"{rung.name.capitalize()} and {other} fall on one price of {plain(level)}: "
                f"they are nearer than {tick}.",
                f"Set them at least {percent(at_least(setup.tick / at))} apart.",
                price=level, tick=setup.tick,
            )  # fmt: skip
            return
        before = level


def rungs_below_the_stop(setup: Setup) -> Iterator[Finding]:
    """Safety orders that the stop loss comes before."""
    plan = setup.plan
    stop = plan.stop_loss
    if stop is None or plan.stop_timeout_s is not None or setup.is_grid:
        return
    # In units of the base price; bought at their own prices, as a fall fills them.
    cost, coins = setup.entry.quote, setup.entry.quote
    for rung in setup.ladder:
        at = 1.0 - rung.deviation
        level = cost / coins * (1.0 - stop) if coins > 0 else 0.0
        if at <= level:
            yield warning(
                "stop_loss",
                f"{rung.name.capitalize()} lies {percent(rung.deviation)} below the base price, "
                f"and the stop loss, then {percent(1 - level)} below it, sells before: it and what "
                "comes after it is never bought.",
                f"Set stop_loss above {percent(1 - at * coins / cost)}, or fewer safety orders.",
                deviation=rung.deviation, stop=1 - level, smallest=1 - at * coins / cost,
            )  # fmt: skip
            return
        cost += rung.quote
        coins += rung.quote / at


def far_from_the_market(setup: Setup) -> Iterator[Finding]:
    """Orders that the review refuses as too far from the market's price."""
    most, plan = setup.limits.max_price_deviation, setup.plan
    if most is None or setup.is_grid:
        return
    if plan.entry_offset > most:
        yield error(
            "entry_offset",
            f"entry_offset {percent(plan.entry_offset)} is further from the market than "
            f"max_price_deviation of {percent(most)}: every entry is refused.",
            f"Lower entry_offset, or raise max_price_deviation to {percent(plan.entry_offset)}.",
            offset=plan.entry_offset, limit=most,
        )  # fmt: skip
    for k, rung in enumerate(setup.ladder):
        if rung.deviation > most * (1 + 1e-9):
            resting = k < setup.plan.active_rungs
            when = "it is placed only when the market has come nearer" if resting else (
                "it may be refused when its turn comes"
            )  # fmt: skip
            yield (warning if resting else note)(
                "max_price_deviation",
                f"{rung.name.capitalize()} lies {percent(rung.deviation)} below the base price, "
                f"further than max_price_deviation of {percent(most)}: {when}.",
                f"Raise max_price_deviation to {percent(at_least(setup.ladder[-1].deviation))}, or "
                "let fewer of them rest with safety_active.",
                deviation=rung.deviation, limit=most,
            )  # fmt: skip
            return


def market_outside_the_entry(setup: Setup, price: float) -> Iterator[Finding]:
    """Bounds within which the market does not lie now."""
    plan = setup.plan
    lowest, highest = plan.entry_min_price, plan.entry_max_price
    if lowest is not None and price < lowest:
        yield warning(
            "entry_min_price",
            f"The market at {plain(price)} lies below entry_min_price of {plain(lowest)}: nothing "
            "is bought before it has risen.",
            "Lower entry_min_price if the bot shall buy now.",
            price=price, bound=lowest,
        )  # fmt: skip
    if highest is not None and price > highest:
        yield warning(
            "entry_max_price",
            f"The market at {plain(price)} lies above entry_max_price of {plain(highest)}: nothing "
            "is bought before it has fallen.",
            "Raise entry_max_price if the bot shall buy now.",
            price=price, bound=highest,
        )  # fmt: skip


# ---- times and ways out ------------------------------------------------------------------------


def times(setup: Setup, bar_s: float | None) -> Iterator[Finding]:
    """Durations that say nothing, or less than one bar."""
    plan = setup.plan
    bar = bar_s or 0.0
    for field in ("max_holding_s", "entry_timeout_s", "stop_timeout_s", "add_interval_s"):
        value = getattr(plan, field)
        if value is not None and value < bar:
            yield note(
                field,
                f"{field} of {plain(value)} s is shorter than a bar of {plain(bar)} s: a backtest "
                "on such bars sees it only at the next bar's open.",
                "Look at it on finer bars.",
                value=value, bar=bar,
            )  # fmt: skip
    if plan.cooldown_s == 0 and plan.stop_loss is not None and not setup.is_grid:
        yield note(
            "cooldown_s",
            "cooldown_s is 0: after a stop loss the next enter signal buys again at once.",
            "Set cooldown_s to wait out a fall.",
            cooldown_s=0.0,
        )
    if setup.entry_rests and plan.entry_timeout_s is None:
        yield note(
            "entry_timeout_s",
            "An entry that rests is never given up: it may wait for a market that ran away.",
            "Set entry_timeout_s.",
        )
    if plan.entry == "post_only" and plan.entry_offset == 0:
        yield note(
            "entry_offset",
            "A post_only entry at the market's own price is refused by a venue whenever it would "
            "fill at once.",
            "Set an entry_offset of a tick or more.",
        )


def ways_out(setup: Setup) -> Iterator[Finding]:
    """A plan that buys and never sells, or has nothing to stop a loss."""
    plan = setup.plan
    if setup.is_grid:
        return
    stops = (plan.stop_loss, plan.stop_trailing, plan.break_even_at)
    others = (plan.max_holding_s, *plan.steps())
    if not plan.exit_on_signal and all(way is None for way in (*stops, *others)):
        yield warning(
            "take_profit",
            "Nothing in this plan ever sells: it has no target, no stop, no holding time and obeys "
            "no exit signal.",
            "Set take_profit, stop_loss, max_holding_s or exit_on_signal.",
        )
    elif plan.stop_loss is None and plan.stop_trailing is None:
        yield note(
            "stop_loss",
            "There is no stop loss: sizes were looked at down to half of the price.",
            "Set stop_loss to bound what a position can lose.",
            fall=setup.fall,
        )
