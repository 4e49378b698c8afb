"""SIGTERM: a worker process ends in order, and its bots go on elsewhere."""

import signal

import pytest

from apps.bots import services
from apps.bots.models import Bot
from apps.ledger.models import BotEvent, Fill, Order
from apps.operations.models import WorkerProcess
from tests.scenarios.test_one_bot import BUSY
from tests.support.exchange import wait_until
from tests.support.fleet import Fleet
from workers.proof.checker import compare

pytestmark = pytest.mark.scenario


def test_a_drained_worker_leaves_nothing_unknown_and_its_successor_goes_on(fleet: Fleet) -> None:
    account = fleet.open_account({"USDT": "10000"})
    bot = fleet.bot(account, name="busy", **BUSY)
    fleet.start_control()
    first = fleet.start_bots()
    services.start_bot(bot=bot, actor=bot.user)
    wait_until(lambda: Fill.objects.filter(bot=bot).count() >= 2, seconds=60)

    first.send_signal(signal.SIGTERM)
    exit_code = first.wait(30)

    last = BotEvent.objects.filter(bot=bot).latest("seq")
    assert exit_code == 0
    assert (last.kind, last.payload["reason"]) == ("ShiftEnded", "drained")
    assert not Order.objects.filter(bot=bot, status="sending").exists()
    assert not WorkerProcess.objects.filter(ended_at__isnull=True).exists()
    assert Bot.objects.get(pk=bot.pk).process_id is None

    fills = Fill.objects.filter(bot=bot).count()
    fleet.start_bots()
    wait_until(lambda: Fill.objects.filter(bot=bot).count() >= fills + 2, seconds=60)
    services.stop_bot(bot=bot, actor=bot.user, kind="sell")
    wait_until(
        lambda: Bot.objects.filter(pk=bot.pk, observed_status="STOPPED").exists(), seconds=30
    )
    theirs = fleet.exchange.ledger("demo")["accounts"][0]
    assert compare(theirs=theirs, account_id=account.id) == []
