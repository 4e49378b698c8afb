"""The exchange's clock, estimated from its answers to "what time is it"."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from statistics import median

from apps.trading.ports import Clock, VenueUnavailable

SAMPLES = 5
MEASURE_EVERY_S = 30.0
JUMP_MS = 500
# A slow answer says little: half of its round trip is the uncertainty of the sample.
SLOWEST_ROUND_TRIP_S = 2.0


class VenueClock:
    """Offset between our wall clock and the exchange's: the median of the last samples.

    A sample further than JUMP_MS from the estimate means that one of the clocks jumped: the
    older samples are dropped and `jumped` is told how far, in ms.
    """

    def __init__(
        self,
        *,
        ask: Callable[[], Awaitable[int]],
        clock: Clock,
        jumped: Callable[[int], None] | None = None,
    ) -> None:
        self._ask = ask
        self._clock = clock
        self._jumped = jumped
        self._offsets: deque[float] = deque(maxlen=SAMPLES)
        self._measured_at: float | None = None
        self._measuring = asyncio.Lock()
        self.jumps = 0

    @property
    def offset_ms(self) -> int:
        """Exchange time minus our wall time; 0 before the first sample."""
        return round(median(self._offsets)) if self._offsets else 0

    @property
    def is_due(self) -> bool:
        if self._measured_at is None:
            return True
        return self._clock.monotonic() - self._measured_at >= MEASURE_EVERY_S

    def exchange_now(self) -> int:
        """The exchange's time now, ms UTC."""
        return self._clock.now() + self.offset_ms

    def distrust(self) -> None:
        """The exchange refused a timestamp: measure again before the next signature."""
        self._offsets.clear()
        self._measured_at = None

    async def measure(self) -> int:
        """Take one sample; the offset in ms. Raises VenueUnavailable when nobody answers."""
        started_at, started = self._clock.now(), self._clock.monotonic()
        venue_at = await self._ask()
        round_trip_s = self._clock.monotonic() - started
        self._measured_at = started + round_trip_s
        if round_trip_s > SLOWEST_ROUND_TRIP_S and self._offsets:
            return self.offset_ms
        self._add(venue_at - started_at - round_trip_s * 500)
        return self.offset_ms

    async def refresh(self) -> None:
        """Measure when the last sample is older than MEASURE_EVERY_S; once for all who ask."""
        if not self.is_due:
            return
        async with self._measuring:
            if self.is_due:
                await self.measure()

    async def run(self) -> None:
        """Measure for ever; an unanswered question is asked again at the next turn."""
        while True:
            with suppress(VenueUnavailable):
                await self.measure()
            await self._clock.sleep(MEASURE_EVERY_S)

    def _add(self, offset: float) -> None:
        moved = offset - self.offset_ms
        if self._offsets and abs(moved) > JUMP_MS:
            self._offsets.clear()
            self.jumps += 1
            if self._jumped is not None:
                self._jumped(round(moved))
        self._offsets.append(offset)
