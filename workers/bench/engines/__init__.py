"""Programs that run one backtest, or one search, in an engine's own environment.

Each is started by the interpreter of an environment that a caller names, as
`PYTHON -m workers.bench.engines.NAME`, and needs nothing there but numpy and the engine itself.
"""
