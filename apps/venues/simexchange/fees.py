"""What a fill costs, and in which asset."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from apps.venues.simexchange.amounts import SCALE, product, product_up

RECEIVED = "received"
QUOTE = "quote"


@dataclass(frozen=True, slots=True)
class Fees:
    """Rates scaled 1e8; `taken_in` is `received`, `quote` or the name of a third asset.

    `prices` gives the third asset's price per quote asset, scaled 1e8; for a quote asset without
    one the venue's own market of the pair is asked.
    """

    maker: int
    taker: int
    taken_in: str = RECEIVED
    prices: Mapping[str, int] = field(default_factory=dict)

    def rate(self, *, maker: bool) -> int:
        """Return the rate for a maker or a taker fill."""
        return self.maker if maker else self.taker

    def need(self, value: int) -> int:
        """Return what a buy worth `value` must set aside in the quote asset, fee included."""
        if self.taken_in == QUOTE:
            return value + product_up(value, max(self.maker, self.taker))
        return value

    def charge(
        self,
        *,
        value: int,
        quantity: int,
        buys: bool,
        maker: bool,
        base: str,
        quote: str,
        spare: Callable[[str], int],
        price_of: Callable[[str, str], int],
    ) -> tuple[int, str]:
        """Return (fee, asset) of one fill.

        spare(asset) -- what the account has free of an asset; price_of(asset, quote) -- the
        venue's last price of that pair or 0. A third asset that is short or has no price falls
        back to the received asset, as at Binance.
        """
        rate = self.rate(maker=maker)
        if self.taken_in == QUOTE:
            return product(value, rate), quote
        if self.taken_in != RECEIVED:
            price = self.prices.get(quote) or price_of(self.taken_in, quote)
            if self.taken_in == quote:
                price = SCALE
            if price:
                fee = product(value, rate) * SCALE // price
                if fee <= spare(self.taken_in):
                    return fee, self.taken_in
        return (product(quantity, rate), base) if buys else (product(value, rate), quote)
