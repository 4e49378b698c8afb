"""What reached the exchange against what the journals had committed before it could leave."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from apps.ledger import evidence
from apps.trading.intent import parse


def unsigned_arrivals(arrivals: Iterable[Mapping[str, Any]]) -> list[str]:
    """Requests of ours that no journal holds with just this signature. [] = write-ahead held."""
    journaled = {
        (signed.client_order_id, signed.signed_at, signed.recv_window_ms)
        for signed in evidence.signed_orders()
    }
    return [
        f"order {arrived['newClientOrderId']} signed at {arrived['timestamp']} reached the "
        "exchange, no journal holds that signature"
        for arrived in arrivals
        if _is_ours(arrived) and _signature(arrived) not in journaled
    ]


def late_arrivals(arrivals: Iterable[Mapping[str, Any]], *, since: datetime) -> list[str]:
    """Requests that came from a shift after its successor had begun. [] = no zombie has sent."""
    fences = {
        (signed.client_order_id, signed.signed_at): (signed.bot_id, signed.fence)
        for signed in evidence.signed_orders()
    }
    begun: dict[UUID, list[tuple[int, int]]] = {}
    for (bot_id, fence), at in evidence.shift_starts(since=since).items():
        begun.setdefault(bot_id, []).append((fence, int(at.timestamp() * 1000)))
    late = []
    for arrived in arrivals:
        signature = (arrived.get("newClientOrderId", ""), int(arrived.get("timestamp", 0)))
        if signature not in fences:
            continue
        bot_id, fence = fences[signature]
        late += [
            f"order {signature[0]} of fence {fence} arrived {arrived['at'] - at} ms after fence "
            f"{successor} had begun"
            for successor, at in begun.get(bot_id, ())
            if successor > fence and arrived["at"] > at
        ]
    return late


def _is_ours(arrived: Mapping[str, Any]) -> bool:
    return parse(arrived.get("newClientOrderId", "")) is not None


def _signature(arrived: Mapping[str, Any]) -> tuple[str, int, int]:
    return arrived["newClientOrderId"], int(arrived["timestamp"]), int(arrived["recvWindow"])
