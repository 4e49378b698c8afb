"""`manage.py candles fetch` from a simulated exchange: killed half-way, then resumed."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connections

from apps.accounts.models import ExchangeAccount, User
from apps.markets.models import CandleBlock, Market
from apps.markets.queries import load_bars
from apps.trading.bar import Bars
from apps.venues.clock import WallClock
from tests.integration.markets.test_candles_command import candles
from tests.support.exchange import SimExchangeProcess, start_exchange, wait_until
from workers.launch.bootstrap import ROOT

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.servers]

MINUTE = 60_000
KLINES = "GET /api/v3/klines"
# Only the apps whose rows it writes: pages and research take longer to load than all of this.
COMMAND = """
from django.conf import settings
from django.core.management import execute_from_command_line
needed = ("django.contrib.auth", "django.contrib.contenttypes", "apps.audit", "apps.accounts",
    "apps.markets")
settings.INSTALLED_APPS = [app for app in settings.INSTALLED_APPS if app.startswith(needed)]
execute_from_command_line()
"""


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[SimExchangeProcess]:
    prices = {"kind": "generated", "seed": 7, "markets": ["BTC/USDT", "ETH/BTC"]}
    config = {"venues": {"demo": {"prices": prices}}, "mode": "wall"}
    with start_exchange(tmp_path, config) as process:
        user = User.objects.create_user("owner")
        ExchangeAccount.objects.create(
            user=user,
            name="paper",
            exchange="binance",
            environment="simulated",
            venue_name="demo",
            base_url=process.base_url("demo"),
        )
        yield process


def environment(folder: Path) -> dict[str, str]:
    database = connections["default"].settings_dict
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings.embedded",
        "DATABASE_URL": f"postgresql://{database['USER']}:{database['PASSWORD']}@/"
        f"{database['NAME']}?host={database['HOST']}&port={database['PORT']}",
        "REDIS_URL": settings.REDIS_URL,
        "DJANGO_SECRET_KEY": "only-for-tests",
        "FLOTILLA_STATE_DIR": str(folder / "state"),
        "INSTALLATION_ID": "test",
    }


def killed_at_the_third_page(
    arguments: tuple[str, ...], folder: Path, exchange: SimExchangeProcess
) -> None:
    """Run the command in a process of its own and kill -9 it while it waits for its third page."""
    exchange.sim("demo").fault(kind="delay", match=KLINES, count=2)
    exchange.sim("demo").fault(kind="delay", match=KLINES, count=1, delay_ms=60_000)
    log = folder / "fetch.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", COMMAND, *arguments],
            cwd=ROOT,
            env=environment(folder),
            stdout=output,
            stderr=output,
        )
    try:
        wait_until(
            lambda: CandleBlock.objects.count() == 2 or process.poll() is not None,
            seconds=90,
            describe=log.read_text,
        )
        assert process.poll() is None, log.read_text()
        process.send_signal(signal.SIGKILL)
    finally:
        process.kill()
        process.wait(10)
    exchange.sim("demo").call("DELETE", "faults")


def stored(since: int, until: int) -> Bars:
    return load_bars(exchange="binance", symbol="BTC/USDT", timeframe="1m", start=since, end=until)


def test_a_fetch_that_was_killed_goes_on_where_it_was(
    exchange: SimExchangeProcess, tmp_path: Path
) -> None:
    until = WallClock().now() // MINUTE * MINUTE - 60 * MINUTE
    # Begins with a block, so that each page is one.
    since = until // (1000 * MINUTE) * 1000 * MINUTE - 2000 * MINUTE
    span = ("--venue", "demo", "--timeframe", "1m", "--from", str(since), "--to", str(until))
    wanted = (until - since) // MINUTE
    fetch = ("fetch", "--market", "btcusdt", "--market", "DOGE/USDT", *span)
    killed_at_the_third_page(("candles", *fetch), tmp_path, exchange)
    before = stored(since, until)

    code, resumed = candles(*fetch)
    exchange.sim("demo").fault(kind="http_error", match=KLINES, count=0)
    _, again = candles(*fetch)

    assert len(before.open_at) == 2000
    assert (code, resumed["unlisted"]) == (1, ["DOGE/USDT"])
    (market,) = resumed["markets"]
    assert (market["market"], market["absent"]) == ("BTC/USDT", [])
    assert market["wanted"] == market["stored"] == wanted - 2000
    # Whoever asked for another bar now would have got an error.
    assert again["markets"][0]["wanted"] == 0
    after = stored(since, until)
    # A block that got lost is found missing, asked for again and the same as before.
    CandleBlock.objects.order_by("number")[1].delete()
    exchange.sim("demo").call("DELETE", "faults")
    lost_code, lost = candles("check", "--venue", "demo")
    code, repaired = candles("check", "--repair", "--venue", "demo")
    gap = {"from": since + 1000 * MINUTE, "to": since + 1999 * MINUTE, "missing": 1000}
    assert (lost_code, lost["series"][0]["gaps"]) == (1, [gap])
    (series,) = repaired["series"]
    assert (code, series["repaired"], series["gaps"], series["bars"]) == (0, 1000, [], wanted)
    whole = stored(since, until)
    assert [column.tolist() for column in whole] == [column.tolist() for column in after]
    assert after.open_at.tolist() == list(range(since, until, MINUTE))
    assert [column[:2000].tolist() for column in after] == [c.tolist() for c in before]
    row = Market.objects.get()
    assert (row.active, row.environment, row.tick_size) == (True, "simulated", Decimal("0.01"))
