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
# ... and noted: rows and times of its first and last fill, why and whether it ended.
FIRST, LAST, OPENED_AT, CLOSED_AT, REASON, ENDED, NOTES = range(7)

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
    pnl: Reals
    pnl_ratio: Reals
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
            pnl_ratio=float(self.pnl_ratio[k]),
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
    positions = state["positions"][: int(state["bot"]["positions"])]
    held = (positions["status"] == layout.OPEN) | (positions["status"] == layout.CLOSING)
    return frozenset(positions["deal"][held].tolist())


def round_trips(
    fills: FillRows, *, fee_in_base: bool, still_open: Collection[int], last_price: float
) -> RoundTrips:
    """Group the kernel's fills (layout.FILL, oldest first) by deal.

    `fee_in_base`: a buy's fee was taken in coins. `still_open`: see open_deals.
    """
    sums, notes, told = _by_deal(fills, fee_in_base, still_open)
    steps = np.zeros(len(fills), np.int64)
    mark_steps(notes.ravel(), steps)
    return RoundTrips(
        closed=_closed(fills, sums, notes),
        open=_open(fills, told, sums, notes, last_price),
        steps=steps,
    )


class Closed(NamedTuple):
    """What the closed trades earned, and when: the columns of Trades by these names."""

    pnl: Reals
    pnl_ratio: Reals
    opened_at: Whole
    closed_at: Whole


def closed_trades(fills: FillRows, *, fee_in_base: bool, still_open: Collection[int]) -> Closed:
    """The closed ones of `round_trips`, no more of them than a search looks at."""
    sums, notes, told = _by_deal(fills, fee_in_base, still_open)
    if told:
        ended = np.flatnonzero(notes[ENDED])
        sums, notes = sums.take(ended, axis=1), notes.take(ended, axis=1)
    cost = sums[PAID] + sums[BUY_FEES]
    pnl = sums[RECEIVED] - sums[SELL_FEES] - cost
    return Closed(pnl, pnl / cost, notes[OPENED_AT], notes[CLOSED_AT])


def _by_deal(
    fills: FillRows, fee_in_base: bool, still_open: Collection[int]
) -> tuple[Reals, Whole, list[int]]:
    """Sums and notes of each deal, and which are still open."""
    deals = int(fills["deal"].max()) + 1 if len(fills) else 0
    sums = np.zeros((SUMS, deals))
    notes = np.zeros((NOTES, deals), np.int64)
    add_up(fills, fee_in_base, deals, sums.ravel(), notes.ravel())
    told = [deal for deal in sorted(still_open) if deal < deals]
    notes[ENDED, told] = 0
    return sums, notes, told


@entry_point
def add_up(fills: Fills, fee_in_base: bool, deals: int, sums: Floats, notes: Times) -> None:
    """Sums and notes of each deal: rows of one column per deal, one after the other."""
    for i in range(len(fills)):
        row = fills[i]
        deal = row.deal
        value = row.price * row.quantity
        sums[FEES * deals + deal] += row.fee
        if row.side == BUY:
            sums[BOUGHT * deals + deal] += row.quantity
            sums[PAID * deals + deal] += value
            sums[COINS * deals + deal] += row.quantity
            if fee_in_base:
                sums[COINS * deals + deal] -= row.fee / row.price
            else:
                sums[BUY_FEES * deals + deal] += row.fee
        else:
            sums[SOLD * deals + deal] += row.quantity
            sums[RECEIVED * deals + deal] += value
            sums[COINS * deals + deal] -= row.quantity
            sums[SELL_FEES * deals + deal] += row.fee
        if notes[ENDED * deals + deal] == 0:
            notes[FIRST * deals + deal] = i
            notes[OPENED_AT * deals + deal] = row.time
        notes[LAST * deals + deal] = i
        notes[CLOSED_AT * deals + deal] = row.time
        notes[REASON * deals + deal] = row.reason
        notes[ENDED * deals + deal] = 1


@entry_point
def mark_steps(notes: Times, steps: Times) -> None:
    """Where deals begin and end; see RoundTrips."""
    deals = len(notes) // NOTES
    for deal in range(deals):
        steps[notes[FIRST * deals + deal]] += 1
        if notes[ENDED * deals + deal]:
            steps[notes[LAST * deals + deal]] -= 1


def _closed(fills: FillRows, sums: Reals, notes: Whole) -> Trades:
    deal = np.flatnonzero(notes[ENDED])
    if len(deal) < len(notes[ENDED]):
        # Unlike plain indexing, `take` leaves rows whole in memory, as compiled code wants them.
        sums, notes = sums.take(deal, axis=1), notes.take(deal, axis=1)
    cost = sums[PAID] + sums[BUY_FEES]
    pnl = sums[RECEIVED] - sums[SELL_FEES] - cost
    with np.errstate(invalid="ignore"):
        exit_price = sums[RECEIVED] / sums[SOLD]
    return Trades(
        fills=fills,
        deal=deal,
        opened_at=notes[OPENED_AT],
        closed_at=notes[CLOSED_AT],
        entry_price=sums[PAID] / sums[BOUGHT],
        exit_price=exit_price,
        quantity=sums[BOUGHT],
        fees=sums[FEES],
        pnl=pnl,
        pnl_ratio=pnl / cost,
        reason=notes[REASON],
    )


def _open(
    fills: FillRows, deals: Sequence[int], sums: Reals, notes: Whole, last_price: float
) -> tuple[OpenTrade, ...]:
    return tuple(
        _open_trade(
            sums[:, deal],
            int(notes[OPENED_AT, deal]),
            last_price,
            _told(fills[fills["deal"] == deal]),
        )
        for deal in deals
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
