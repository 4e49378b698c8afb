"""Importing this compiles everything that is compiled, or finds it in the cache."""

from apps.trading.kernel.events import decide
from apps.trading.kernel.loop import run
from apps.trading.kernel.together import run_together
from apps.trading.metrics import measure

__all__ = ["decide", "measure", "run", "run_together"]
