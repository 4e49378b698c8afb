"""Looks at a bot's configuration before it trades: figures in, sentences out."""

from apps.trading.preflight.check import CHECKS, GRID_SELLABLE, SELLABLE, errors, preflight
from apps.trading.preflight.finding import Finding, Level

__all__ = ["CHECKS", "GRID_SELLABLE", "SELLABLE", "Finding", "Level", "errors", "preflight"]
