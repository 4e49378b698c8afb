"""Late timers are seen at many moments, not at one moment many times."""

import asyncio

from tests.support.virtual_loop import VirtualLoop
from workers import lag


def test_a_loop_held_up_is_seen_by_the_probes_due_meanwhile_and_by_no_other(
    monkeypatch,
) -> None:
    loop = VirtualLoop()
    lags: list[float] = []

    async def story() -> None:
        step_s = lag.PERIOD_S / lag.PROBES
        probes = lag.begin_probes(loop, lags)
        loop.call_later(lag.PERIOD_S + 4.5 * step_s, hold_up, 3 * step_s)
        await asyncio.sleep(2 * lag.PERIOD_S + 0.5 * step_s)
        for probe in probes:
            probe.cancel()

    def hold_up(seconds: float) -> None:
        loop.now += seconds

    loop.run(story())

    late = [round(each, 6) for each in lags if each > 1e-6]
    assert late == [62.5, 37.5, 12.5]
    assert len(lags) == lag.PROBES + 1
