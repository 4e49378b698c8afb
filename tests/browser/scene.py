"""A fleet as workers would have written it: bots in every state, bars, fills, logs, prices."""

import math
import random
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Model
from django.utils import timezone

from apps.accounts.models import ExchangeAccount, User
from apps.bots.models import Bot, BotConfiguration, BotLog
from apps.common.moments import to_ms
from apps.dashboard.stream.messages import BotNews, Message, key_of
from apps.ledger.models import DailyStat, EquityPoint, Fill, Position
from apps.markets.candles import append_bars
from apps.markets.models import Market, MarketPrice
from apps.operations.models import WorkerProcess
from apps.trading.bar import Bar
from apps.trading.plan import Plan
from tests.integration.faces.rows import a_bot, a_fill, a_market, a_position, an_account, an_order

STEP_S = 5
BARS = 240
MARKETS = {
    "BTC/USDT": (61_840.0, "0.01", "0.00001"),
    "ETH/USDT": (2_601.2, "0.01", "0.0001"),
    "SOL/USDT": (148.31, "0.01", "0.001"),
    "ETH/BTC": (0.04206, "0.00001", "0.0001"),
}
# Name, market, strategy, wanted, observed, holds coins.
BOTS = (
    ("Patient RSI", "BTC/USDT", "rsi", "RUNNING", "RUNNING", True),
    ("Ether ladder", "ETH/USDT", "simple_dca", "RUNNING", "RUNNING", True),
    ("Solana dips", "SOL/USDT", "rsi", "RUNNING", "RUNNING", False),
    ("Ratio", "ETH/BTC", "rsi", "RUNNING", "RUNNING", True),
    ("Weekend DCA", "BTC/USDT", "simple_dca", "PAUSED", "PAUSED", True),
    ("Night shift", "ETH/USDT", "rsi", "STOPPED", "STOPPED", False),
    ("Left behind", "SOL/USDT", "simple_dca", "STOPPED", "STOPPED", True),
    ("Silent one", "BTC/USDT", "rsi", "RUNNING", "RUNNING", False),
    ("Winding down", "ETH/USDT", "simple_dca", "STOPPED", "STOPPING", True),
)


@dataclass
class Scene:
    """What the tests point at. `seq` goes on where the seeded fills end."""

    user: User
    process: WorkerProcess
    bots: list[Bot] = field(default_factory=list)
    seq: int = 1_000

    def heartbeat(self, *, prices: dict[str, float] | None = None, **news: Any) -> Message:
        """What the worker process says; `news` is of the first bot."""
        now = to_ms(timezone.now())
        symbols = {bot.market.symbol: bot.market for bot in self.bots}
        priced = {key_of(symbols[name]): (price, now) for name, price in (prices or {}).items()}
        bots = {self.bots[0].pk: BotNews(**news)} if news else {}
        return Message(process=str(self.process.pk), at=now, prices=priced, bots=bots)

    def fill(self, *, trade_id: str, price: str) -> Fill:
        """The first bot buys a little more."""
        bot, self.seq = self.bots[0], self.seq + 1
        order = an_order(bot, f"1test{self.seq:013d}", plan_seq=self.seq, status="done", reserved=0)
        now = to_ms(timezone.now())
        fill = a_fill(order, trade_id, self.seq)
        _change(fill, price=Decimal(price), filled_ms=now)
        return fill


def make_scene() -> Scene:
    """A person with nine bots on four markets."""
    user = User.objects.create_superuser("ada")
    account = an_account(user)
    process = WorkerProcess.objects.create(kind="bots", host="here", pid=1, queue="bots")
    scene = Scene(user, process)
    shapes = {symbol: _market(symbol, *facts) for symbol, facts in MARKETS.items()}
    for number, (name, symbol, strategy, wanted, observed, holds) in enumerate(BOTS):
        market, closes = shapes[symbol]
        bot = _bot(scene, account, market, name, strategy, wanted, observed)
        _history(bot, closes, holds=holds, seed=number)
        scene.bots.append(bot)
    Bot.objects.filter(name="Silent one").update(heartbeat_at=timezone.now() - timedelta(minutes=4))
    return scene


def _market(symbol: str, last: float, tick: str, lot: str) -> tuple[Market, list[float]]:
    """A market with bars up to now that end at its last price."""
    market = a_market(symbol, tick_size=Decimal(tick), lot_size=Decimal(lot))
    chance = random.Random(symbol)
    steps = [chance.gauss(0, 0.0012) for _ in range(BARS)]
    drift = [sum(steps[:place]) for place in range(BARS + 1)]
    closes = [last * math.exp(path - drift[-1]) for path in drift]
    now = int(timezone.now().timestamp()) // STEP_S * STEP_S
    bars = []
    for place in range(BARS):
        opened, closed = closes[place], closes[place + 1]
        high = max(opened, closed) * (1 + abs(chance.gauss(0, 0.0004)))
        low = min(opened, closed) * (1 - abs(chance.gauss(0, 0.0004)))
        at = (now - (BARS - place) * STEP_S) * 1000
        bars.append(Bar(at, opened, high, low, closed, chance.random() * 20))
    append_bars(market=market, timeframe=f"{STEP_S}s", bars=bars)
    MarketPrice.objects.create(
        market=market, price=Decimal(str(round(last, 5))), at_ms=to_ms(timezone.now())
    )
    return market, closes


