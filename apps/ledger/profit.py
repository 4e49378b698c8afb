"""What bots have made or lost, and that it adds up.

The identity, exactly and per bot in its quote asset:

    realised + unrealised - fees == equity - capital (`change`)
                                 == quote received less quote spent, by the bot's ledger entries,
                                    + its coins at `price` + its third-asset entries at their rates

- `realised`: what sold coins gave less what they had cost, both before fees, plus (negative) the
  cost of the dust that ended positions left over.
- `unrealised`: coins in open positions at `price` less what they cost before fees, plus the dust
  at `price`: its cost is written off, the coins are still the bot's.
- `fees`: those in quote; those in base at the price of their fill; those in third assets at the
  latest rate. One in a third asset without a rate is in no sum here: `unvalued_fees` names it.

`price` is the market's last; when nobody has heard one, that of the bot's last fill, and
`price_source` says so. Totals add bots up in the reporting currency at one rate per asset and
venue, so that the identity holds there too; what has no rate is listed apart, by asset.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson

from apps.common.exact import exactly, stored
from apps.common.sql import fetch
from apps.ledger.rates import Rates, converted
from apps.ledger.rows import ZERO
from apps.markets.prices import Venue, market_quotes

MARKET, LAST_FILL, NONE = "market", "last fill", "none"
STILL_FRESH_MS = 10_000
"""A market price this much older than the last fill is still the market's: rows are late by s."""

_READ = """
SELECT b.id, b.deleted_at IS NOT NULL, b.quote, m.base, m.exchange, m.environment, m.venue_name,
    b.capital, coalesce(e.realised, 0), coalesce(e.fees, 0), coalesce(e.dust, 0), e.other_fees,
    e.price, e.at_ms, l.price, l.at_ms,
    coalesce(p.quantity, 0), coalesce(p.unsold, 0), coalesce(p.unsold_fees, 0),
    coalesce(p.open_positions, 0),
    coalesce(d.fills, 0), coalesce(d.trades, 0), coalesce(d.wins, 0), coalesce(d.losses, 0),
    coalesce(d.volume, 0),
    coalesce(t.pnl, 0), coalesce(t.fees, 0), coalesce(t.volume, 0), coalesce(t.trades, 0),
    coalesce(t.wins, 0), coalesce(t.losses, 0),
    (extract(epoch FROM clock_timestamp()) * 1000)::bigint
FROM bots_bot b
JOIN markets_market m ON m.id = b.market_id
LEFT JOIN markets_marketprice l ON l.market_id = b.market_id
LEFT JOIN LATERAL (
    SELECT * FROM ledger_equitypoint WHERE bot_id = b.id ORDER BY seq DESC LIMIT 1
) e ON true
LEFT JOIN (
    SELECT bot_id, sum(quantity) AS quantity, sum(cost - proceeds + pnl) AS unsold,
        sum(unsold_fees) AS unsold_fees, count(*) AS open_positions
    FROM ledger_position
    WHERE bot_id = ANY(%(bots)s) AND status = 'active' AND config_version IS NOT NULL
    GROUP BY bot_id
) p ON p.bot_id = b.id
LEFT JOIN (
    SELECT bot_id, sum(fills) AS fills, sum(trades) AS trades, sum(wins) AS wins,
        sum(losses) AS losses, sum(volume) AS volume
    FROM ledger_dailystat WHERE bot_id = ANY(%(bots)s) GROUP BY bot_id
) d ON d.bot_id = b.id
LEFT JOIN ledger_dailystat t
    ON t.bot_id = b.id AND t.day = (clock_timestamp() AT TIME ZONE 'UTC')::date
WHERE b.id = ANY(%(bots)s)
"""


@dataclass(frozen=True, slots=True)
class Today:
    """A bot's UTC day so far, in quote; `pnl` is what selling gained, after fees."""

    pnl: Decimal = ZERO
    fees: Decimal = ZERO
    volume: Decimal = ZERO
    trades: int = 0
    wins: int = 0
    losses: int = 0


