"""Time-ordered UUIDs (version 7): primary keys whose inserts land at the index's right edge."""

import secrets
import time
from uuid import UUID


def new_id() -> UUID:
    """A random UUID whose first 48 bits are the wall clock in ms (RFC 9562, version 7)."""
    at = time.time_ns() // 1_000_000
    bits = at << 80 | secrets.randbits(80)
    bits = bits & ~(0xF << 76) | 0x7 << 76
    bits = bits & ~(0x3 << 62) | 0x2 << 62
    return UUID(int=bits)
