"""Whether the exchange's books and ours agree, account by account, while bots trade on.

The checker (`workers/proof/checker.py`) compares whole histories: every order, fill and balance
since the account was opened. So one moment at which it finds nothing proves everything up to that
moment, and a real difference (an order doubled, a fill lost) never goes away by waiting. Only what
is in flight does: a signed order whose answer is on its way, a fill booked a moment after the
exchange made it. Therefore an account is compared again and again, each time the exchange's dump
first and then our rows in one snapshot (REPEATABLE READ), until nothing differs, for
`undisturbed_s` at most. If an account is too busy to be caught at such a moment, the whole
installation is paused (no entries; exits go on) for the rest of `bound_s`, and resumed after. What
differs then is a difference. Nothing is left out of the comparison at any time.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction

from apps.accounts.models import ExchangeAccount
from apps.accounts.services import open_secrets
from apps.common.sql import execute
from apps.operations.services import pause_system, resume_system
from apps.trading.intent import parse
from workers.proof.checker import compare
from workers.proof.plants import planted

_AGAIN_S = 0.2


@dataclass(slots=True)
class Agreement:
    """What was compared. `differences` is empty when everything agrees."""

    accounts: int = 0
    orders: int = 0
    fills: int = 0
    balances: int = 0
    settled_s: float = 0.0
    paused: bool = False
    differences: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        how = ", entries paused meanwhile" if self.paused else ""
        return (
            f"{self.orders} orders, {self.fills} fills, {self.balances} balances of "
            f"{self.accounts} accounts, {len(self.differences)} differences "
            f"(settled in {self.settled_s:.1f} s{how})"
        )


class Auditor:
    """Compares every account that we have keys of with the simulated exchange.

    `dump` reads the exchange's own ledger, `api_key` the key under which it knows an account.
    """

    def __init__(
        self,
        *,
        dump: Callable[[], Mapping[str, Any]],
        api_key: Callable[[UUID], str] = lambda id: open_secrets(account_id=id).api_key,
        undisturbed_s: float = 20.0,
        bound_s: float = 60.0,
    ) -> None:
        self._dump = dump
        self._api_key = api_key
        self._undisturbed_s = undisturbed_s
        self._bound_s = bound_s
        self._keys: dict[UUID, str] = {}

    def agree(self) -> Agreement:
        """Compare until all accounts agree or the bound has passed."""
        began = time.monotonic()
        found = Agreement()
        waiting = self._accounts()
        while True:
            books = {account["api_key"]: account for account in self._dump()["accounts"]}
            differing: dict[UUID, list[str]] = {}
            for account_id, key in waiting.items():
                theirs = books.get(key)
                differences = self._differences(theirs, account_id)
                if differences or theirs is None:
                    differing[account_id] = differences
                else:
                    _count(found, theirs)
            waiting = {account_id: waiting[account_id] for account_id in differing}
            found.settled_s = time.monotonic() - began
            if not waiting or found.settled_s > self._bound_s:
                break
            if not found.paused and found.settled_s > self._undisturbed_s:
                pause_system(actor="chaos", reason="books are being compared")
                found.paused = True
            time.sleep(_AGAIN_S)
        found.differences = [line for lines in differing.values() for line in lines]
        if found.paused:
            resume_system(actor="chaos", reason="books have been compared")
        return found

    def finds(self, kind: str) -> Sequence[str]:
        """Plant a fault into a copy of the exchange's books; the differences the checker names.

        Raises AssertionError when it misses it: a checker that cannot fail proves nothing.
        """
        account_id, key = next(iter(self._accounts().items()))
        books = {account["api_key"]: account for account in self._dump()["accounts"]}
        theirs, beginning = planted(kind, books[key])
        differences = self._differences(theirs, account_id)
        if not any(line.startswith(beginning) for line in differences):
            raise AssertionError(f"the checker missed a planted {kind}: {differences}")
        return differences

    def _accounts(self) -> dict[UUID, str]:
        for account_id in ExchangeAccount.objects.values_list("id", flat=True):
            if account_id not in self._keys:
                self._keys[account_id] = self._api_key(account_id)
        return dict(self._keys)

    def _differences(self, theirs: Mapping[str, Any] | None, account_id: UUID) -> list[str]:
        if theirs is None:
            return [f"account {account_id} does not exist at the exchange"]
        with one_moment():
            degraded = ExchangeAccount.objects.filter(pk=account_id).exclude(status="active")
            reasons = degraded.values_list("name", "status", "status_reason")
            lines = [f"account {name} is {status}: {why}" for name, status, why in reasons]
            return [*lines, *compare(theirs=theirs, account_id=account_id)]


def _count(found: Agreement, theirs: Mapping[str, Any]) -> None:
    found.accounts += 1
    found.orders += sum(parse(order["clientOrderId"]) is not None for order in theirs["orders"])
    found.fills += len(theirs["trades"])
    found.balances += len(theirs["balances"])


@contextmanager
def one_moment() -> Iterator[None]:
    """Everything read inside stands as it stood at one instant."""
    with transaction.atomic():
        execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield
