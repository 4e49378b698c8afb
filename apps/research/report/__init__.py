"""The report of a backtest: one HTML page that needs nothing else, not even a network."""

from apps.research.report.drawing import draw
from apps.research.report.page import render

__all__ = ["draw", "render"]
