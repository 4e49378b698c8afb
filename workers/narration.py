"""Tells people what a bot's journal now holds: log lines a person understands, and statuses."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from apps.trading.engine import Engine
from apps.trading.events import (
    CancelRequested,
    ConfigurationApplied,
    Event,
    IntentExpired,
    IntentPlanned,
    IntentRefused,
    ModeChanged,
    OrderAbsent,
    OrderDone,
    OrderFilled,
    OrderHeld,
    OrderRejected,
    OrderUnknown,
    SendRefused,
    SignalActed,
    kind_of,
    to_payload,
)
from apps.trading.instrument import Instrument
from apps.trading.journal import Taken
from apps.trading.order import Role, Side
from apps.trading.ports import Clock
from workers.ports import LogLine, Report

VERBS = {Side.BUY: "bought", Side.SELL: "sold"}


class BotNarrator:
    """One bot's voice: builds reports and hands them to the process, which writes them later."""

    def __init__(
        self,
        *,
        taken: Taken,
        instrument: Instrument,
        clock: Clock,
        report: Callable[[Report], None],
    ) -> None:
        self._taken = taken
        self._clock = clock
        self._instrument = instrument
        self._report = report
        self._status = ("", "")

    def told(self, events: Sequence[Event], *, engine: Engine) -> None:
        """Turn committed events into lines."""
        lines = [line for event in events if (line := self._line(event, engine)) is not None]
        if lines:
            self._tell(lines=tuple(lines))

    def status(self, status: str, reason: str) -> None:
        """What the bot is doing now; reported when it changes."""
        if (status, reason) == self._status:
            return
        self._status = (status, reason)
        line = LogLine("INFO", f"{status.lower()}: {reason}", {"status": status})
        self._tell(observed_status=status, status_reason=reason, lines=(line,))

    def _tell(self, **told: Any) -> None:
        taken = self._taken
        self._report(Report(taken.bot_id, taken.fence, self._clock.now(), **told))

    def _line(self, event: Event, engine: Engine) -> LogLine | None:
        telling = TELLINGS.get(type(event))
        if telling is None:
            return None
        level, sentence = telling
        message = sentence(event, self._instrument, engine)
        return LogLine(level, message, {"event": kind_of(event), **to_payload(event)})


# ---- sentences -------------------------------------------------------------------------------


def _signal(event: SignalActed, instrument: Instrument, engine: Engine) -> str:
    inputs = ", ".join(f"{name} {value:.6g}" for name, value in event.inputs.items())
    return f"signal acted on{': ' if inputs else ''}{inputs}"


def _planned(event: IntentPlanned, instrument: Instrument, engine: Engine) -> str:
    role = Role(event.role).name.lower().replace("_", " ")
    price = f"at {_plain(event.price)}" if event.price is not None else "at market"
    return f"{role}: {event.side.value} {_plain(event.quantity)} {instrument.base} {price}"


def _filled(event: OrderFilled, instrument: Instrument, engine: Engine) -> str:
    order = engine.orders().get(event.client_order_id)
    verb = VERBS[order.side] if order is not None else "filled"
    quantity = f"{_plain(event.quantity)} {instrument.base}"
    return f"{verb} {quantity} at {_plain(event.price)} (fee {_plain(event.fee)} {event.fee_asset})"


Sentence = Callable[[Any, Instrument, Engine], str]
TELLINGS: dict[type[Any], tuple[str, Sentence]] = {
    ConfigurationApplied: (
        "INFO",
        lambda event, *_: f"configuration version {event.version} applied ({event.strategy})",
    ),
    ModeChanged: (
        "INFO",
        lambda event, *_: f"may now: {event.mode.replace('_', ' ')} ({event.reason})",
    ),
    SignalActed: ("INFO", _signal),
    IntentPlanned: ("INFO", _planned),
    IntentRefused: ("WARNING", lambda event, *_: f"not ordered: {event.message} ({event.code})"),
    IntentExpired: ("INFO", lambda event, *_: f"given up before it was sent: {event.reason}"),
    OrderFilled: ("INFO", _filled),
    OrderRejected: (
        "ERROR",
        lambda event, *_: f"the exchange refused an order: {event.message} ({event.code})",
    ),
    SendRefused: (
        "WARNING",
        lambda event, *_: f"order not taken, to be sent again: {event.message}",
    ),
    OrderUnknown: (
        "WARNING",
        lambda event, *_: f"outcome of an order unknown, asking the exchange: {event.reason}",
    ),
    OrderAbsent: ("WARNING", lambda event, *_: "the exchange proved that an order never arrived"),
    OrderHeld: ("ERROR", lambda event, *_: f"an order needs a person's decision: {event.reason}"),
    CancelRequested: ("INFO", lambda event, *_: f"taking an order back: {event.reason}"),
    OrderDone: ("INFO", lambda event, *_: f"order {event.status.value}"),
}


def _plain(amount: Decimal) -> str:
    """Without trailing zeros, with thousands separators: 2,601.2."""
    return f"{amount.normalize():,f}"
