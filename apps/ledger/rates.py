"""What one asset is worth in another, by the market prices that are known.

A rate is found on one market (direct or inverse) or over one bridge asset; first at the venue
where the asset lies, then at any venue of the same environment: generated prices value nothing
real. Without such markets there is no rate; nothing is assumed to be worth the same.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Context, Decimal

from apps.common.exact import EXACT
from apps.markets.prices import MarketQuote, Venue

# An inverse has no end: this many digits are kept, whatever the size of the price.
_DIGITS = Context(prec=28)
ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Rate:
    """One `asset` is worth `value` `currency`; `path` names the markets it was found on.

    `at`: time of the oldest price in it, `as_of`: when it was looked for, both ms UTC.
    """

    asset: str
    currency: str
    value: Decimal
    path: tuple[str, ...]
    at: int
    as_of: int

    @property
    def age_s(self) -> float:
        return max(0, self.as_of - self.at) / 1000


@dataclass(frozen=True, slots=True)
class _Step:
    """Over one market from one asset to another."""

    to: str
    value: Decimal
    symbol: str
    at: int


Steps = Mapping[str, list[_Step]]


class Rates:
    """The known prices at one moment."""

    def __init__(self, quotes: Iterable[MarketQuote], *, as_of: int) -> None:
        self._as_of = as_of
        self._at_venue: dict[Venue, dict[str, list[_Step]]] = defaultdict(lambda: defaultdict(list))
        self._in_environment: dict[str, dict[str, list[_Step]]] = defaultdict(
            lambda: defaultdict(list)
        )
        for quote in quotes:
            for asset, step in _both_ways(quote):
                self._at_venue[quote.venue][asset].append(step)
                # Found elsewhere than where the asset lies, the path says where.
                place = quote.venue.venue_name or quote.venue.exchange
                abroad = replace(step, symbol=f"{step.symbol} at {place}")
                self._in_environment[quote.venue.environment][asset].append(abroad)

    def find(self, *, asset: str, currency: str, venue: Venue) -> Rate | None:
        """The rate with the fewest markets, of these the freshest; None when there is none."""
        if asset == currency:
            return Rate(asset, currency, ONE, (), self._as_of, self._as_of)
        known: tuple[Steps, ...] = (
            self._at_venue.get(venue, {}),
            self._in_environment.get(venue.environment, {}),
        )
        for steps in known:
            found = self._direct(steps, asset, currency) or self._bridged(steps, asset, currency)
            if found is not None:
                return found
        return None

    def _direct(self, steps: Steps, asset: str, currency: str) -> Rate | None:
        ways = [step for step in steps.get(asset, ()) if step.to == currency]
        if not ways:
            return None
        best = max(ways, key=lambda step: step.at)
        return Rate(asset, currency, best.value, (best.symbol,), best.at, self._as_of)

    def _bridged(self, steps: Steps, asset: str, currency: str) -> Rate | None:
        ways = [
            (first, second)
            for first in steps.get(asset, ())
            for second in steps.get(first.to, ())
            if second.to == currency
        ]
        if not ways:
            return None
        first, second = max(ways, key=lambda way: min(way[0].at, way[1].at))
        value = _DIGITS.multiply(first.value, second.value)
        path = (first.symbol, second.symbol)
        return Rate(asset, currency, value, path, min(first.at, second.at), self._as_of)


def converted(amount: Decimal, rate: Rate) -> Decimal:
    """The amount in the rate's currency, exactly: sums still add up after it."""
    return EXACT.multiply(amount, rate.value)


def _both_ways(quote: MarketQuote) -> Iterator[tuple[str, _Step]]:
    yield quote.base, _Step(quote.quote, quote.price, quote.symbol, quote.at)
    inverse = _DIGITS.divide(ONE, quote.price)
    yield quote.quote, _Step(quote.base, inverse, quote.symbol, quote.at)
