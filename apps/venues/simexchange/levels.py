"""The open orders of one market, sorted by the price at which each one acts."""

import bisect

from apps.venues.simexchange.books import Order


class _Queue:
    """Orders by level: highest first when the price falls, lowest first when it rises."""

    def __init__(self, *, falls: bool) -> None:
        self._sign = -1 if falls else 1
        self._keys: list[tuple[int, int]] = []

    def add(self, level: int, number: int) -> None:
        bisect.insort(self._keys, (self._sign * level, number))

    def remove(self, level: int, number: int) -> None:
        del self._keys[bisect.bisect_left(self._keys, (self._sign * level, number))]

    def reached_at(self, price: int) -> tuple[int, int] | None:
        """Return the key of the first order that `price` reaches."""
        if self._keys and self._keys[0][0] <= self._sign * price:
            return self._keys[0]
        return None

    def all(self) -> list[int]:
        return [number for _, number in self._keys]

    def all_reached_at(self, price: int) -> list[int]:
        end = bisect.bisect_right(self._keys, (self._sign * price, 1 << 63))
        return [number for _, number in self._keys[:end]]


class Levels:
    """Limit orders and waiting stop or take-profit orders, each on a falling or a rising side.

    A buy limit, a stop-loss sell and a take-profit buy act when the price falls to them; their
    mirror images when it rises. At one price the older order comes first.
    """

    def __init__(self) -> None:
        self._queues = {
            (waits, falls): _Queue(falls=falls)
            for waits in (True, False)
            for falls in (True, False)
        }
        self._orders: dict[int, Order] = {}
        self._places: dict[int, tuple[tuple[bool, bool], int]] = {}

    def __len__(self) -> int:
        return len(self._orders)

    def __contains__(self, order: Order) -> bool:
        return order.number in self._orders

    def add(self, order: Order) -> None:
        """Queue an open order at its level."""
        waits = waits_for_stop(order)
        level = order.stop_price if waits else order.price
        falls = order.is_buy != (waits and order.type.startswith("STOP"))
        self._queues[waits, falls].add(level, order.number)
        self._places[order.number] = ((waits, falls), level)
        self._orders[order.number] = order

    def remove(self, order: Order) -> None:
        """Take an order out; nothing happens when it is not queued."""
        place = self._places.pop(order.number, None)
        if place is not None:
            self._queues[place[0]].remove(place[1], order.number)
            del self._orders[order.number]

    def next_on_the_way(self, price: int, *, limits: bool) -> Order | None:
        """Return the order that a path to `price` reaches first, without limits if so asked."""
        for falls in (True, False):
            keys = [self._queues[True, falls].reached_at(price)]
            if limits:
                keys.append(self._queues[False, falls].reached_at(price))
            reached = [key for key in keys if key is not None]
            if reached:
                return self._orders[min(reached)[1]]
        return None

    def limits(self, *, buys: bool) -> list[Order]:
        """Return the resting limit orders of one side, best price first."""
        return [self._orders[number] for number in self._queues[False, buys].all()]

    def limits_crossed_by(self, *, bid: int, ask: int) -> list[Order]:
        """Return the resting limit orders that the quotes have reached, in their order."""
        numbers = self._queues[False, True].all_reached_at(ask)
        numbers += self._queues[False, False].all_reached_at(bid)
        return [self._orders[number] for number in numbers]


def waits_for_stop(order: Order) -> bool:
    """Whether an order still waits for its stop price."""
    return order.is_conditional and not order.working
