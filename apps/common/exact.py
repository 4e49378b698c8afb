"""Decimal arithmetic wide enough for NUMERIC(38, 18): nothing is rounded unless asked."""

from contextlib import AbstractContextManager
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext

EXACT = Context(prec=76, rounding=ROUND_HALF_EVEN)
LAST_PLACE = Decimal("1e-18")


def exactly() -> AbstractContextManager[Context]:
    """A block in which sums and products of stored amounts are exact."""
    return localcontext(EXACT)


def stored(amount: Decimal) -> Decimal:
    """The amount as the database keeps it, 18 places; only quotients are changed by this."""
    return amount.quantize(LAST_PLACE, context=EXACT)
