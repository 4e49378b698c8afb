"""Faults put into a copy of the exchange's books, to show that the checker finds them.

The copy is what the checker reads; neither the exchange's rows nor ours are touched.
"""

from collections.abc import Callable, Mapping
from copy import deepcopy
from decimal import Decimal
from typing import Any

from apps.trading.intent import parse

TINY = Decimal("1e-8")

Books = dict[str, Any]


class NothingToPlantIn(Exception):
    """The account has had no order, fill or balance yet."""


def doubled_order(books: Books) -> str:
    """The exchange has an order of ours twice."""
    order = _first(books["orders"], _is_ours, "order of ours")
    books["orders"].append({**order, "orderId": 10**15})
    return f"order {order['clientOrderId']} exists 2 times"


def lost_fill(books: Books) -> str:
    """The exchange made a trade that never reached our books."""
    trade = _first(books["trades"], lambda _trade: True, "fill")
    books["trades"].append({**trade, "id": 10**15})
    return f"trade {10**15} of {trade['symbol']} is missing"


def wrong_balance(books: Books) -> str:
    """The exchange holds one unit of the last digit more than our ledger says."""
    asset, part = _first(books["balances"].items(), lambda _part: True, "balance")
    part["free"] = str(Decimal(part["free"]) + TINY)
    return f"{asset}: "


PLANTS: Mapping[str, Callable[[Books], str]] = {
    "doubled-order": doubled_order,
    "lost-fill": lost_fill,
    "wrong-balance": wrong_balance,
}


def planted(kind: str, books: Mapping[str, Any]) -> tuple[Books, str]:
    """A copy of an account's books with one fault, and how a difference about it must begin."""
    copy = deepcopy(dict(books))
    return copy, PLANTS[kind](copy)


def _is_ours(order: Mapping[str, Any]) -> bool:
    return parse(order["clientOrderId"]) is not None


def _first(rows: Any, wanted: Callable[[Any], bool], name: str) -> Any:
    for row in rows:
        if wanted(row):
            return row
    raise NothingToPlantIn(f"the account has no {name} yet")
