"""One bot's life during a shift: what comes in is decided (deciding), one event at a time.

Requests to the exchange run beside this loop (execution), so a stop loss never waits behind a
time-out.
"""

from collections.abc import Mapping
from decimal import Decimal
from math import inf

from apps.trading.bar import timeframe_ms
from apps.trading.engine import Engine
from apps.trading.events import BarClosed, OrderUnknown, PriceMoved, SignalGiven, TimerDue
from apps.trading.intent import parse
from apps.trading.journal import Taken
from apps.trading.order import OrderStatus
from apps.trading.ports import Clock, Venue, VenueUnavailable
from workers.crashpoints import crashpoint
from workers.deciding import Deciding, Prices, Rhythm
from workers.execution import Execution
from workers.facts import done, filled, must_be_filled
from workers.mailbox import Letter, Mailbox
from workers.market_time import MarketTime
from workers.overtaken import overtaken
from workers.ports import BotStore


class Runner:
    """Everything one bot does between the start and the end of a shift."""

    def __init__(
        self,
        *,
        taken: Taken,
        engine: Engine,
        deciding: Deciding,
        store: BotStore,
        execution: Execution,
        mailbox: Mailbox,
        prices: Prices,
        venue: Venue,
        clock: Clock,
        market: MarketTime,
        rhythm: Rhythm,
        draining: Mapping[str, bool],
    ) -> None:
        self._taken = taken
        self._engine = engine
        self._deciding = deciding
        self._store = store
        self._execution = execution
        self._mailbox = mailbox
        self._prices = prices
        self._venue = venue
        self._clock = clock
        self._market = market
        self._rhythm = rhythm
        self._draining = draining
        self._look_at = 0.0
        self._early: SignalGiven | None = None
        self._ask_venue_at = 0.0

    # ---- the loop ------------------------------------------------------------------------------

    async def run(self) -> str:
        """Until the bot is to stop, the process drains, or ShiftLost; returns why it ended."""
        while True:
            self._deciding.check_lease()
            ended = await self._round()
            if ended:
                return ended

    async def _round(self) -> str:
        letter = self._mailbox.take_letter()
        if letter is not None:
            await self._open(letter)
            return ""
        if self._draining["now"]:
            return await self._wind_down()
        await self._look_around()
        if self._early is not None and self._prices.latest() is not None:
            early, self._early = self._early, None
            await self._open(early)
        tick = self._mailbox.take_price()
        if tick is not None:
            self._market.reached(tick.at)
            await self._deciding.take(PriceMoved(tick.price, tick.low, tick.high))
        if self._engine.watch().wake_at <= self._market.now():
            await self._deciding.take(TimerDue())
        if self._finished() and await self._venue_shows_nothing():
            return "stopped"
        await self._mailbox.wait(seconds=self._idle_s())
        return ""

    async def _wind_down(self) -> str:
        """A drain: nothing new, but no order is left between its signature and its answer."""
        if not self._execution.classifying():
            return "drained"
        await self._mailbox.wait(seconds=self._rhythm.look_around_s)
        return ""

    async def _look_around(self) -> None:
        """Standing and facts when somebody says they changed; open questions on every round."""
        if self._mailbox.take_standing():
            await self._deciding.apply_standing()
        if self._mailbox.take_facts():
            await self._catch_up()
        if self._clock.monotonic() >= self._look_at:
            self._look_at = self._clock.monotonic() + self._rhythm.look_around_s
            self._ask_about_unknowns()
            if self._market.is_told and self._has_planned():
                # The wait for a share of the request budget is one of this machine's clock.
                self._engine.offer_anew()
                await self._deciding.take(TimerDue())

    def _has_planned(self) -> bool:
        orders = self._engine.orders().values()
        return any(order.status is OrderStatus.PLANNED for order in orders)

    def _idle_s(self) -> float:
        until_timer = self._until_timer_s()
        if self._is_quiet():
            # Whatever happens next wakes us: a thousand quiet bots must not cost a thousand looks.
            return min(until_timer, self._rhythm.quiet_s)
        until_look = self._look_at - self._clock.monotonic()
        return min(until_look, until_timer, self._rhythm.look_around_s)

    def _until_timer_s(self) -> float:
        if self._market.is_told:
            # Whatever is due shows when the next price comes, and that wakes us.
            return inf
        return (self._engine.watch().wake_at - self._market.now()) / 1000

    def _is_quiet(self) -> bool:
        """No order to ask about, no signal that waits for a price, no stop to confirm."""
        stopping = self._deciding.desired[0] == "STOPPED"
        return not (stopping or self._engine.orders() or self._early is not None)

    def _finished(self) -> bool:
        """Stopped, and nothing of this bot's is left to look after."""
        status, kind = self._deciding.desired
        if status != "STOPPED" or self._engine.orders():
            return False
        return kind == "leave" or self._engine.is_flat()

    async def _venue_shows_nothing(self) -> bool:
        """Stopped is said only when the exchange itself lists no order of this bot."""
        if self._clock.monotonic() < self._ask_venue_at:
            return False
        self._ask_venue_at = self._clock.monotonic() + self._rhythm.look_around_s
        try:
            listed = await self._venue.open_orders(symbol=self._taken.symbol)
        except VenueUnavailable:
            return False
        ours = (parse(order.client_order_id or "") for order in listed)
        return not any(own is not None and own.bot_number == self._taken.bot_number for own in ours)

    def nothing_in_flight(self) -> bool:
        """Whether a successor can start without asking the exchange first."""
        unproven = (OrderStatus.SENDING, OrderStatus.CANCELING)
        return not any(order.status in unproven for order in self._engine.orders().values())

    def left_behind(self) -> str:
        """What the bot holds though nobody looks after it, in words; "" when nothing."""
        held = sum((item.quantity for item in self._engine.positions()), Decimal(0))
        base = self._taken.symbol.partition("/")[0]
        return f"{held.normalize():f} {base}" if held else ""

    # ---- what comes in -------------------------------------------------------------------------

    async def _open(self, letter: Letter) -> None:
        if self._is_late(letter):
            return
        if isinstance(letter, BarClosed):
            await self._close_bar(letter)
            return
        if isinstance(letter, SignalGiven):
            latest = self._prices.latest()
            if latest is None:
                # The price in the journal may be hours old: the signal waits for one of today.
                if self._early is None or letter.bar_open_at > self._early.bar_open_at:
                    self._early = letter
                return
            self._market.reached(latest.at)
            await self._deciding.take(PriceMoved(latest.price, latest.price, latest.price))
            # Decided in the last moment of its bar; what comes of it is of the next one.
            self._market.reached(letter.closed_at - 1)
            await self._deciding.take(letter)
            self._market.reached(letter.closed_at)
            return
        await self._deciding.take(letter)
        if isinstance(letter, OrderUnknown):
            self._ask_about_unknowns()

    async def _close_bar(self, closed: BarClosed) -> None:
        """What a close decides, at its price; then the market's price is the last one again."""
        step = timeframe_ms(self._taken.timeframe)
        end_at = closed.bar.open_at + step
        self._market.reached(end_at - 1)
        # One that closed longer ago than a bar is news of the past.
        if self._market.now() < end_at + step:
            await self._deciding.take(closed)
            latest = self._prices.latest()
            if latest is not None and latest.price != closed.bar.close:
                await self._deciding.take(PriceMoved(latest.price, latest.price, latest.price))
        self._deciding.bar_at = closed.bar.open_at

    def _is_late(self, letter: Letter) -> bool:
        client_order_id = getattr(letter, "client_order_id", "")
        if not client_order_id:
            return False
        return overtaken(letter, self._engine.orders().get(client_order_id))

    async def _catch_up(self) -> None:
        """Bring the exchange's facts about this bot into its journal, oldest first."""
        unapplied = await self._deciding.read(
            lambda: self._store.unapplied(bot_id=self._taken.bot_id)
        )
        for fill in unapplied.fills:
            crashpoint("fill_before")
            await self._deciding.take(filled(fill))
            crashpoint("fill_after")
        for order in unapplied.orders:
            known = self._engine.orders().get(order.client_order_id or "")
            # Done only when every fill is in our books; a late one brings us back here.
            if known is not None and known.filled == order.filled:
                crashpoint("done_before")
                await self._deciding.take(done(order))

    def _ask_about_unknowns(self) -> None:
        """No unknown outcome, no wanted cancel and no filled order goes without a question."""
        for order in self._engine.orders().values():
            if self._execution.asking(order.client_order_id):
                continue
            if order.status is OrderStatus.SENDING and order.sending is not None:
                self._execution.resolve(sending=order.sending)
            elif order.status is OrderStatus.CANCELING:
                self._execution.cancel(client_order_id=order.client_order_id)
            elif order.status is OrderStatus.OPEN and (
                order.filled >= order.quantity or must_be_filled(order, self._prices.latest())
            ):
                # Every fill is in our books, the venue's final word is not; or not even they are,
                # where the account's stream keeps silent.
                self._execution.follow(client_order_id=order.client_order_id)
