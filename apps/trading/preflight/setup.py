"""What is looked at before a bot trades: plan, market rules, money, and what follows from them."""

from dataclasses import dataclass
from functools import cached_property
from math import floor
from typing import NamedTuple

from apps.trading.instrument import Instrument
from apps.trading.kernel.risk import MARKET_MARGIN
from apps.trading.plan import Plan
from apps.trading.risk import Limits

# Without a stop loss, so far below what was paid is looked at.
USUAL_FALL = 0.5
# Entries are looked at from the price down to its half, and up to its double.
LOWEST, HIGHEST = 0.5, 2.0
# Sizes that shrink or are cut with losses: so much of the capital lost is looked at.
USUAL_LOSS = 0.5


class Buy(NamedTuple):
    """One purchase of a position: `quote` before costs, `deviation` below the base price."""

    name: str
    field: str
    quote: float
    deviation: float
    market: bool


@dataclass(frozen=True)
class Setup:
    """One configuration of a bot on one market."""

    plan: Plan
    instrument: Instrument
    capital: float
    limits: Limits
    slippage: float = 0.0

    # ---- the market's rules ------------------------------------------------------------------

    @cached_property
    def lot(self) -> float:
        return float(self.instrument.lot_size)

    @cached_property
    def tick(self) -> float:
        return float(self.instrument.tick_size)

    @cached_property
    def maker(self) -> float:
        return float(self.instrument.maker_fee)

    @cached_property
    def taker(self) -> float:
        return float(self.instrument.taker_fee)

    @cached_property
    def min_notional(self) -> float:
        return float(self.instrument.min_notional)

    @cached_property
    def min_quantity(self) -> float:
        return float(self.instrument.min_quantity)

    @cached_property
    def coin_fee(self) -> float:
        """Share of bought coins that a buy's fee may take."""
        received = self.instrument.fee_taken_in == "received"
        return max(self.maker, self.taker) if received else 0.0

    def to_tick(self, price: float) -> float:
        return float(self.instrument.round_price(price))

    # ---- the plan ----------------------------------------------------------------------------

    @property
    def is_grid(self) -> bool:
        return self.plan.is_grid

    @property
    def entry_rests(self) -> bool:
        return self.plan.entry != "market"

    @cached_property
    def fall(self) -> float:
        """How far below the average price a position may be seen before it is sold."""
        plan = self.plan
        # Whoever waits below the level may see any price; nobody says how long the level moves.
        if plan.stop_timeout_s is not None:
            return max(USUAL_FALL, plan.stop_loss or 0.0)
        return USUAL_FALL if plan.stop_loss is None else plan.stop_loss

    @cached_property
    def loss(self) -> float:
        """The share of the capital whose loss is looked at."""
        return USUAL_LOSS if self.limits.max_drawdown is None else self.limits.max_drawdown

    @cached_property
    def entry(self) -> Buy:
        plan = self.plan
        market = plan.entry == "market"
        field, quote = "quote_per_entry", plan.quote_per_entry or 0.0
        if plan.capital_per_entry is not None:
            field, quote = "capital_per_entry", self.without_costs(plan.capital_per_entry)
        if plan.position_cap is not None:
            # Made smaller where the cap does not admit it, costs included.
            margin = MARKET_MARGIN if market else 0.0
            most = plan.position_cap * self.capital / ((1.0 + margin) * (1.0 + self.taker))
            field, quote = ("position_cap", most) if most < quote else (field, quote)
        return Buy("the entry", field, quote, plan.entry_offset, market)

    def without_costs(self, share: float) -> float:
        """What a share of the capital buys for, its costs and its margin taken off."""
        return share * self.capital / ((1.0 + MARKET_MARGIN) * (1.0 + self.taker))

    @cached_property
    def adds(self) -> tuple[Buy, ...]:
        plan = self.plan
        field = "add_quote" if plan.add_capital is None else "add_capital"
        quote = plan.add_quote or (plan.add_capital or 0.0) * self.capital
        drop = plan.add_min_drop or 0.0
        return tuple(Buy(f"add {k + 1}", field, quote, drop, True) for k in range(plan.max_adds))

    @cached_property
    def ladder(self) -> tuple[Buy, ...]:
        """The safety orders, the nearest first."""
        plan = self.plan
        field = "safety_quote" if plan.safety_capital is None else "safety_capital"
        field = "safety_custom" if plan.safety_custom else field
        return tuple(
            Buy(f"safety order {k + 1}", field, order.quote, order.deviation, False)
            for k, order in enumerate(plan.ladder(capital=self.capital))
        )

    @cached_property
    def buys(self) -> tuple[Buy, ...]:
        """Everything that one position may buy, in the order in which it comes at worst."""
        return (self.entry, *self.adds, *self.ladder)

    def cost(self, buy: Buy) -> float:
        """What must be there for a buy: fees, and the next price of a market order."""
        margin = MARKET_MARGIN if buy.market else 0.0
        return buy.quote * (1.0 + margin) * (1.0 + self.taker)

    # ---- lots --------------------------------------------------------------------------------

    def lots(self, quote: float, price: float) -> int:
        """Whole lots that an amount buys."""
        return floor(quote / price / self.lot + 1e-9)

    def coins(self, lots: int) -> float:
        return lots * self.lot
