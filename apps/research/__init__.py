"""Backtests: what a strategy and its plan would have done, from the command line and as jobs."""