def _bot(
    scene: Scene,
    account: ExchangeAccount,
    market: Market,
    name: str,
    strategy: str,
    wanted: str,
    observed: str,
) -> Bot:
    now = timezone.now()
    works = observed != "STOPPED"
    bot = a_bot(
        scene.user,
        name,
        account=account,
        market=market,
        strategy=strategy,
        timeframe=f"{STEP_S}s",
        capital=Decimal(1000) if market.quote == "USDT" else Decimal("0.05"),
        desired_status=wanted,
        observed_status=observed,
        status_reason="trades" if observed == "RUNNING" else "",
        heartbeat_at=now - timedelta(seconds=1 if works else 7000),
        last_price_at=now if works else None,
        last_signal_check=now - timedelta(seconds=3 if works else 7000),
        process=scene.process if works else None,
    )
    BotConfiguration.objects.filter(bot=bot).update(
        parameters={"period": 14, "oversold": 30.0, "overbought": 70.0, "quote_per_entry": 100.0},
        plan=Plan(quote_per_entry=100.0, take_profit=0.012).to_json(),
    )
    return bot


def _history(bot: Bot, closes: list[float], *, holds: bool, seed: int) -> None:
    """Round trips over the last bars, and one that is still open when the bot holds coins."""
    chance = random.Random(seed)
    now_ms = to_ms(timezone.now())
    capital, realised, fees, seq = bot.capital, Decimal(0), Decimal(0), 1
    trips = 9
    for trip in range(trips + holds):
        place = 20 + trip * 22
        for side, later in (("buy", 0), ("sell", 12)):
            if side == "sell" and trip == trips:
                break
            at = now_ms - (BARS - place - later) * STEP_S * 1000
            price = Decimal(str(round(closes[place + later], 5)))
            quantity = (capital / 10 / price).quantize(bot.market.lot_size)
            _fill(bot, seq, side, price, quantity, at)
            fees += price * quantity / 1000
            if side == "sell":
                realised += capital / 10 * Decimal(str(round(chance.gauss(0.006, 0.01), 5)))
            _equity(bot, seq, at, price, realised, fees)
            seq += 2
    if holds:
        _holding(bot, price, quantity)
    DailyStat.objects.create(
        bot=bot, day=timezone.now().date(), fills=2 * trips, trades=trips, wins=6, losses=3,
        volume=capital * 2, pnl=realised - fees, fees=fees,
    )  # fmt: skip
    _log(bot, closes)


def _fill(bot: Bot, seq: int, side: str, price: Decimal, quantity: Decimal, at: int) -> None:
    order = an_order(bot, f"1tst{bot.number:06d}{seq:08d}", plan_seq=seq, status="done", reserved=0)
    _change(order, side=side, role=1 if side == "buy" else 3)
    worth = price * quantity
    _change(
        a_fill(order, f"t{seq}", seq),
        side=side, price=price, quantity=quantity, quote_quantity=worth, fee=worth / 1000,
        fee_asset=bot.quote, filled_ms=at,
        pnl=None if side == "buy" else worth * Decimal("0.004"),
    )  # fmt: skip


def _equity(bot: Bot, seq: int, at: int, price: Decimal, realised: Decimal, fees: Decimal) -> None:
    EquityPoint.objects.create(
        bot=bot, seq=seq, at_ms=at, price=price, capital=bot.capital,
        equity=bot.capital + realised - fees, realised=realised, unrealised=0, fees=fees,
    )  # fmt: skip


def _holding(bot: Bot, price: Decimal, quantity: Decimal) -> None:
    a_position(
        bot, f"1pos{bot.number:014d}", quantity=quantity, bought=quantity,
        cost=price * quantity, take_profit=price * Decimal("1.006"),
        stop_loss=price * Decimal("0.992"), opened_at=timezone.now() - timedelta(minutes=3),
    )  # fmt: skip
    target = an_order(
        bot, f"1tkp{bot.number:014d}", plan_seq=900, reserved=0,
        born_at=timezone.now() - timedelta(minutes=3),
    )  # fmt: skip
    _change(target, side="sell", role=3, price=price * Decimal("1.006"), quantity=quantity)
    Position.objects.create(
        bot=bot, order_id=f"1old{bot.number:014d}", symbol=bot.market.symbol, status="closed",
        config_version=1, entry_price=price, exit_price=price * Decimal("1.004"), bought=quantity,
        sold=quantity, pnl=Decimal("0.41"), exit_reason="take_profit",
        created_at=timezone.now() - timedelta(minutes=9),
        opened_at=timezone.now() - timedelta(minutes=9),
        closed_at=timezone.now() - timedelta(minutes=6),
    )  # fmt: skip


def _change(row: Model, **fields: Any) -> None:
    type(row)._base_manager.filter(pk=row.pk).update(**fields)


def _log(bot: Bot, closes: list[float]) -> None:
    base, quote = bot.market.base, bot.market.quote
    lines = [
        ("INFO", "running: trades"),
        ("INFO", f"RSI 28.4 < 30: bought 0.0015 {base} at {closes[-40]:,.2f} (fee 0.09 {quote})"),
        ("INFO", f"sold 0.0015 {base} at {closes[-22]:,.2f}: take profit +1.4 % (+0.38 {quote})"),
        ("WARNING", f"did not buy: capital is used up (needs 100 {quote}, 40.2 left)"),
        ("ERROR", "the exchange refused an order: <b>filter failure</b> (-1013)"),
        ("INFO", f"RSI 29.1 < 30: bought 0.0015 {base} at {closes[-9]:,.2f} (fee 0.09 {quote})"),
    ]
    BotLog.objects.bulk_create(
        BotLog(
            bot=bot, level=level, message=text,
            at=timezone.now() - timedelta(seconds=(len(lines) - place) * 37),
        )
        for place, (level, text) in enumerate(lines)
    )  # fmt: skip
