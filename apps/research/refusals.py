"""What research refuses: one sentence that names what is wrong, where, and the remedy."""


class ResearchRefused(ValueError):
    """What was asked cannot be; nothing was run."""


class Canceled(Exception):
    """Nobody wants the result any more."""
