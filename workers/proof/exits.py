"""Judges which stops and targets fired while something was away, against the market's trades."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from apps.ledger.evidence import FilledExit
from apps.trading.order import Role

WITHIN_MS = 5_000
"""How long after the price an exit may come, on a machine that runs exchange and fleet as well."""

NO_STOP = "no stop loss fired meanwhile"

Trade = tuple[int, float]


@dataclass(frozen=True, slots=True)
class Exposed:
    """An open position with a stop and a target, as prices."""

    position_id: UUID
    bot_id: UUID
    symbol: str
    stop: float
    target: float


@dataclass(slots=True)
class Fired:
    """What fired between two times, how long after it was due (ms), and what did not."""

    stops: int = 0
    targets: int = 0
    stop_ms: list[int] = field(default_factory=list)
    booked_ms: list[int] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def noted(self) -> dict[str, str]:
        """For the certificate."""
        return {
            "stop losses fired meanwhile": f"{self.stops}; {_spread(self.stop_ms)} after the price",
            "targets filled meanwhile": (
                f"{self.targets}; all exits in our books {_spread(self.booked_ms)} after the fill"
            ),
        }


def judge(
    *,
    exposed: Iterable[Exposed],
    exits: Sequence[FilledExit],
    trades: Callable[[str], Sequence[Trade]],
    since: int,
    until: int,
) -> Fired:
    """`trades`: (ms, price) of a market's trades from `since` to `until`, oldest first.

    A stop or a target that the market went through must have been sold at, unless the position
    ended before. At least one of each must have fired: a quiet market proves nothing. `exits` may
    begin a little before `since`: some were on their way into our books.
    """
    meanwhile = [one for one in exits if one.filled_at >= since]
    found = Fired(
        stops=sum(one.role is Role.STOP for one in meanwhile),
        targets=sum(one.role is Role.TAKE_PROFIT for one in meanwhile),
        booked_ms=[one.booked_at - one.filled_at for one in meanwhile],
    )
    first: Mapping[UUID, FilledExit] = {one.bot_id: one for one in reversed(exits)}
    for one in exposed:
        _follow(found, one, first.get(one.bot_id), trades(one.symbol), until)
    if not found.stops:
        found.wrong.append(NO_STOP)
    if not found.targets:
        found.wrong.append("no target was filled meanwhile")
    late = sum(took > WITHIN_MS for took in found.booked_ms)
    if late:
        found.wrong.append(f"{late} exits came to our books later than {WITHIN_MS} ms")
    return found


def _follow(
    found: Fired, one: Exposed, sold: FilledExit | None, trades: Sequence[Trade], until: int
) -> None:
    """Take note of when the market reached the stop, and of what became of the position."""
    if sold is not None and sold.role is Role.STOP:
        # A stop fires where it is touched.
        touched = next((at for at, price in trades if price <= one.stop), None)
        if touched is not None and touched <= sold.filled_at:
            found.stop_ms.append(sold.filled_at - touched)
    for name, level, way in (("stop", one.stop, -1.0), ("target", one.target, 1.0)):
        # What must have been sold is only sure where the market went beyond the level.
        reached = next((at for at, price in trades if (price - level) * way > 0), None)
        if reached is None or (sold is not None and sold.filled_at < reached):
            continue
        if reached + WITHIN_MS > until:
            continue
        if sold is None or sold.filled_at > reached + WITHIN_MS:
            when = "never" if sold is None else f"{sold.filled_at - reached} ms later"
            found.wrong.append(
                f"bot {one.bot_id}: {one.symbol} went through its {name} {level:g}, sold {when}"
            )


def _spread(times_ms: Sequence[int]) -> str:
    """Median and longest, in words."""
    ordered = sorted(times_ms)
    if not ordered:
        return "nothing"
    return f"p50 {ordered[len(ordered) // 2]} ms, max {ordered[-1]} ms"
