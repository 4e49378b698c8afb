"""What a backtest and a bot of the fleet did differently on the same path, in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from apps.ledger.models import Order
from apps.trading.kernel import layout
from apps.trading.order import Role
from tests.support.lockstep.cast import exact, resting
from tests.support.lockstep.course import Course
from tests.support.lockstep.stage import OPEN, Player

TOLERANCE = Decimal("1e-8")
# Held stops are sold at market, as the exchange sees it.
KINDS = {
    layout.MARKET: "MARKET",
    layout.STOP_MARKET: "MARKET",
    layout.LIMIT: "LIMIT",
    layout.POST_ONLY: "LIMIT_MAKER",
}
SIDES = {layout.BUY: "BUY", layout.SELL: "SELL"}


@dataclass(frozen=True)
class Traded:
    """One fill; amounts as the exchange writes them."""

    role: str
    position: int
    side: str
    kind: str
    price: str
    quantity: str
    fee: str


@dataclass(frozen=True)
class Story:
    """What one bot did: fills in order, what rests at the end, and what it is worth then."""

    fills: Sequence[Traded]
    resting: Sequence[tuple[int, str, str]]
    equity: Decimal


def backtested(player: Player, course: Course, *, fee_in_base: bool) -> Story:
    run = player.expected.run
    fills = [
        Traded(
            role=Role(int(fill["role"])).name,
            position=int(fill["position"]),
            side=SIDES[int(fill["side"])],
            kind=KINDS[int(fill["kind"])],
            price=exact(float(fill["price"])),
            quantity=exact(float(fill["quantity"])),
            fee=exact(_fee(fill, fee_in_base)),
        )
        for fill in run.fills
    ]
    equity = Decimal(repr(run.equity(price=float(course.bars.close[-1]))))
    return Story(fills, resting(run), equity)


def _fee(fill: Any, fee_in_base: bool) -> float:
    """A run counts fees in quote; the exchange takes those of a buy in coins."""
    coins = fee_in_base and fill["side"] == layout.BUY
    return float(fill["fee"] / fill["price"]) if coins else float(fill["fee"])


def lived(player: Player, course: Course, theirs: Mapping[str, Any]) -> Story:
    """By the exchange's books alone; from ours only what an order was meant for."""
    meant = {order.client_order_id: order for order in Order.objects.filter(bot=player.bot_id)}
    orders = {each["clientOrderId"]: each for each in theirs["orders"]}
    fills = [
        Traded(
            role=Role(meant[trade["clientOrderId"]].role).name,
            position=meant[trade["clientOrderId"]].position_index,
            side="BUY" if trade["isBuyer"] else "SELL",
            kind=orders[trade["clientOrderId"]]["type"],
            price=trade["price"],
            quantity=trade["qty"],
            fee=trade["commission"],
        )
        for trade in theirs["trades"]
    ]
    left = [
        (
            layout.BUY if each["side"] == "BUY" else layout.SELL,
            each["price"],
            str(Decimal(each["origQty"]) - Decimal(each["executedQty"])),
        )
        for each in theirs["orders"]
        if each["status"] in OPEN
    ]
    base, quote = player.part.symbol.split("/")
    price = Decimal(repr(float(course.bars.close[-1])))
    equity = _held(theirs, quote) + _held(theirs, base) * price
    return Story(fills, sorted(left), equity)


def _held(theirs: Mapping[str, Any], asset: str) -> Decimal:
    balance = theirs["balances"].get(asset, {"free": "0", "locked": "0"})
    return Decimal(balance["free"]) + Decimal(balance["locked"])


def differences(expected: Story, found: Story) -> list[str]:
    """Every way in which two stories differ; empty when they are the same."""
    told = []
    for number, (one, other) in enumerate(zip(expected.fills, found.fills, strict=False)):
        if one != other:
            told.append(f"fill {number}: backtest {one}, fleet {other}")
    told += [f"the fleet has no {one}" for one in expected.fills[len(found.fills) :]]
    told += [f"the backtest has no {one}" for one in found.fills[len(expected.fills) :]]
    if list(expected.resting) != list(found.resting):
        told.append(f"at the end rest {expected.resting} in the backtest, {found.resting} in life")
    if abs(expected.equity - found.equity) > TOLERANCE:
        told.append(f"equity is {expected.equity} in the backtest, {found.equity} in life")
    return told
