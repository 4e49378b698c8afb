"""The decision kernel: plain scalar Python over fixed records, compiled by numba."""
