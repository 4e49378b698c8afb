"""The phases of `bench fleet`, and which of them were asked for."""

from argparse import ArgumentTypeError

PHASES = ("orders", "rest", "stops", "all", "takeover", "stop")
"""What is measured after the start of all bots, in this order; parts of it can be left out."""


def asked_phases(text: str) -> tuple[str, ...]:
    """Of a comma list, in the order of the bench; ArgumentTypeError for one that cannot be."""
    asked = {part.strip() for part in text.split(",")}
    if unknown := sorted(asked - set(PHASES)):
        raise ArgumentTypeError(f"no such phase: {unknown[0]!r}; there are {', '.join(PHASES)}")
    if "stops" in asked and "orders" not in asked:
        raise ArgumentTypeError("stops needs orders: only what was bought can be stopped out")
    return tuple(phase for phase in PHASES if phase in asked)
