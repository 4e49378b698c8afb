"""Round trips: the fills of a backtest by deal, and what each deal earned."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from apps.trading.kernel import layout
from apps.trading.kernel.compile import entry_point
from apps.trading.kernel.layout import BUY, Fills, Floats, Times
from apps.trading.order import Role, Side
from apps.trading.reasons import NOTHING_LEFT, REASONS

Reals = NDArray[np.float64]
Whole = NDArray[np.int64]
FillRows = NDArray[Any]  # of layout.FILL

# What is added up per deal: quantities, values before fees, fees, coins held ...
BOUGHT, PAID, SOLD, RECEIVED, FEES, BUY_FEES, SELL_FEES, COINS, SUMS = range(9)
# ... and noted: the rows of its first and last fill, and their count.
FIRST, LAST, COUNT, NOTES = range(4)

SIDES = {layout.BUY: Side.BUY.value, layout.SELL: Side.SELL.value}
ROLES = {role.value: role.name.lower() for role in Role}


class TradeFill(NamedTuple):
    """One fill of a trade. Time in ms UTC; a fee taken in coins is valued at the fill's price."""

    filled_at: int
    role: str
    side: str
    price: float
    quantity: float
    fee: float

    def to_json(self) -> dict[str, Any]:
        return self._asdict()


@dataclass(frozen=True, slots=True)
class Trade:
    """From entry to flat. Prices are averages; `quantity` is what was bought, coin fees included.

    `pnl` (quote) is what the sales brought less what the purchases cost, all fees included;
    coins too few to be sold count as lost. `pnl_ratio` is pnl over what the purchases cost.
    `closed_at` is the time of the last fill; nothing sold leaves `exit_price` None.
    """

    opened_at: int
    closed_at: int
    side: str
    entry_price: float
    exit_price: float | None
    quantity: float
    fees: float
    pnl: float
    pnl_ratio: float
    exit_reason: str
    fills: tuple[TradeFill, ...]

    def to_json(self) -> dict[str, Any]:
        values = {name: getattr(self, name) for name in self.__slots__}
        return {**values, "fills": [fill.to_json() for fill in self.fills]}


@dataclass(frozen=True, slots=True)
class OpenTrade:
    """A position that the last bar left open. `quantity` is what is held.

    `unrealised` values the coins at the last price; the fee of selling them is not taken off.
    """

    opened_at: int
    side: str
    entry_price: float
    quantity: float
    fees: float
    last_price: float
    unrealised: float
    unrealised_ratio: float
    fills: tuple[TradeFill, ...]

    def to_json(self) -> dict[str, Any]:
        values = {name: getattr(self, name) for name in self.__slots__}
        return {**values, "fills": [fill.to_json() for fill in self.fills]}


@dataclass(frozen=True, slots=True, eq=False)
class Trades(Sequence[Trade]):
    """Closed trades as columns, in the order of their entries; a Trade is made when asked for.

    `exit_price` is nan where nothing was sold.
    """

    fills: FillRows
    deal: Whole
    opened_at: Whole
    closed_at: Whole
    entry_price: Reals
    exit_price: Reals
    quantity: Reals
    fees: Reals
    cost: Reals
    pnl: Reals
    reason: Whole
    _by_deal: list["_FillsByDeal"] = field(default_factory=list, repr=False)

    def __len__(self) -> int:
        return len(self.deal)

    @overload
    def __getitem__(self, place: int) -> Trade: ...
    @overload
    def __getitem__(self, place: slice) -> list[Trade]: ...
    def __getitem__(self, place: int | slice) -> Trade | list[Trade]:
        if isinstance(place, slice):
            return [self._trade(k) for k in range(len(self))[place]]
        return self._trade(range(len(self))[place])

    def __iter__(self) -> Iterator[Trade]:
        return (self._trade(k) for k in range(len(self)))

    @property
    def pnl_ratio(self) -> Reals:
        return self.pnl / self.cost

    def to_json(self) -> list[dict[str, Any]]:
        return [trade.to_json() for trade in self]

    def _trade(self, k: int) -> Trade:
        if not self._by_deal:
            self._by_deal.append(_FillsByDeal(self.fills))
        exit_price = float(self.exit_price[k])
        return Trade(
            opened_at=int(self.opened_at[k]),
            closed_at=int(self.closed_at[k]),
            side="long",
            entry_price=float(self.entry_price[k]),
            exit_price=None if exit_price != exit_price else exit_price,
            quantity=float(self.quantity[k]),
            fees=float(self.fees[k]),
            pnl=float(self.pnl[k]),
            pnl_ratio=float(self.pnl[k] / self.cost[k]),
            exit_reason=REASONS.get(int(self.reason[k]), NOTHING_LEFT),
            fills=self._by_deal[0].told(int(self.deal[k])),
        )


class RoundTrips(NamedTuple):
    """What became of the deals.

    `steps` says of each fill how it changes the number of open positions: +1 where one begins,
    -1 where one ends, 0 where neither or both.
    """

    closed: Trades
    open: tuple[OpenTrade, ...]
    steps: NDArray[np.int64]


def open_deals(state: Any) -> frozenset[int]:
    """The deals that a kernel state holds open."""
    positions = (state.positions[p] for p in range(int(state.bot.positions)))
    status = (layout.OPEN, layout.CLOSING)
    return frozenset(int(each.deal) for each in positions if each.status in status)


