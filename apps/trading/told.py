"""Triggers as journal values: what a decision says it was told, and back again."""

from collections.abc import Mapping
from typing import Any

from apps.trading.bar import Bar
from apps.trading.events import (
    BarClosed,
    Event,
    PriceMoved,
    SignalActed,
    SignalGiven,
    TimerDue,
    Trigger,
    kind_of,
)


def to_told(trigger: Trigger | Event) -> dict[str, Any]:
    """JSON values; of a journal event, which is in the journal itself, only what names it."""
    match trigger:
        case PriceMoved(price=price, low=low, high=high):
            return {"kind": "PriceMoved", "price": price, "low": low, "high": high}
        case BarClosed(bar=bar):
            return {"kind": "BarClosed", "bar": list(bar)}
        case TimerDue():
            return {"kind": "TimerDue"}
        case SignalGiven():
            given = {
                "kind": "SignalGiven",
                "key": trigger.key,
                "bar_open_at": trigger.bar_open_at,
                "bits": trigger.bits,
                "strength": trigger.strength,
                "inputs": dict(trigger.inputs),
            }
            # Journals from before there were reasons are decided again without them.
            return {**given, "reason": trigger.reason} if trigger.reason else given
    told = {"kind": kind_of(trigger)}
    for name in ("client_order_id", "trade_id", "mode", "version"):
        if hasattr(trigger, name):
            told[name] = getattr(trigger, name)
    return told


def from_told(told: Mapping[str, Any]) -> Trigger | None:
    """The price or timer trigger again; None for what is journaled in its own row."""
    match told.get("kind"):
        case "PriceMoved":
            return PriceMoved(told["price"], told["low"], told["high"])
        case "BarClosed":
            opened, *rest = told["bar"]
            return BarClosed(Bar(opened, *rest))
        case "TimerDue":
            return TimerDue()
    return None


def signal_of(acted: SignalActed) -> SignalGiven:
    """The signal that was acted on; it was young enough, so its age is left out."""
    return SignalGiven(
        key=acted.key,
        bar_open_at=acted.bar_open_at,
        bits=acted.bits,
        strength=acted.strength,
        inputs=acted.inputs,
        reason=acted.reason,
    )
