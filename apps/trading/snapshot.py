"""A bot's whole state as bytes, and back."""

import json
from collections.abc import Mapping
from dataclasses import fields
from decimal import Decimal
from typing import Any, cast

from apps.trading.bot_state import BotState, WorkingOrder
from apps.trading.configuration import Configuration, from_event, to_event
from apps.trading.equity import Books
from apps.trading.events import ConfigurationApplied, from_payload, to_payload
from apps.trading.instrument import Instrument
from apps.trading.kernel.words import SIGNATURE, clock_of, move
from apps.trading.order import OrderStatus, OrderType, Role, Side
from apps.trading.plan import Plan
from apps.trading.position import Holding
from apps.trading.risk import Limits
from apps.trading.workspace import Workspace

FORMAT = "flotilla-bot-1"
_NO_PLAN = Plan(quote_per_entry=1.0)


def write_snapshot(state: BotState, *, bot_number: int, installation: str) -> bytes:
    """One line of JSON, then the kernel's bytes: now, and as of the last journal event."""
    kernel = move(state.kernel, {"bot.now": state.now, "bot.mark": state.mark})
    head = {
        "format": FORMAT,
        "layout": SIGNATURE,
        "bot_number": bot_number,
        "installation": installation,
        "kernel_bytes": len(kernel),
        "orders": [_order_out(order) for _, order in sorted(state.orders.items())],
        "slots": sorted([*slot, name] for slot, name in state.slots.items()),
        "books": _books_out(state.books),
        "plan_seq": state.plan_seq,
        "signal_at": state.signal_at,
        "mode": state.mode,
        "configuration": to_payload(to_event(state.configuration)),
    }
    return json.dumps(head, sort_keys=True).encode() + b"\n" + kernel + state.journaled


def read_snapshot(
    snapshot: bytes,
    *,
    bot_number: int,
    installation: str,
    workspace: Workspace,
    instrument: Instrument,
) -> BotState:
    """The state; ValueError when it is another bot's or another build's, or damaged."""
    line, _, memory = snapshot.partition(b"\n")
    try:
        head = json.loads(line)
    except ValueError:
        raise ValueError("the snapshot is damaged: replay the journal instead") from None
    expected = {
        "format": FORMAT,
        "layout": SIGNATURE,
        "bot_number": bot_number,
        "installation": installation,
    }
    for name, value in expected.items():
        if head.get(name) != value:
            raise ValueError(
                f"the snapshot's {name} is {head.get(name)!r}, not {value!r}: replay the journal"
            )
    size = head["kernel_bytes"]
    kernel, journaled = memory[:size], memory[size:]
    if len(journaled) != size:
        raise ValueError("the snapshot is cut short: replay the journal instead")
    return _state(head, kernel, journaled, workspace, instrument)


def _state(
    head: Mapping[str, Any],
    kernel: bytes,
    journaled: bytes,
    workspace: Workspace,
    instrument: Instrument,
) -> BotState:
    event = cast(ConfigurationApplied, from_payload("ConfigurationApplied", head["configuration"]))
    before = Configuration(0, "", _NO_PLAN, Decimal(0), Limits(), instrument)
    configuration = from_event(event, before=before)
    now, mark = clock_of(kernel)
    orders = [_order_in(values) for values in head["orders"]]
    return BotState(
        kernel=kernel,
        now=now,
        mark=mark,
        journaled=journaled,
        orders={order.client_order_id: order for order in orders},
        slots={(position, slot): name for position, slot, name in head["slots"]},
        books=_books_in(head["books"]),
        plan_seq=head["plan_seq"],
        signal_at=head["signal_at"],
        seen_at=head["signal_at"],
        mode=head["mode"],
        watch=workspace.watch_of(kernel, configuration=configuration),
        configuration=configuration,
    )


def _order_out(order: WorkingOrder) -> dict[str, Any]:
    """Without `offer_at`: after a restart everything planned is offered at once."""
    values = {item.name: getattr(order, item.name) for item in fields(order)}
    del values["offer_at"]
    sending = values.pop("sending")
    plain = {k: format(v, "f") if isinstance(v, Decimal) else v for k, v in values.items()}
    return {**plain, "sending": None if sending is None else to_payload(sending)}


def _order_in(values: Mapping[str, Any]) -> WorkingOrder:
    sending = values["sending"]
    signed = None if sending is None else from_payload("OrderSending", sending)
    return WorkingOrder(
        **{
            **values,
            "role": Role(values["role"]),
            "side": Side(values["side"]),
            "order_type": OrderType(values["order_type"]),
            "quantity": Decimal(values["quantity"]),
            "price": None if values["price"] is None else Decimal(values["price"]),
            "reference_price": Decimal(values["reference_price"]),
            "reserve_amount": Decimal(values["reserve_amount"]),
            "status": OrderStatus(values["status"]),
            "filled": Decimal(values["filled"]),
            "sending": signed,
        }
    )


def _books_out(books: Books) -> dict[str, Any]:
    def amounts(holding: Holding) -> dict[str, str]:
        return {item.name: format(getattr(holding, item.name), "f") for item in fields(holding)}

    return {
        "cash": format(books.cash, "f"),
        "realised": format(books.realised, "f"),
        "dust": format(books.dust, "f"),
        "holdings": {str(p): amounts(holding) for p, holding in books.holdings.items()},
        "fees": {asset: format(fee, "f") for asset, fee in books.fees.items()},
    }


def _books_in(values: Mapping[str, Any]) -> Books:
    def amounts(texts: Mapping[str, str]) -> Holding:
        return Holding(**{name: Decimal(text) for name, text in texts.items()})

    return Books(
        cash=Decimal(values["cash"]),
        realised=Decimal(values["realised"]),
        dust=Decimal(values["dust"]),
        holdings={int(p): amounts(texts) for p, texts in values["holdings"].items()},
        fees={asset: Decimal(text) for asset, text in values["fees"].items()},
    )
