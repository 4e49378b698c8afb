"""A ban of the address silences every process behind it until its time."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from apps.trading.ports import VenueUnavailable
from apps.venues import open_venue
from apps.venues.budgets import Budgets
from apps.venues.clock import WallClock
from tests.support.raw_http import RawServer, Request, json_answer
from tests.support.venues import exchange_basics, simulated_account
from workers.launch.bootstrap import ROOT

pytestmark = pytest.mark.servers

BAN_S = 2
# One process behind the address: asks its account's balances whenever it is told to, and says how
# that ended.
PROCESS = """
import asyncio, json, sys, time
from apps.trading.ports import VenueUnavailable
from apps.venues import VenueAccount, open_venue
from apps.venues.budgets import Budgets
from apps.venues.clock import WallClock

async def main(base_url, redis_url, key):
    clock = WallClock()
    budgets = Budgets(redis_url=redis_url, address="192.0.2.1", processes=2, clock=clock)
    account = VenueAccount("binance", "simulated", "demo", base_url, key, "secret")
    venue = open_venue(account, budget=budgets.of_account(account), clock=clock)
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, sys.stdin.readline)
    while True:
        try:
            await venue.balances()
            told = {"ok": True, "wait_s": 0.0}
        except VenueUnavailable as trouble:
            told = {"ok": False, "wait_s": trouble.retry_after_s, "why": trouble.reason}
        print(json.dumps(told), flush=True)
        if not await loop.run_in_executor(None, sys.stdin.readline):
            break
    await venue.close()
    await budgets.close()

asyncio.run(main(*sys.argv[1:]))
"""


class Asker:
    """The other end of one process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def ask(self) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(b"\n")
        async with asyncio.timeout(30):
            line = await self._process.stdout.readline()
        told: dict[str, Any] = json.loads(line)
        return told

    async def end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()


@asynccontextmanager
async def asking(base_url: str, redis_url: str, key: str) -> AsyncIterator[Asker]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROCESS, base_url, redis_url, key,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT,
    )  # fmt: skip
    asker = Asker(process)
    try:
        yield asker
        await asker.end()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


class Banning:
    """An exchange that answers balances, until it bans the address once; it notes when asked."""

    def __init__(self) -> None:
        self.is_to_ban = False
        self.banned_at = 0.0
        self.asked_at: list[float] = []

    def __call__(self, request: Request) -> bytes | None:
        self.asked_at.append(time.monotonic())
        if not request.path.endswith("/account"):
            return exchange_basics(request)
        if self.is_to_ban:
            self.is_to_ban = False
            self.banned_at = time.monotonic()
            return json_answer(
                {"code": -1003, "msg": "Way too much request weight used; IP banned."},
                status=418,
                headers={"Retry-After": str(BAN_S)},
            )
        return json_answer({"balances": []})


async def test_a_ban_told_to_one_process_silences_the_other_until_its_time(
    redis_url: str,
) -> None:
    exchange, clock = Banning(), WallClock()
    async with RawServer(exchange) as server, asking(server.url, redis_url, "other") as other:
        budgets = Budgets(redis_url=redis_url, address="192.0.2.1", processes=2, clock=clock)
        account = simulated_account(server.url, api_key="ours")
        venue = open_venue(account, budget=budgets.of_account(account), clock=clock)
        await other.ask()
        await venue.balances()
        exchange.is_to_ban = True
        with pytest.raises(VenueUnavailable) as banned:
            await venue.balances()
        told, _ = await asyncio.gather(other.ask(), venue.balances())
        await venue.close()
        await budgets.close()

    assert banned.value.retry_after_s == BAN_S
    # Both waited in line, and neither asked anything before the ban was over.
    assert told["ok"]
    waited = [at - exchange.banned_at for at in exchange.asked_at if at > exchange.banned_at]
    assert min(waited) >= BAN_S
    assert len(waited) >= 2