def round_trips(
    fills: FillRows, *, fee_in_base: bool, still_open: Collection[int], last_price: float
) -> RoundTrips:
    """Group the kernel's fills (layout.FILL, oldest first) by deal.

    `fee_in_base`: a buy's fee was taken in coins. `still_open`: see open_deals.
    """
    deals = int(fills["deal"].max()) + 1 if len(fills) else 0
    flat_sums = np.zeros(deals * SUMS)
    flat_notes = np.zeros(deals * NOTES, np.int64)
    add_up(fills, fee_in_base, flat_sums, flat_notes)
    sums = flat_sums.reshape(deals, SUMS)
    notes = flat_notes.reshape(deals, NOTES)
    is_closed = notes[:, COUNT] > 0
    is_closed[[deal for deal in still_open if deal < deals]] = False
    closed = np.flatnonzero(is_closed)
    steps = np.zeros(len(fills), np.int64)
    steps[notes[notes[:, COUNT] > 0, FIRST]] += 1
    steps[notes[closed, LAST]] -= 1
    return RoundTrips(
        closed=_closed(fills, closed, sums[closed], notes[closed]),
        open=_open(fills, sorted(still_open), sums, notes, last_price),
        steps=steps,
    )


@entry_point
def add_up(fills: Fills, fee_in_base: bool, sums: Floats, notes: Times) -> None:
    """Sums and notes of each deal, side by side in flat arrays."""
    for i in range(len(fills)):
        row = fills[i]
        value = row.price * row.quantity
        at = row.deal * SUMS
        sums[at + FEES] += row.fee
        if row.side == BUY:
            sums[at + BOUGHT] += row.quantity
            sums[at + PAID] += value
            sums[at + COINS] += row.quantity
            if fee_in_base:
                sums[at + COINS] -= row.fee / row.price
            else:
                sums[at + BUY_FEES] += row.fee
        else:
            sums[at + SOLD] += row.quantity
            sums[at + RECEIVED] += value
            sums[at + COINS] -= row.quantity
            sums[at + SELL_FEES] += row.fee
        at = row.deal * NOTES
        if notes[at + COUNT] == 0:
            notes[at + FIRST] = i
        notes[at + LAST] = i
        notes[at + COUNT] += 1


def _closed(fills: FillRows, deal: Whole, sums: Reals, notes: Whole) -> Trades:
    cost = sums[:, PAID] + sums[:, BUY_FEES]
    exit_price = np.full(len(deal), np.nan)
    np.divide(sums[:, RECEIVED], sums[:, SOLD], out=exit_price, where=sums[:, SOLD] > 0.0)
    last = notes[:, LAST]
    return Trades(
        fills=fills,
        deal=deal,
        opened_at=fills["time"][notes[:, FIRST]],
        closed_at=fills["time"][last],
        entry_price=sums[:, PAID] / sums[:, BOUGHT],
        exit_price=exit_price,
        quantity=sums[:, BOUGHT].copy(),
        fees=sums[:, FEES].copy(),
        cost=cost,
        pnl=sums[:, RECEIVED] - sums[:, SELL_FEES] - cost,
        reason=fills["reason"][last],
    )


def _open(
    fills: FillRows, deals: Sequence[int], sums: Reals, notes: Whole, last_price: float
) -> tuple[OpenTrade, ...]:
    return tuple(
        _open_trade(
            sums[deal],
            int(fills["time"][notes[deal, FIRST]]),
            last_price,
            _told(fills[fills["deal"] == deal]),
        )
        for deal in deals
        if deal < len(notes) and notes[deal, COUNT]
    )


def _open_trade(
    sums: Reals, opened_at: int, last_price: float, fills: tuple[TradeFill, ...]
) -> OpenTrade:
    cost = float(sums[PAID] + sums[BUY_FEES])
    unrealised = float(sums[RECEIVED] - sums[SELL_FEES] + sums[COINS] * last_price) - cost
    return OpenTrade(
        opened_at=opened_at,
        side="long",
        entry_price=float(sums[PAID] / sums[BOUGHT]),
        quantity=float(sums[COINS]),
        fees=float(sums[FEES]),
        last_price=float(last_price),
        unrealised=unrealised,
        unrealised_ratio=unrealised / cost,
        fills=fills,
    )


class _FillsByDeal:
    """Finds the fills of a deal; made once, when the first trade is told in full."""

    def __init__(self, fills: FillRows) -> None:
        rows = fills[np.argsort(fills["deal"], kind="stable")]
        last = int(rows["deal"][-1]) if len(rows) else 0
        self._bounds = np.searchsorted(rows["deal"], np.arange(last + 2)).tolist()
        self._told = _told(rows)

    def told(self, deal: int) -> tuple[TradeFill, ...]:
        return self._told[self._bounds[deal] : self._bounds[deal + 1]]


def _told(rows: FillRows) -> tuple[TradeFill, ...]:
    columns = (rows[name].tolist() for name in ("time", "role", "side", "price", "quantity", "fee"))
    return tuple(
        TradeFill(time, ROLES[role], SIDES[side], price, quantity, fee)
        for time, role, side, price, quantity, fee in zip(*columns, strict=True)
    )