@dataclass(frozen=True, slots=True)
class Figures:
    """One bot's figures in its quote asset, exactly; the module says what each means.

    `quantity` and `dust` are coins. `price_at` and `as_of` are ms UTC. `unsold_fees`: the part of
    `fees` that belongs to coins not sold yet.
    """

    bot_id: UUID
    deleted: bool
    quote: str
    base: str
    venue: Venue
    capital: Decimal
    realised: Decimal
    unrealised: Decimal
    fees: Decimal
    unsold_fees: Decimal
    other_fees: Mapping[str, Decimal]
    unvalued_fees: Mapping[str, Decimal]
    quantity: Decimal
    dust: Decimal
    average_price: Decimal | None
    price: Decimal | None
    price_at: int | None
    price_source: str
    open_positions: int
    fills: int
    trades: int
    wins: int
    losses: int
    volume: Decimal
    as_of: int
    today: Today = field(default_factory=Today)

    @property
    def change(self) -> Decimal:
        """What became of the capital: the whole profit or loss."""
        with exactly():
            return self.realised + self.unrealised - self.fees

    @property
    def equity(self) -> Decimal:
        with exactly():
            return self.capital + self.change

    @property
    def net_realised(self) -> Decimal:
        """The realised profit after the fees of what was sold."""
        with exactly():
            return self.realised - self.fees + self.unsold_fees

    @property
    def net_unrealised(self) -> Decimal:
        """The unrealised profit after the fees that the held coins cost."""
        with exactly():
            return self.unrealised - self.unsold_fees

    @property
    def value(self) -> Decimal | None:
        """The open positions at the price."""
        if self.price is None:
            return None
        with exactly():
            return self.quantity * self.price

    @property
    def price_age_s(self) -> float | None:
        if self.price_at is None:
            return None
        return max(0, self.as_of - self.price_at) / 1000


def bot_figures(bot_ids: Iterable[UUID]) -> dict[UUID, Figures]:
    """The figures of each bot that exists, deleted ones too, in two statements at most."""
    with exactly():
        return _figures(fetch(_READ, {"bots": list(bot_ids)}))


def _figures(rows: Iterable[tuple[Any, ...]]) -> dict[UUID, Figures]:
    rates: Rates | None = None
    found: dict[UUID, Figures] = {}
    for row in rows:
        other_fees = _amounts(row[11])
        if other_fees and rates is None:
            rates = Rates(market_quotes(), as_of=row[-1])
        found[row[0]] = _one(row, other_fees, rates)
    return found


def _one(row: tuple[Any, ...], other_fees: dict[str, Decimal], rates: Rates | None) -> Figures:
    bot_id, deleted, quote, base = row[:4]
    venue = Venue(*row[4:7])
    capital, realised, fees, dust = row[7:11]
    quantity, unsold, unsold_fees, open_positions = row[16:20]
    price, price_at, source = _price(*row[12:16])
    unvalued: dict[str, Decimal] = {}
    for asset, amount in other_fees.items():
        rate = rates and rates.find(asset=asset, currency=quote, venue=venue)
        if rate:
            fees += converted(amount, rate)
        else:
            unvalued[asset] = amount
    worth = (quantity + dust) * price if price is not None else ZERO
    return Figures(
        bot_id=bot_id,
        deleted=deleted,
        quote=quote,
        base=base,
        venue=venue,
        capital=capital,
        realised=realised,
        unrealised=worth - unsold + unsold_fees,
        fees=fees,
        unsold_fees=unsold_fees,
        other_fees=other_fees,
        unvalued_fees=unvalued,
        quantity=quantity,
        dust=dust,
        average_price=stored((unsold - unsold_fees) / quantity) if quantity else None,
        price=price,
        price_at=price_at,
        price_source=source,
        open_positions=open_positions,
        fills=row[20],
        trades=row[21],
        wins=row[22],
        losses=row[23],
        volume=row[24],
        as_of=row[31],
        today=Today(*row[25:31]),
    )


def _price(
    filled: Decimal | None, filled_at: int | None, heard: Decimal | None, heard_at: int | None
) -> tuple[Decimal | None, int | None, str]:
    """Price, its time, and where it is from."""
    if heard is not None and (filled_at is None or (heard_at or 0) + STILL_FRESH_MS >= filled_at):
        return heard, heard_at, MARKET
    if filled is not None:
        return filled, filled_at, LAST_FILL
    return None, None, NONE


def _amounts(text: str | None) -> dict[str, Decimal]:
    return {asset: Decimal(amount) for asset, amount in orjson.loads(text or "{}").items()}
