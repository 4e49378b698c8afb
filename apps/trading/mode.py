"""What a bot may plan: the four modes, from most to least."""

TRADE, EXITS_ONLY, FLATTEN, NOTHING = "trade", "exits_only", "flatten", "nothing"
# Each admits less than the one before.
MODES = (TRADE, EXITS_ONLY, FLATTEN, NOTHING)


def strictness(mode: str) -> int:
    """How far down a mode stands; ValueError for a word that is none."""
    return MODES.index(mode)
