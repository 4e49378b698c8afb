"""The report of a backtest: one HTML page that needs nothing else, not even a network."""

from apps.research.report.drawing import draw, draw_whole
from apps.research.report.page import render
from apps.research.report.portfolio import render_portfolio

__all__ = ["draw", "draw_whole", "render", "render_portfolio"]
