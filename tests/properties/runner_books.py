"""Compares the exchange's books with the bot's journal once a simulated story is over."""

from collections import Counter
from decimal import Decimal

from apps.trading.engine import Engine
from apps.trading.events import OrderFilled, OrderSending, kind_of
from apps.trading.order import FINAL
from apps.trading.risk import Limits
from tests.properties.runner_world import CAPITAL, World
from tests.support.memory_journal import INSTALLATION, NUMBER


def broken(world: World) -> list[str]:
    """Where the two tell different stories, or what may never be and was."""
    wrong = world.wrong()
    if wrong:
        return wrong
    journal, exchange = world.journal, world.exchange
    if not journal.is_at_rest():
        live = {n: str(status) for n, status in journal.status.items() if status not in FINAL}
        return [f"never came to rest: {journal.observed_status}, {live}"]
    wrong += [f"{name} is open" for name, order in exchange.orders.items() if not order.is_final]
    wrong += [f"{name} is in no journal" for name in exchange.orders if name not in journal.status]
    return wrong + _differences(world)


def _differences(world: World) -> list[str]:
    """The bot as its journal tells it, against orders and coins over there."""
    journal, exchange = world.journal, world.exchange
    engine = Engine(
        bot_number=NUMBER, installation=INSTALLATION, instrument=world.instrument,
        plan=world.story.plans[0], capital=CAPITAL, config_version=1, limits=Limits(),
    )  # fmt: skip
    for row in journal.rows:
        engine.replay(row)
    fills = [row.event.trade_id for row in journal.rows if isinstance(row.event, OrderFilled)]
    held = sum((each.quantity for each in engine.positions()), Decimal(0))
    pairs = {
        "fills": (sorted(fills), sorted(trade.trade_id for trade in exchange.trades)),
        "cash": (engine.cash - CAPITAL, exchange.quote),
        "coins": (engine.dust + held, exchange.base),
        "positions": (len(engine.positions()), 0),
        "live orders": (len(engine.orders()), 0),
    }
    return [f"{what}: {ours} here, {theirs} there" for what, (ours, theirs) in pairs.items()
            if ours != theirs]  # fmt: skip


def reached(world: World) -> Counter[str]:
    """What came to pass, so that a property can show that it was not idle."""
    events = [row.event for row in world.journal.rows]
    found = Counter(kind_of(event) for event in events)
    found["signed again"] = sum(isinstance(e, OrderSending) and e.attempt > 1 for e in events)
    found["taken over"] = max(0, world.journal.fence - 1)
    found["killed"] = sum(worker.process.dead for worker in world.workers)
    return found
