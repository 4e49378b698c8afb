"""What a run of a plan was worth: equity, drawdown and the figures people compare."""

from apps.trading.metrics.measure import Market, Measured, measure, metrics_of
from apps.trading.metrics.sheet import Figure, Metrics, figures

__all__ = ["Figure", "Market", "Measured", "Metrics", "figures", "measure", "metrics_of"]
