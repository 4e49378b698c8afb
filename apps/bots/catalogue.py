"""The strategies this installation knows: ours, and those of the folder STRATEGY_PATH."""

import logging
from functools import cache
from pathlib import Path

from django.conf import settings

from apps.common.strategy_limit import strategy_limit
from apps.strategies import load_strategies
from apps.trading.strategy import Strategy, strategies

logger = logging.getLogger(__name__)

LOAD_LIMIT_S = 10.0
"""What loading one of a user's files may take."""


def known_strategies() -> dict[str, Strategy]:
    """Return every strategy by name, loading their files at the first call."""
    _load()
    return strategies()


@cache
def _load() -> None:
    folder = Path(settings.STRATEGY_PATH) if settings.STRATEGY_PATH else None
    for problem in load_strategies(folder, guard=lambda: strategy_limit(LOAD_LIMIT_S)):
        logger.warning("a strategy could not be loaded: %s", problem)
