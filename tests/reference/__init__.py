"""A second, slow implementation of docs/concepts/plans.md and fills.md, from those pages alone.

It shares nothing with the kernel, not even numbers: prices and quantities are decimals here.
Read it beside the pages: `path` walks a bar, `bot` is told what happens, `position` holds the
stops and targets, `ladder` the safety orders, `grid` the cells, `gate` the limits.
"""
