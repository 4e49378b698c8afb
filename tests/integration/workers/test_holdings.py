"""What a process holds and forgot goes back to the supervisor; what it works on stays."""

from collections.abc import Sequence
from uuid import UUID

import pytest

from apps.bots.models import Bot
from apps.ledger import desks
from apps.ledger.held import HeldDuty, give_back, held_duties
from apps.ledger.models import Desk
from apps.operations.services import register_process
from apps.venues.clock import WallClock
from tests.integration.rows.world import Hand, World, make_bot, make_world
from workers.holdings import Holdings

pytestmark = pytest.mark.django_db(transaction=True)


def holders(world: World) -> dict[str, bool]:
    """Whether this process still holds the desk and each bot."""
    mine = {bot.name: bot.process_id == world.process_id for bot in Bot.objects.all()}
    return {**mine, "desk": Desk.objects.get().process_id == world.process_id}


def test_what_is_held_is_listed_and_given_back_under_its_fence_only() -> None:
    world = make_world(USDT="1000")
    one, two = (Hand(world, make_bot(world, name)) for name in ("one", "two"))
    Bot.objects.filter(pk=two.bot.pk).update(fence=9)
    fence = Desk.objects.get().fence

    held = held_duties(process_id=world.process_id)
    freed = give_back(
        process_id=world.process_id,
        held=[HeldDuty("bot", one.bot.pk, 1), HeldDuty("bot", two.bot.pk, 1)],
    )

    assert set(held) == {
        HeldDuty("bot", one.bot.pk, 1),
        HeldDuty("bot", two.bot.pk, 9),
        HeldDuty("desk", world.account.pk, fence),
    }
    assert freed == 1
    assert holders(world) == {"one": False, "two": True, "desk": True}


def test_a_duty_that_another_process_has_is_not_given_back() -> None:
    world = make_world(USDT="1000")
    stale = held_duties(process_id=world.process_id)
    successor = register_process(kind="bots", host="here", pid=2)
    taken = desks.take_desk(
        account_id=world.account.pk,
        process_id=successor,
        dispatch=Desk.objects.get().dispatch_number,
    )
    assert taken is not None

    assert give_back(process_id=world.process_id, held=stale) == 0
    assert Desk.objects.get().process_id == successor


class Rows:
    """The store of a process whose rows a test writes down."""

    def __init__(self, held: Sequence[HeldDuty]) -> None:
        self.held = list(held)
        self.given_back: list[HeldDuty] = []

    async def held_duties(self, *, process_id: UUID) -> Sequence[HeldDuty]:
        return list(self.held)

    async def give_back(self, *, process_id: UUID, held: Sequence[HeldDuty]) -> int:
        self.given_back += held
        self.held = [one for one in self.held if one not in held]
        return len(held)


BOT, DESK = HeldDuty("bot", UUID(int=1), 3), HeldDuty("desk", UUID(int=2), 1)


async def test_only_what_was_idle_at_two_looks_is_given_back() -> None:
    rows = Rows([BOT, DESK])
    holdings = Holdings(store=rows, clock=WallClock())

    with holdings.working_on("bot", BOT.id):
        await holdings.look_once(process_id=UUID(int=9))
        assert rows.given_back == []
        await holdings.look_once(process_id=UUID(int=9))
        assert rows.given_back == [DESK]
    await holdings.look_once(process_id=UUID(int=9))
    assert rows.given_back == [DESK]
    await holdings.look_once(process_id=UUID(int=9))

    assert rows.given_back == [DESK, BOT]


async def test_a_duty_taken_anew_between_two_looks_is_not_the_forgotten_one() -> None:
    rows = Rows([BOT])
    holdings = Holdings(store=rows, clock=WallClock())

    await holdings.look_once(process_id=UUID(int=9))
    rows.held = [HeldDuty("bot", BOT.id, BOT.fence + 1)]
    await holdings.look_once(process_id=UUID(int=9))

    assert rows.given_back == []


async def test_two_copies_of_a_message_count_as_work_until_both_have_ended() -> None:
    rows = Rows([BOT])
    holdings = Holdings(store=rows, clock=WallClock())

    with holdings.working_on("bot", BOT.id):
        with holdings.working_on("bot", BOT.id):
            pass
        await holdings.look_once(process_id=UUID(int=9))
        await holdings.look_once(process_id=UUID(int=9))

    assert rows.given_back == []
