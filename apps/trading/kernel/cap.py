"""How much a position may buy: what it has earned before, and the cap of what it may cost."""

# Record fields are Any to the type checker; the compiler knows their types.
# mypy: disable-error-code="no-any-return"

from apps.trading.kernel.compile import compiled
from apps.trading.kernel.layout import State
from apps.trading.kernel.risk import FOREVER, MARKET_MARGIN, buying_of


@compiled
def growth(s: State) -> float:
    """By how much reinvested profit or reduced risk changes every size; never below -1."""
    bot = s.bot
    if bot.capital <= 0.0:
        return 0.0
    if bot.realised >= 0.0:
        return s.plan.reinvest * bot.realised / bot.capital
    return max(-1.0, s.plan.risk_reduction * bot.realised / bot.capital)


@compiled
def within_cap(s: State, p: int, quantity: float, price: float, at_market: bool) -> float:
    """The quantity, or as much of it as `position_cap` leaves room for."""
    if s.plan.position_cap >= FOREVER:
        return quantity
    room = s.plan.position_cap * s.bot.capital - s.positions[p].cost - buying_of(s, p, True)
    if at_market:
        price = price * (1.0 + MARKET_MARGIN)
    return min(quantity, max(0.0, room) / (price * (1.0 + s.plan.taker_fee)))
