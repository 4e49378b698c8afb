"""What the tests of the rows stand on: a user, an account with money, bots taken by a process."""

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection

from apps.accounts.models import ExchangeAccount, User
from apps.bots.models import Bot, BotConfiguration
from apps.ledger import desks, journal
from apps.ledger.models import AssetBalance, BotEvent, Desk
from apps.markets.models import Market
from apps.operations.services import register_process
from apps.trading.events import Event, IntentPlanned, OrderFilled, OrderSending
from apps.trading.intent import client_order_id
from apps.trading.journal import Append, StopEpochs, Taken
from apps.trading.order import OrderType, Role, Side, VenueStatus
from apps.trading.outcome import Balance, VenueFill, VenueOrder

T = TypeVar("T")
AT = 1_790_000_000_000
ZERO = Decimal(0)


@dataclass
class World:
    """One user, one account whose books are open, one market."""

    user: User
    account: ExchangeAccount
    market: Market
    process_id: UUID


def make_world(**balances: str) -> World:
    user = User.objects.create_user("owner", "owner@example.org", "long enough")
    account = ExchangeAccount.objects.create(
        user=user, name="paper", exchange="binance", environment="simulated", venue_name="demo"
    )
    market = Market.objects.create(
        exchange="binance",
        environment="simulated",
        venue_name="demo",
        symbol="BTC/USDT",
        base="BTC",
        quote="USDT",
        tick_size="0.01",
        lot_size="0.0001",
        min_quantity="0.0001",
        min_notional="5",
        maker_fee="0.001",
        taker_fee="0.001",
    )
    process_id = register_process(kind="bots", host="here", pid=1, queue="bots")
    Desk.objects.create(account=account)
    taken = desks.take_desk(account_id=account.id, process_id=process_id, dispatch=0)
    assert taken is not None
    held = {asset: Balance(Decimal(amount), ZERO) for asset, amount in balances.items()}
    assert desks.compare_balances(account_id=account.id, fence=taken.fence, balances=held) is None
    assert desks.mark_reconciled(account_id=account.id, fence=taken.fence)
    return World(user, account, market, process_id)


def make_bot(world: World, name: str = "one", *, desired: str = "RUNNING") -> Bot:
    bot = Bot.objects.create(
        user=world.user,
        account=world.account,
        market=world.market,
        name=name,
        strategy="rsi",
        timeframe="1m",
        capital="1000",
        quote="USDT",
        desired_status=desired,
    )
    bot.config = BotConfiguration.objects.create(bot=bot, version=1, capital="1000")
    bot.save(update_fields=["config"])
    return bot


class Hand:
    """A shift's view of one bot: it knows its fence and where its journal ends."""

    def __init__(self, world: World, bot: Bot) -> None:
        bot.refresh_from_db()
        taken = journal.take_bot(
            bot_id=bot.id, process_id=world.process_id, dispatch=bot.dispatch_number
        )
        assert taken is not None
        self.bot = bot
        self.taken: Taken = taken
        self.seq = taken.seq
        self.epochs: StopEpochs = taken.epochs
        self.planned_count = 0

    def append(self, *events: Event) -> Append:
        return Append(
            self.bot.id, self.bot.account_id, self.taken.fence, self.seq, events, self.epochs
        )

    def commit(self, *events: Event) -> Any:
        (result,) = journal.append_batch([self.append(*events)])
        self.seq = getattr(result, "last_seq", self.seq)
        return result

    def planned(
        self,
        *,
        side: Side = Side.BUY,
        quantity: str = "0.01",
        price: str = "50000",
        role: Role | None = None,
        reserve: str | None = None,
    ) -> IntentPlanned:
        self.planned_count += 1
        amount, at = Decimal(quantity), Decimal(price)
        buys = side is Side.BUY
        needed = amount * at if buys else amount
        return IntentPlanned(
            client_order_id=client_order_id(
                installation="test",
                bot_number=self.bot.number,
                plan_seq=self.planned_count,
                leg=0,
            ),
            plan_seq=self.planned_count,
            leg=0,
            position=0,
            slot=0,
            role=int(role or (Role.ENTRY if buys else Role.EXIT)),
            index=0,
            side=side,
            order_type=OrderType.LIMIT,
            quantity=amount,
            price=at,
            reference_price=at,
            reserve_asset="USDT" if buys else "BTC",
            reserve_amount=needed if reserve is None else Decimal(reserve),
            config_version=1,
            trigger={"kind": "PriceMoved", "price": 50000.0},
            marks={},
            verdict={"approved": True},
        )


