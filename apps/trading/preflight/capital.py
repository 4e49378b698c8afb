"""The money a plan may need at worst, beside the capital and the bot's limits."""

from collections.abc import Iterator
from typing import Any

from apps.trading.preflight.finding import Finding, at_least, error, note, percent, plain, warning
from apps.trading.preflight.setup import Setup


def rungs(setup: Setup, price: float | None) -> list[dict[str, Any]]:
    """Every purchase of one position with what it takes, one after the other."""
    total = 0.0
    table = []
    for buy in setup.buys:
        total += setup.cost(buy)
        row: dict[str, Any] = {"name": buy.name, "quote": buy.quote, "deviation": buy.deviation}
        if price:
            at = setup.to_tick(price * (1.0 - buy.deviation))
            lots = setup.lots(buy.quote, at) if at > 0 else 0
            row |= {"price": at, "quantity": float(setup.instrument.lot_size * lots)}
        table.append({**row, "total": total})
    return table


def capital_at_worst(setup: Setup, price: float | None) -> Iterator[Finding]:
    """Whether all that a plan may buy is there."""
    if setup.is_grid:
        return
    plan, quote, capital = setup.plan, setup.instrument.quote, setup.capital
    one = sum(setup.cost(buy) for buy in setup.buys)
    if plan.position_cap is not None:
        one = min(one, plan.position_cap * capital)
    needed = one * plan.max_positions
    numbers: dict[str, Any] = {
        "required": needed,
        "capital": capital,
        "per_position": one,
        "positions": plan.max_positions,
        "rungs": rungs(setup, price),
    }
    entry = setup.cost(setup.entry)
    whole = capital * (1 + 1e-9)
    if entry > whole:
        yield error(
            setup.entry.field,
            f"The entry takes {plain(entry)} {quote} with its costs; the capital is "
            f"{plain(capital)} {quote}, so that every entry is refused.",
            f"Give the bot {plain(at_least(entry))} {quote}, or lower {setup.entry.field}.",
            **numbers,
        )  # fmt: skip
    elif needed > whole:
        yield warning(
            "capital",
            f"{_parts(setup)} {plain(needed)} {quote} with their costs; the capital is "
            f"{plain(capital)} {quote}: {_missed(setup, one)}.",
            f"Give the bot {plain(at_least(needed))} {quote}, or lower the amounts.",
            **numbers,
        )  # fmt: skip
    else:
        yield note(
            "capital",
            f"{_parts(setup)} {plain(needed)} {quote} at worst, {percent(needed / capital)} "
            "of the capital.",
            **numbers,
        )  # fmt: skip
    wanted = plan.quote_per_entry or 0.0
    if setup.entry.field == "position_cap" and wanted:
        yield warning(
            "position_cap",
            f"position_cap admits {plain((plan.position_cap or 0.0) * capital)} {quote}: the entry "
            f"of {plain(wanted)} {quote} is cut to {plain(setup.entry.quote)} {quote}, and nothing "
            "is added to it.",
            f"Set position_cap to {percent(at_least(one_entry(setup, wanted) / capital))} or more, "
            "or lower quote_per_entry.",
            wanted=wanted, entry=setup.entry.quote,
        )  # fmt: skip


def one_entry(setup: Setup, quote: float) -> float:
    """What must be there for an entry of this amount."""
    return setup.cost(setup.entry._replace(quote=quote))


def _parts(setup: Setup) -> str:
    counts = [(1, "entry", "entries"), (len(setup.adds), "add", "adds")]
    counts.append((len(setup.ladder), "safety order", "safety orders"))
    words = [f"{n} {one if n == 1 else many}" for n, one, many in counts if n]
    said = " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
    many = setup.plan.max_positions
    return f"{many} positions of {said} take" if many > 1 else f"A position of {said} takes"


def _missed(setup: Setup, one: float) -> str:
    """What there is no money for."""
    left = setup.capital
    if one * (1 - 1e-9) <= left:
        fitting = int(left / one + 1e-9)
        return f"only {fitting} of {setup.plan.max_positions} positions can be bought in full"
    for buy in setup.buys:
        left -= setup.cost(buy)
        if left < 0:
            return f"{buy.name} and what comes after it is refused"
    return "the last of them is refused"


# ---- limits ------------------------------------------------------------------------------------


