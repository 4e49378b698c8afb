"""Bots' figures added up in the reporting currency, each asset at the rate it was valued by."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings

from apps.accounts.models import ExchangeAccount, User
from apps.bots.models import Bot
from apps.common.exact import exactly
from apps.ledger.profit import LAST_FILL, Figures, bot_figures
from apps.ledger.rates import Rate, Rates, converted
from apps.ledger.rows import ZERO
from apps.markets.prices import Venue, market_quotes


@dataclass(frozen=True, slots=True)
class Sums:
    """Added figures of some bots in one asset: realised + unrealised - fees = change, exactly."""

    bots: int = 0
    capital: Decimal = ZERO
    realised: Decimal = ZERO
    unrealised: Decimal = ZERO
    fees: Decimal = ZERO
    unsold_fees: Decimal = ZERO
    today_pnl: Decimal = ZERO

    @property
    def net_unrealised(self) -> Decimal:
        """The unrealised profit after the fees that the held coins cost."""
        with exactly():
            return self.unrealised - self.unsold_fees

    @property
    def change(self) -> Decimal:
        with exactly():
            return self.realised + self.unrealised - self.fees

    @property
    def equity(self) -> Decimal:
        with exactly():
            return self.capital + self.change

    def plus(self, other: "Sums") -> "Sums":
        with exactly():
            return Sums(
                bots=self.bots + other.bots,
                capital=self.capital + other.capital,
                realised=self.realised + other.realised,
                unrealised=self.unrealised + other.unrealised,
                fees=self.fees + other.fees,
                unsold_fees=self.unsold_fees + other.unsold_fees,
                today_pnl=self.today_pnl + other.today_pnl,
            )

    def at(self, rate: Rate) -> "Sums":
        return Sums(
            bots=self.bots,
            capital=converted(self.capital, rate),
            realised=converted(self.realised, rate),
            unrealised=converted(self.unrealised, rate),
            fees=converted(self.fees, rate),
            unsold_fees=converted(self.unsold_fees, rate),
            today_pnl=converted(self.today_pnl, rate),
        )


@dataclass(frozen=True, slots=True)
class TotalFigures:
    """Sums of the bots that are, in `currency`; none of what is listed apart is in them.

    `rates`: those used, one per asset and venue. `unconverted`: sums by asset for which no rate
    is known. `unvalued_fees`: third-asset fees without a rate. `deleted_change`: what deleted
    bots made or lost; without a rate, `deleted_unconverted` by asset. `priceless_bots` hold coins
    that are valued at their last fill.
    """

    currency: str
    sums: Sums
    rates: Sequence[Rate]
    unconverted: Mapping[str, Sums]
    unvalued_fees: Mapping[str, Decimal]
    deleted_change: Decimal
    deleted_unconverted: Mapping[str, Decimal]
    priceless_bots: int
    oldest_price_at: int | None
    as_of: int | None

    @property
    def price_age_s(self) -> float | None:
        """Age of the oldest price that values a coin here."""
        if self.oldest_price_at is None or self.as_of is None:
            return None
        return max(0, self.as_of - self.oldest_price_at) / 1000


def total_figures(
    *, user: User | None = None, account: ExchangeAccount | None = None
) -> TotalFigures:
    """Totals of a user's bots, of an account's, or (neither given) of the installation's."""
    bots = Bot.everything.all()
    if user is not None:
        bots = bots.filter(user=user)
    if account is not None:
        bots = bots.filter(account=account)
    return totals_of(bot_figures(bots.values_list("pk", flat=True)).values())


def totals_of(figures: Iterable[Figures]) -> TotalFigures:
    """Totals of these figures; one statement, for the rates."""
    with exactly():
        return _totals(list(figures))


def _totals(listed: list[Figures]) -> TotalFigures:
    as_of = max((each.as_of for each in listed), default=None)
    rates = Rates(market_quotes(), as_of=as_of or 0) if listed else Rates([], as_of=0)
    total, deleted = Sums(), ZERO
    used: list[Rate] = []
    unconverted: dict[str, Sums] = {}
    deleted_unconverted: dict[str, Decimal] = {}
    for (venue, asset, gone), sums in _grouped(listed).items():
        rate = rates.find(asset=asset, currency=settings.REPORTING_CURRENCY, venue=venue)
        if rate is not None and rate.path and rate not in used:
            used.append(rate)
        if gone and rate is None:
            deleted_unconverted[asset] = deleted_unconverted.get(asset, ZERO) + sums.change
        elif gone and rate is not None:
            deleted += sums.at(rate).change
        elif rate is None:
            unconverted[asset] = unconverted.get(asset, Sums()).plus(sums)
        else:
            total = total.plus(sums.at(rate))
    holding = [each for each in listed if each.quantity + each.dust and each.price_at]
    return TotalFigures(
        currency=settings.REPORTING_CURRENCY,
        sums=total,
        rates=used,
        unconverted=unconverted,
        unvalued_fees=_unvalued(listed),
        deleted_change=deleted,
        deleted_unconverted=deleted_unconverted,
        priceless_bots=sum(each.price_source == LAST_FILL for each in holding),
        oldest_price_at=min((each.price_at or 0 for each in holding), default=None),
        as_of=as_of,
    )


def _grouped(figures: Iterable[Figures]) -> dict[tuple[Venue, str, bool], Sums]:
    groups: dict[tuple[Venue, str, bool], Sums] = defaultdict(Sums)
    for each in figures:
        sums = Sums(
            bots=1,
            capital=each.capital,
            realised=each.realised,
            unrealised=each.unrealised,
            fees=each.fees,
            unsold_fees=each.unsold_fees,
            today_pnl=each.today.pnl,
        )
        key = (each.venue, each.quote, each.deleted)
        groups[key] = groups[key].plus(sums)
    return groups


def _unvalued(figures: Iterable[Figures]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = defaultdict(Decimal)
    for each in figures:
        for asset, amount in each.unvalued_fees.items():
            found[asset] += amount
    return dict(found)
