"""An exchange's past bars for commands: asked without a key, within the shared budget."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import TracebackType
from typing import TypeVar

from django.conf import settings

from apps.accounts.models import ExchangeAccount
from apps.markets.fetching import HistoryUnavailable
from apps.trading.bar import Bar
from apps.trading.instrument import Instrument
from apps.trading.ports import VenueUnavailable
from apps.venues import VenueKey, open_feed
from apps.venues.budgets import Budgets
from apps.venues.clock import WallClock
from apps.venues.guarded import check_exchange
from apps.venues.line import Refused

T = TypeVar("T")
Say = Callable[[str], None]

# How long to wait after each question in a row that nobody answered.
PAUSES_S = (1.0, 2.0, 4.0, 8.0, 15.0)
# An exchange that wants to be left alone for longer is not waited for.
PATIENCE_S = 120.0
# Told to the person who waits.
LONG_WAIT_S = 3.0


def open_history(key: VenueKey, *, say: Say) -> "PublicHistory":
    """The bars of an exchange, to be used with `with`; HistoryUnavailable: there is no such one."""
    return PublicHistory(key, base_url=_address_of(key), say=say)


def _address_of(key: VenueKey) -> str | None:
    """Where a simulated venue answers, as its accounts say; None for a real exchange."""
    if key.environment != "simulated":
        return None
    accounts = ExchangeAccount.objects.filter(
        exchange=key.exchange, environment=key.environment, venue_name=key.venue_name
    )
    known = accounts.exclude(base_url="").order_by("-number").first()
    if known is not None:
        return known.base_url
    return f"{settings.SIMEXCHANGE_URL.rstrip('/')}/{key.venue_name}"


class PublicHistory:
    """One exchange, to be used with `with`. Every question may raise HistoryUnavailable."""

    def __init__(self, key: VenueKey, *, base_url: str | None, say: Say) -> None:
        self._name = key.venue_name or key.exchange
        self._say = say
        self._clock = WallClock()
        self._runner = asyncio.Runner()
        self._budgets = Budgets(
            redis_url=settings.REDIS_URL, address=settings.EGRESS_IP, processes=2, clock=self._clock
        )

        async def opened() -> None:
            check_exchange(key.exchange)
            budget = self._budgets.of_feed(key, base_url=base_url)
            self._feed = open_feed(key, base_url=base_url, clock=self._clock, budget=budget)

        try:
            self._runner.run(opened())
        except ValueError as problem:
            self._runner.close()
            raise HistoryUnavailable(str(problem)) from None

    def __enter__(self) -> "PublicHistory":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        async def closed() -> None:
            await self._feed.close()
            await self._budgets.close()

        try:
            self._runner.run(closed())
        finally:
            self._runner.close()

    def instruments(self) -> Mapping[str, Instrument]:
        """Every spot market there."""
        return self._ask(self._feed.instruments)

    def now(self) -> int:
        """The exchange's time, ms."""
        return self._ask(self._feed.exchange_now)

    def bars(self, *, symbol: str, timeframe: str, since: int, until: int) -> Sequence[Bar]:
        """Closed bars that open in [since, until), oldest first."""

        async def asked() -> Sequence[Bar]:
            return await self._feed.history(
                symbol=symbol, timeframe=timeframe, since=since, until=until
            )

        try:
            return self._ask(asked)
        except ValueError as problem:
            raise HistoryUnavailable(f"{self._name}: {problem}") from None

    def _ask(self, question: Callable[[], Awaitable[T]]) -> T:
        return self._runner.run(self._patiently(question))

    async def _patiently(self, question: Callable[[], Awaitable[T]]) -> T:
        failures = 0
        while True:
            try:
                return await question()
            except VenueUnavailable as trouble:
                pause_s = trouble.retry_after_s
                if not pause_s:
                    if isinstance(trouble, Refused) or failures == len(PAUSES_S):
                        raise self._gave_up(trouble) from None
                    pause_s = PAUSES_S[failures]
                    failures += 1
                if pause_s > PATIENCE_S:
                    raise self._gave_up(trouble) from None
                if pause_s >= LONG_WAIT_S:
                    self._say(f"{self._name}: {trouble.reason}; asked again in {pause_s:.0f} s")
                await self._clock.sleep(pause_s)

    def _gave_up(self, trouble: VenueUnavailable) -> HistoryUnavailable:
        wait = f" for {trouble.retry_after_s:.0f} s" if trouble.retry_after_s else ""
        return HistoryUnavailable(
            f"{self._name} does not give its bars{wait} ({trouble.reason}): what came is stored; "
            "run the command again later to go on"
        )
