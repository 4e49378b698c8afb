"""A bot's money in exact decimals: cash, holdings, what was realised, fees by asset."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from apps.trading.instrument import Instrument
from apps.trading.order import Side
from apps.trading.position import ZERO, Holding, fee_parts


@dataclass(frozen=True, slots=True)
class Books:
    """Quote cash (the bot's capital and what became of it), and coins by position.

    `dust`: coins that were too few to be sold when their position ended; `realised` counts
    them as lost. `fees` holds every fee in the asset it was taken in.
    """

    cash: Decimal
    realised: Decimal = ZERO
    dust: Decimal = ZERO
    holdings: Mapping[int, Holding] = field(default_factory=dict)
    fees: Mapping[str, Decimal] = field(default_factory=dict)

    def filled(
        self,
        *,
        position: int,
        side: Side,
        price: Decimal,
        quantity: Decimal,
        fee: Decimal,
        fee_asset: str,
        instrument: Instrument,
    ) -> "Books":
        fee_quote, fee_base = fee_parts(fee=fee, fee_asset=fee_asset, instrument=instrument)
        holding = self.holdings.get(position, Holding()).filled(
            side=side, price=price, quantity=quantity, fee_quote=fee_quote, fee_base=fee_base
        )
        paid = price * quantity if side is Side.BUY else -price * quantity
        return replace(
            self,
            cash=self.cash - paid - fee_quote,
            holdings={**self.holdings, position: holding},
            fees={**self.fees, fee_asset: self.fees.get(fee_asset, ZERO) + fee},
        )

    def ended(self, *, position: int) -> "Books":
        """The position is flat: its profit is realised, a remainder is dust."""
        holding = self.holdings[position]
        rest = {index: item for index, item in self.holdings.items() if index != position}
        return replace(
            self,
            realised=self.realised + holding.proceeds - holding.cost,
            dust=self.dust + holding.quantity,
            holdings=rest,
        )

    def held(self, *, position: int) -> Decimal:
        holding = self.holdings.get(position)
        return ZERO if holding is None else holding.quantity

    def coins(self) -> Decimal:
        return sum((item.quantity for item in self.holdings.values()), start=self.dust)

    def equity(self, *, mark: Decimal) -> Decimal:
        """Cash and coins at the mark, in quote."""
        return self.cash + self.coins() * mark
