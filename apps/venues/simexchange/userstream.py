"""Who hears of an account's orders and balances."""

import secrets

import orjson

from apps.venues.simexchange.books import Account
from apps.venues.simexchange.sockets import Socket
from apps.venues.simexchange.venue import Event


class UserStreams:
    """Listeners by account: subscriptions on the websocket API, and listen keys of old clients."""

    def __init__(self) -> None:
        self._listeners: dict[int, dict[tuple[Socket, int | None], None]] = {}
        self._keys: dict[str, int] = {}
        self._subscriptions = 0

    def subscribe(self, socket: Socket, account: Account) -> int:
        """Begin to tell a websocket-API socket; return its subscription id."""
        number = self._subscriptions
        self._subscriptions += 1
        self._listeners.setdefault(account.number, {})[socket, number] = None
        return number

    def unsubscribe(self, socket: Socket, number: int | None) -> None:
        """End one subscription of a socket, or all of them."""
        for listeners in self._listeners.values():
            for key in [key for key in listeners if key[0] is socket and number in (None, key[1])]:
                del listeners[key]

    def has_listeners(self, account: int) -> bool:
        """Whether anybody hears an account's events."""
        return bool(self._listeners.get(account))

    def deliver(self, account: int, event: Event) -> None:
        """Send an event of an account to everybody who listens."""
        listeners = self._listeners.get(account)
        if not listeners:
            return
        plain = orjson.dumps(event).decode()
        for socket, number in list(listeners):
            wrapped = f'{{"subscriptionId":{number},"event":{plain}}}'
            socket.event(f"event {event['e']}", plain if number is None else wrapped)

    def close_all(self) -> None:
        """Cut every listener off."""
        for socket in {key[0]: None for group in self._listeners.values() for key in group}:
            socket.close()

    def new_key(self, account: Account) -> str:
        """Return the account's listen key, making one when there is none."""
        for key, owner in self._keys.items():
            if owner == account.number:
                return key
        key = secrets.token_hex(32)
        self._keys[key] = account.number
        return key

    def drop_key(self, key: str) -> None:
        """End a listen key."""
        self._keys.pop(key, None)

    def has_key(self, key: str) -> bool:
        """Whether a listen key is valid."""
        return key in self._keys

    def attach(self, socket: Socket, key: str) -> None:
        """Begin to tell a socket that connected with a listen key."""
        self._listeners.setdefault(self._keys[key], {})[socket, None] = None
