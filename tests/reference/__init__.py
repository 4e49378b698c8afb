"""A second, slow implementation of docs/concepts/plans.md and fills.md, from those pages alone.

It shares nothing with the kernel, not even numbers: prices and quantities are decimals here.
Read it beside the pages: `path` walks a bar and tells a bot what happens (`trader`, `grid_bot`);
`position` has stops and targets, `ladder` safety orders, `grid` cells, `gate` the limits.
`differ` compares with the kernel, `worlds` makes what is compared, `mutants` are planted faults.
"""
