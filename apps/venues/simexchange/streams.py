"""Public streams: who listens to what, and the numbers of the ladder's changes."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from apps.venues.simexchange.ladder import Rungs, changes, rows, sides
from apps.venues.simexchange.markets import Market
from apps.venues.simexchange.sockets import Socket

MOST_STREAMS: Final = 1_024


class PublicStreams:
    """Subscriptions by stream name. Ladder changes are numbered without a gap, also when nobody
    listens, so that a snapshot and the stream fit together.
    """

    def __init__(self, *, first_update: int) -> None:
        self._listeners: dict[str, dict[Socket, bool]] = {}
        self._updates: dict[str, int] = {}
        self._shown: dict[str, tuple[Rungs, Rungs]] = {}
        self._first_update = first_update

    def wants(self, name: str) -> bool:
        """Whether anybody listens to a stream."""
        return name in self._listeners

    def names(self, prefix: str) -> list[str]:
        """Return the streams with listeners whose name begins so."""
        return [name for name in self._listeners if name.startswith(prefix)]

    def subscribe(self, socket: Socket, name: str, *, combined: bool) -> None:
        """Begin to send a stream to a socket."""
        self._listeners.setdefault(name, {})[socket] = combined

    def unsubscribe(self, socket: Socket, name: str) -> None:
        """Stop sending a stream to a socket."""
        listeners = self._listeners.get(name, {})
        listeners.pop(socket, None)
        if not listeners:
            self._listeners.pop(name, None)

    def forget(self, socket: Socket) -> None:
        """Remove a closed socket everywhere."""
        for name in list(self._listeners):
            self.unsubscribe(socket, name)

    def subscriptions(self, socket: Socket) -> list[str]:
        """Return the streams that a socket listens to."""
        return [name for name, listeners in self._listeners.items() if socket in listeners]

    def publish(self, name: str, make: Callable[[], Any]) -> None:
        """Send an event to a stream's listeners; it is only made when there are any."""
        listeners = self._listeners.get(name)
        if not listeners:
            return
        plain = orjson.dumps(make()).decode()
        wrapped = f'{{"stream":"{name}","data":{plain}}}'
        for socket, combined in list(listeners.items()):
            socket.event(f"stream {name}", wrapped if combined else plain)

    def close_all(self) -> None:
        """Cut every listener off."""
        for socket in {socket: None for group in self._listeners.values() for socket in group}:
            socket.close()

    def update_of(self, market: Market) -> int:
        """Return the number of the last change of a market's ladder."""
        return self._updates.get(market.rules.symbol, self._first_update)

    def ladder_event(self, market: Market) -> Mapping[str, Any] | None:
        """Return the `depthUpdate` from the ladder shown last to the present one."""
        symbol = market.rules.symbol
        bids, asks = sides(market.move, lot=market.rules.lot)
        shown_bids, shown_asks = self._shown.get(symbol, ((), ()))
        self._shown[symbol] = (bids, asks)
        bid_changes, ask_changes = changes(shown_bids, bids), changes(shown_asks, asks)
        count = len(bid_changes) + len(ask_changes)
        if not count:
            return None
        first = self.update_of(market) + 1
        self._updates[symbol] = last = first + count - 1
        return {
            "e": "depthUpdate",
            "E": market.at,
            "s": symbol,
            "U": first,
            "u": last,
            "b": rows(bid_changes),
            "a": rows(ask_changes),
        }