def sending(client_order_id: str, attempt: int = 1) -> OrderSending:
    return OrderSending(client_order_id, attempt, AT, 5000, AT + 5000)


def venue_fill(
    intent: IntentPlanned,
    trade_id: str,
    *,
    quantity: str | None = None,
    price: str | None = None,
    fee: str = "0",
    fee_asset: str = "USDT",
    at: int = AT + 10,
) -> VenueFill:
    amount = intent.quantity if quantity is None else Decimal(quantity)
    paid = Decimal(price) if price is not None else intent.reference_price
    return VenueFill(
        symbol="BTC/USDT",
        trade_id=trade_id,
        venue_order_id=f"v{intent.client_order_id}",
        client_order_id=intent.client_order_id,
        side=intent.side,
        price=paid,
        quantity=amount,
        quote_quantity=amount * paid,
        fee=Decimal(fee),
        fee_asset=fee_asset,
        is_maker=True,
        filled_at=at,
    )


def venue_order(
    intent: IntentPlanned, status: VenueStatus, filled: str, *, at: int = AT + 20
) -> VenueOrder:
    return VenueOrder(
        symbol="BTC/USDT",
        client_order_id=intent.client_order_id,
        venue_order_id=f"v{intent.client_order_id}",
        side=intent.side,
        order_type=intent.order_type,
        status=status,
        price=intent.price,
        quantity=intent.quantity,
        filled=Decimal(filled),
        updated_at=at,
    )


def foreign(fill: VenueFill, client_order_id: str | None = None) -> VenueFill:
    """The same trade as one of an order that is not ours."""
    return replace(fill, client_order_id=client_order_id, venue_order_id="manual")


def taken_in(fill: VenueFill) -> OrderFilled:
    """The bot's own event of a booked fill."""
    return OrderFilled(
        client_order_id=fill.client_order_id or "",
        trade_id=fill.trade_id,
        price=fill.price,
        quantity=fill.quantity,
        fee=fill.fee,
        fee_asset=fill.fee_asset,
        is_maker=fill.is_maker,
        filled_at=fill.filled_at,
    )


def balance(world: World, asset: str) -> tuple[Decimal, Decimal]:
    row = AssetBalance.objects.get(account=world.account, asset=asset)
    return row.total, row.reserved


def kinds(bot: Bot) -> list[str]:
    return list(BotEvent.objects.filter(bot=bot).order_by("seq").values_list("kind", flat=True))


def in_threads(works: Iterable[Callable[[], T]], *, seconds: float = 60) -> list[T]:
    """Run each work on a thread and connection of its own; results in order, errors raised."""
    outcomes: dict[int, Any] = {}
    errors: list[BaseException] = []

    def run(number: int, work: Callable[[], T]) -> None:
        try:
            outcomes[number] = work()
        except BaseException as error:  # carried to the test's own thread
            errors.append(error)
        finally:
            connection.close()

    threads = [
        threading.Thread(target=run, args=(number, work), daemon=True)
        for number, work in enumerate(works)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(seconds)
        assert not thread.is_alive(), "a thread did not finish: locked for ever?"
    if errors:
        raise errors[0]
    return [outcomes[number] for number in range(len(threads))]


def sessions_waiting() -> int:
    """How many lock requests wait now; pg_stat_activity would be cached in a transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return int(cursor.fetchone()[0])


def until(condition: Callable[[], object], *, seconds: float = 30) -> None:
    """Return once the condition holds; AssertionError when it does not in time."""
    pause = threading.Event()
    for _ in range(int(seconds * 100)):
        if condition():
            return
        pause.wait(0.01)
    raise AssertionError("the condition did not come true in time")


def numbered(bots: Sequence[Bot]) -> dict[UUID, list[int]]:
    """Each bot's stored sequence numbers, in order."""
    found: dict[UUID, list[int]] = {bot.id: [] for bot in bots}
    rows = BotEvent.objects.filter(bot__in=bots).order_by("bot", "seq")
    for bot_id, seq in rows.values_list("bot_id", "seq"):
        found[bot_id].append(seq)
    return found