def limits_of_size(setup: Setup) -> Iterator[Finding]:
    """Limits that refuse every entry, or purchases that the plan counts on."""
    if setup.is_grid:
        return
    quote, limits = setup.instrument.quote, setup.limits
    most = limits.max_order_notional
    if most is not None:
        for buy in setup.buys:
            if buy.quote > most * (1 + 1e-9):
                yield _refused(
                    setup, buy.name, "max_order_notional",
                    f"{buy.name.capitalize()} of {plain(buy.quote)} {quote} is above "
                    f"max_order_notional of {plain(most)} {quote}",
                    f"Raise max_order_notional to {plain(at_least(buy.quote))} {quote}, or lower "
                    f"{buy.field}.",
                    quote=buy.quote, limit=most,
                )  # fmt: skip
                break
    if limits.max_exposure is not None:
        yield from _exposure(setup, limits.max_exposure)
    if limits.max_open_positions is not None and limits.max_open_positions < (
        setup.plan.max_positions
    ):
        yield note(
            "max_open_positions",
            f"The limit of {limits.max_open_positions} open positions is below the plan's "
            f"{setup.plan.max_positions}: the limit wins.",
            "Make them equal.",
            limit=limits.max_open_positions,
            positions=setup.plan.max_positions,
        )


def _exposure(setup: Setup, share: float) -> Iterator[Finding]:
    """The first purchase that the exposure does not admit, all before it being in coins."""
    quote, total = setup.instrument.quote, 0.0
    admitted = share * setup.capital
    needed = setup.plan.max_positions * sum(buy.quote for buy in setup.buys)
    for position in range(setup.plan.max_positions):
        for buy in setup.buys:
            total += buy.quote
            if total > admitted * (1 + 1e-9):
                of = f" of position {position + 1}" if setup.plan.max_positions > 1 else ""
                smallest = at_least(needed / setup.capital)
                raised = f"Raise max_exposure to {percent(smallest)}" if smallest <= 1 else (
                    f"Give the bot {plain(at_least(needed / share))} {quote}"
                )  # fmt: skip
                yield _refused(
                    setup, buy.name if not position else "", "max_exposure",
                    f"{buy.name.capitalize()}{of} would bring the coins to {plain(total)} {quote}, "
                    f"above the {plain(admitted)} {quote} that max_exposure admits",
                    f"{raised}, or lower the amounts.",
                    total=total, admitted=admitted, smallest=smallest,
                )  # fmt: skip
                return


def _refused(
    setup: Setup, name: str, field: str, message: str, remedy: str, **numbers: Any
) -> Finding:
    if name == setup.entry.name:
        return error(field, f"{message}: every entry is refused.", remedy, **numbers)
    return warning(field, f"{message}: it is refused.", remedy, **numbers)


def limits_of_pace(setup: Setup) -> Iterator[Finding]:
    """Limits of orders in a minute and of losses that the plan itself reaches."""
    plan, limits = setup.plan, setup.limits
    most = limits.max_orders_per_minute
    if setup.is_grid:
        # The orders to buy wait for their lines, the others rest at once.
        at_once = plan.grid_cells
        what, field = f"The grid places {at_once} orders", "grid_cells"
    else:
        at_once = 1 + setup.plan.active_rungs
        what, field = f"An entry and its ladder place {at_once} orders", "safety_active"
    if most is not None and at_once > most:
        yield warning(
            "max_orders_per_minute",
            f"{what} at once; max_orders_per_minute is {most}, so that the rest comes a minute or "
            "more later.",
            f"Raise max_orders_per_minute to {at_once}, or lower {field}.",
            at_once=at_once, limit=most,
        )  # fmt: skip
    if limits.max_daily_loss is not None and plan.stop_loss is not None and not setup.is_grid:
        lost = plan.stop_loss * sum(buy.quote for buy in setup.buys) / setup.capital
        if lost >= limits.max_daily_loss:
            yield note(
                "max_daily_loss",
                f"One stop loss of a full position loses {percent(lost)} of the capital, which is "
                f"max_daily_loss of {percent(limits.max_daily_loss)} or more: no entry follows it "
                "that day.",
                "Lower stop_loss or the amounts, or raise max_daily_loss, if that is not meant.",
                loss=lost, limit=limits.max_daily_loss,
            )  # fmt: skip
