"""Blocks of a day, as they were stored once, are cut anew and lose no bar."""

from importlib import import_module

import numpy as np
import pytest

from apps.markets.blocks import BARS_PER_BLOCK, unpack
from apps.trading.bar import Bars, timeframe_ms

migration = import_module("apps.markets.migrations.0003_blocks_of_a_thousand_bars")
FIRST = 20_000 * 86_400_000


@pytest.mark.parametrize("timeframe", ["1s", "1m", "1h", "1d"])
def test_every_bar_is_in_the_block_of_its_time(timeframe: str) -> None:
    span = BARS_PER_BLOCK * timeframe_ms(timeframe)
    times = FIRST + np.arange(4_000, dtype=np.int64) * timeframe_ms(timeframe)
    prices = 100.0 + np.arange(4_000) / 7
    bars = Bars(times, prices, prices + 1, prices - 1, prices, prices / 3)
    some = Bars._make(np.delete(column, [3, 999, 2_500]) for column in bars)

    blocks = list(migration.cut(some, span))

    parts = [unpack(packed=block["bars"]) for block in blocks]
    for column, pieces in zip(some, zip(*parts, strict=True), strict=True):
        assert np.array_equal(column, np.concatenate(pieces))
    for block, part in zip(blocks, parts, strict=True):
        assert set(part.open_at // span) == {block["number"]}
        assert (block["first_ms"], block["last_ms"]) == (part.open_at[0], part.open_at[-1])
        assert block["count"] == len(part.open_at) <= BARS_PER_BLOCK
