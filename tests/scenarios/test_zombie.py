"""A process that was held up past its lease: its bot goes on elsewhere, it writes nothing more."""

import os
import signal

import pytest

from apps.bots import services
from apps.bots.models import Bot
from apps.ledger.models import BotEvent, Fill
from apps.operations.models import WorkerProcess
from tests.scenarios.test_one_bot import BUSY
from tests.support.exchange import wait_until
from tests.support.fleet import Fleet, journaled_signatures
from workers.proof.checker import compare

pytestmark = pytest.mark.scenario


def holders() -> str:
    """Who holds what, for a failure's message."""
    columns = ("process_id", "process__dead", "fence", "dispatch_number", "dispatched_at")
    processes = WorkerProcess.objects.values_list("id", "dead", "renewed_at")
    return f"{list(Bot.objects.values_list('observed_status', *columns))}\n{list(processes)}"


def test_a_process_stopped_past_its_lease_and_resumed_starts_anew(fleet: Fleet) -> None:
    account = fleet.open_account({"USDT": "10000"})
    bot = fleet.bot(account, name="busy", **BUSY)
    fleet.start_control()
    held_up = fleet.start_bots()
    services.start_bot(bot=bot, actor=bot.user)
    wait_until(lambda: Fill.objects.filter(bot=bot).exists(), seconds=60)
    lost = Bot.objects.get(pk=bot.pk).process_id

    os.kill(held_up.pid, signal.SIGSTOP)
    fleet.start_bots(name="second")
    taken_over = Bot.objects.filter(pk=bot.pk, process__dead=False).exclude(process_id=lost)
    wait_until(taken_over.exists, seconds=30, describe=holders)
    fence = Bot.objects.get(pk=bot.pk).fence
    fills = Fill.objects.filter(bot=bot).count()
    wait_until(lambda: Fill.objects.filter(bot=bot).count() > fills, seconds=60)
    os.kill(held_up.pid, signal.SIGCONT)
    anew = WorkerProcess.objects.filter(dead=False)
    wait_until(lambda: anew.count() == 2, seconds=60)
    fills = Fill.objects.filter(bot=bot).count()
    wait_until(lambda: Fill.objects.filter(bot=bot).count() >= fills + 2, seconds=60)

    assert WorkerProcess.objects.get(pk=lost).dead
    started = BotEvent.objects.filter(bot=bot, kind="ShiftStarted", fence=fence).get().seq
    late = BotEvent.objects.filter(bot=bot, seq__gt=started, fence__lt=fence)
    assert not late.exists()
    services.stop_bot(bot=bot, actor=bot.user, kind="sell")
    wait_until(
        lambda: Bot.objects.filter(pk=bot.pk, observed_status="STOPPED").exists(), seconds=30
    )
    theirs = fleet.exchange.ledger("demo")["accounts"][0]
    assert compare(theirs=theirs, account_id=account.id) == []
    assert set(fleet.signatures_on_the_wire()) <= set(journaled_signatures())
