"""Redis doubles messages, forgets everything, is gone: one runner per bot, and exits go on."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest
import redis

from apps.bots import services
from apps.bots.models import Bot
from apps.ledger import evidence
from apps.ledger import fleet as duties
from apps.ledger.models import Fill, Position
from tests.scenarios.test_one_bot import BUSY
from tests.support.exchange import SimExchangeProcess, wait_until
from tests.support.fleet import Fleet, running_fleet
from tests.support.servers import open_folder, running_valkey
from workers.launch.servers import EmbeddedValkey
from workers.proof.checker import compare
from workers.proof.runners import Broker, broker_at
from workers.proof.signatures import late_arrivals, unsigned_arrivals

pytestmark = pytest.mark.scenario

COPIES = 10
VISIBILITY = {"BROKER_VISIBILITY_TIMEOUT_S": "5"}
# Long enough that Redis can be taken away while the position is young, on a busy machine too.
HOLDING_S, YOUNG_S = 6.0, 1.5
HOLDER = {**BUSY, "plan_changes": {"max_holding_s": HOLDING_S, "exit_on_signal": False}}


@pytest.fixture
def valkey() -> Iterator[EmbeddedValkey]:
    """One of its own: the session's must not be stopped."""
    with running_valkey() as server:
        yield server


@pytest.fixture
def lonely_fleet(
    transactional_db: None, valkey: EmbeddedValkey, exchange: SimExchangeProcess
) -> Iterator[Fleet]:
    with (
        open_folder() as folder,
        running_fleet(folder=folder, redis_url=valkey.url, exchange=exchange) as running,
    ):
        asyncio.run(running.list_markets())
        running.store_markets()
        yield running


def test_a_redis_that_doubles_forgets_and_goes_away_doubles_nothing_and_stops_no_exit(
    lonely_fleet: Fleet, valkey: EmbeddedValkey
) -> None:
    fleet = lonely_fleet
    account = fleet.open_account({"USDT": "10000"})
    bots = [fleet.bot(account, name=f"holder {number}", **HOLDER) for number in (1, 2)]
    for name in ("first", "second"):
        fleet.start_bots(name=name, **VISIBILITY)
    # Nobody sweeps: this test is the supervisor, one that sends every start ten times.
    fleet.start_signals(**VISIBILITY)
    for bot in bots:
        services.start_bot(bot=bot, actor=bot.user)
    duties.ensure_duties()
    with broker_at(valkey.url) as broker:
        wait_until(lambda: all_taken(broker, bots), seconds=60)
        wait_until(lambda: fewest_fills(bots) >= 1, seconds=60)
        repeat_last_starts(broker, bots)
        with redis.Redis.from_url(valkey.url) as client:
            client.flushall()
        repeat_last_starts(broker, bots)
        assert broker.doubled_runners(processes=3) == []

    wait_until(has_just_bought, seconds=60)
    valkey.stop()
    gone_at = int(datetime.now(UTC).timestamp() * 1000)
    wait_until(lambda: evidence.exits_filled(since=gone_at, until=gone_at + 60_000), seconds=30)
    valkey.start()
    before = fewest_fills(bots)
    wait_until(lambda: fewest_fills(bots) > before, seconds=60)

    began = Bot.objects.earliest("taken_at").taken_at
    assert began is not None
    assert evidence.shifts_begun(bot_ids=[bot.id for bot in bots]) == {bot.id: 1 for bot in bots}
    assert evidence.journals_out_of_order() == []
    arrivals = fleet.exchange.sim("demo").arrivals()
    assert unsigned_arrivals(arrivals) == []
    assert late_arrivals(arrivals, since=began) == []

    def differences() -> list[str]:
        theirs = fleet.exchange.ledger("demo")["accounts"][0]
        return compare(theirs=theirs, account_id=account.id)

    # Bots trade on: what is in flight at one look has settled at another.
    wait_until(lambda: not differences(), seconds=30, describe=lambda: str(differences()))


def all_taken(broker: Broker, bots: Sequence[Bot]) -> bool:
    """Send what should run and does not ten times each; True once every bot is held."""
    for start in duties.claim_all(wanted=duties.duties_to_dispatch(claim_lapses_s=5.0)):
        broker.send_start(duty=start.duty, id=start.id, number=start.dispatch, copies=COPIES)
    return Bot.objects.filter(process__dead=False).count() == len(bots)


def repeat_last_starts(broker: Broker, bots: Sequence[Bot]) -> None:
    """The number of the start that was taken is one below the one its taking left."""
    for bot in bots:
        number = Bot.objects.get(pk=bot.pk).dispatch_number - 1
        broker.send_start(duty="bot", id=bot.id, number=number, copies=COPIES)


def fewest_fills(bots: Sequence[Bot]) -> int:
    return min(Fill.objects.filter(bot=bot).count() for bot in bots)


def has_just_bought() -> bool:
    """A position so young that its time exit is still to come."""
    young = datetime.now(UTC) - timedelta(seconds=YOUNG_S)
    return Position.objects.filter(status="active", opened_at__gt=young).exists()
