"""A bot's positions in exact decimals: what was bought, sold and kept."""

from dataclasses import dataclass, replace
from decimal import Decimal

from apps.trading.instrument import Instrument
from apps.trading.order import Side

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Holding:
    """One position from its first fill on. Coins in base; cost, proceeds and fees in quote."""

    quantity: Decimal = ZERO
    bought: Decimal = ZERO
    sold: Decimal = ZERO
    cost: Decimal = ZERO
    proceeds: Decimal = ZERO
    fees: Decimal = ZERO

    def filled(
        self,
        *,
        side: Side,
        price: Decimal,
        quantity: Decimal,
        fee_quote: Decimal,
        fee_base: Decimal,
    ) -> "Holding":
        """The holding after a fill. A fee in coins leaves the position, one in quote the cash."""
        value = price * quantity
        fees = self.fees + fee_quote + fee_base * price
        if side is Side.BUY:
            return replace(
                self,
                quantity=self.quantity + quantity - fee_base,
                bought=self.bought + quantity,
                cost=self.cost + value + fee_quote,
                fees=fees,
            )
        return replace(
            self,
            quantity=self.quantity - quantity - fee_base,
            sold=self.sold + quantity,
            proceeds=self.proceeds + value - fee_quote,
            fees=fees,
        )


@dataclass(frozen=True, slots=True)
class PositionView:
    """An open position for pages. `average` is the kernel's; targets are None when not set."""

    index: int
    status: str
    deal: int
    opened_at: int
    quantity: Decimal
    average: Decimal
    cost: Decimal
    proceeds: Decimal
    fees: Decimal
    unrealised: Decimal
    take_profit: Decimal | None
    stop_loss: Decimal | None


def fee_parts(*, fee: Decimal, fee_asset: str, instrument: Instrument) -> tuple[Decimal, Decimal]:
    """(fee in quote, fee in base); both zero for one taken in a third asset."""
    if fee_asset == instrument.quote:
        return fee, ZERO
    if fee_asset == instrument.base:
        return ZERO, fee
    return ZERO, ZERO
