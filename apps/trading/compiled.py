"""All that is compiled: loaded at once by whoever must not wait for it later."""

from importlib import import_module

from apps.trading import trades
from apps.trading.kernel import crossings, events, loop, together
from apps.trading.kernel.compile import EntryPoint
from apps.trading.metrics import costs, curve, outcomes, returns

LIVE = (events,)
"""What a bot decides with. In such a process runs no code of users."""
ALL = (events, loop, together, crossings, trades, costs, curve, outcomes, returns)


def load(modules: tuple[object, ...] = ALL) -> None:
    """Load the machine code of these modules' entry points; what the cache lacks is compiled."""
    if modules is ALL:
        # With its linear algebra: strategies of users that come later may compile too.
        import_module("numba")
    for module in modules:
        for value in vars(module).values():
            if isinstance(value, EntryPoint):
                value.load()
