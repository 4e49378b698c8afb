"""What a bot's log says of every kind of event, in words a person understands."""

from dataclasses import replace
from decimal import Decimal
from uuid import uuid4

import pytest

from apps.trading.events import (
    KINDS,
    CancelRequested,
    ConfigurationApplied,
    IntentExpired,
    OrderAbsent,
    OrderHeld,
    OrderRejected,
    OrderUnknown,
    SendRefused,
    SignalGiven,
)
from apps.trading.instrument import Instrument
from apps.trading.journal import StopEpochs, Taken
from apps.trading.order import VenueStatus
from apps.trading.position import Holding
from tests.unit.trading.bot import Bot
from workers.narration.amounts import Amounts, money, percent
from workers.narration.narrator import BotNarrator
from workers.narration.sentences import SILENT, TELLINGS
from workers.narration.told import Told
from workers.ports import Report

ETH = Instrument(
    symbol="ETH/USDT",
    base="ETH",
    quote="USDT",
    tick_size=Decimal("0.01"),
    lot_size=Decimal("0.0001"),
    min_quantity=Decimal("0.0001"),
    max_quantity=Decimal(0),
    min_notional=Decimal(5),
    maker_fee=Decimal("0.001"),
    taker_fee=Decimal("0.001"),
    fee_taken_in="quote",
)
TAKEN = Taken(
    bot_id=uuid4(),
    bot_number=7,
    account_id=uuid4(),
    fence=3,
    seq=0,
    taken_at=0,
    desired_status="RUNNING",
    stop_kind="leave",
    mode="trade",
    epochs=StopEpochs(0, 0, 0, 0),
    symbol="ETH/USDT",
    timeframe="1m",
    strategy="rsi",
    config_version=1,
    plan={},
    limits={},
    parameters={},
    capital=Decimal(1000),
)


class Still:
    """A clock that stands still."""

    def now(self) -> int:
        return 1_790_000_000_000

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing here sleeps")


class Talking(Bot):
    """An engine whose commits are told to a narrator; `said` are the lines of the last one."""

    def __init__(self, **how) -> None:
        self.reports: list[Report] = []
        self.narrator = BotNarrator(taken=TAKEN, clock=Still(), report=self.reports.append)
        super().__init__(market=ETH, **{"quote_per_entry": 26.02, **how})

    def take(self, trigger, **how):
        before = self.engine.state
        step = super().take(trigger, **how)
        if step.events:
            self.narrator.told(Told(step.events, before, self.engine.state, len(self.rows)))
        return step

    def heard(self) -> list[tuple[str, str]]:
        lines = [(line.level, line.message) for each in self.reports for line in each.lines]
        self.reports.clear()
        return lines

    def wants_to_buy(self, price: float = 2601.2) -> str:
        """A planned entry by signal; its client order id."""
        self.price(price)
        self.signals += 1
        key = f"k{self.signals}"
        given = SignalGiven(
            key, self.signals, 1, 0.5, {"rsi": 28.4, "oversold": 30.0}, reason="RSI 28.4 < 30"
        )
        return self.take(given).sends[0].client_order_id

    def bought(self, price: str = "2601.20", quantity: str = "0.01", fee: str = "0.026"):
        name = self.wants_to_buy(float(price))
        self.sending(name)
        self.accepted(name)
        step = self.filled(name, price, quantity, fee=fee)
        return name, step

    def offered(self, step) -> str:
        """The step's one order, at the exchange."""
        self.heard()
        return self.to_venue(step)


def test_every_kind_of_event_has_a_sentence_or_says_why_it_is_silent() -> None:
    assert {*TELLINGS} | {*SILENT} == set(KINDS.values())
    assert not {*TELLINGS} & {*SILENT}
    assert all(SILENT.values())


def test_an_entry_is_told_with_the_strategys_reason() -> None:
    bot = Talking()

    bot.bought()

    assert bot.heard() == [
        ("INFO", "signal to buy: RSI 28.4 < 30"),
        ("INFO", "RSI 28.4 < 30: bought 0.01 ETH at 2,601.20 (fee 0.026 USDT)"),
    ]


def test_a_take_profit_tells_what_the_round_trip_made_after_fees() -> None:
    bot = Talking(take_profit=0.015)
    _, step = bot.bought()
    assert bot.heard()[-1] == ("INFO", "offers to sell 0.01 ETH at 2,640.22: take profit")
    name = bot.offered(step)

    bot.filled(name, "2640.22", "0.01", fee="0.0264")

    # 26.4022 - 26.012 - 0.026 - 0.0264 = 0.3378 on 26.038
    expected = "sold 0.01 ETH at 2,640.22: take profit +1.3 % (+0.338 USDT)"
    assert bot.heard() == [("INFO", expected)]
    bot.done(name, "0.01")
    assert bot.heard() == []


def test_a_stop_loss_tells_the_loss_and_a_part_of_a_sale_what_is_left() -> None:
    bot = Talking(stop_loss=0.02)
    name, _ = bot.bought()
    bot.done(name, "0.01")
    bot.heard()
    name = bot.offered(bot.price(2500))

    bot.filled(name, "2500", "0.004")
    bot.filled(name, "2499.5", "0.006")

    assert bot.heard() == [
        ("INFO", "sold 0.004 ETH at 2,500.00: stop loss, 0.006 ETH left (no fee)"),
        ("INFO", "sold 0.006 ETH at 2,499.50: stop loss -4.0 % (-1.04 USDT)"),
    ]


def test_an_exit_by_signal_tells_the_signals_reason() -> None:
    bot = Talking()
    name, _ = bot.bought()
    bot.done(name, "0.01")
    bot.heard()
    given = SignalGiven("out", 99, 2, 0.5, {"rsi": 71.0}, reason="RSI 71.0 > 70")
    step = bot.take(given)
    assert bot.heard() == [("INFO", "signal to sell: RSI 71.0 > 70")]
    name = bot.offered(step)

    bot.filled(name, "2640", "0.01")

    assert bot.heard() == [
        ("INFO", "sold 0.01 ETH at 2,640.00: RSI 71.0 > 70 +1.4 % (+0.362 USDT)")
    ]


def test_used_up_capital_is_told_with_what_is_needed_and_what_is_left() -> None:
    bot = Talking(capital=Decimal("40.2"), quote_per_entry=100.0)
    bot.price(2600)

    bot.signal()

    assert bot.heard()[-1] == (
        "WARNING",
        "did not buy: capital is used up (needs 100 USDT and its costs, 40.2 left)",
    )


def test_funds_that_the_account_lacks_are_told_with_the_ledgers_numbers() -> None:
    bot = Talking()
    bot.price(2600)
    message = "needs 26.02 USDT, 5 is available"

    bot.signal(refusals={"": ("insufficient_funds", message)})

    assert bot.heard()[-1] == (
        "WARNING",
        f"did not buy: the account's funds are used up ({message})",
    )


@pytest.mark.parametrize(
    ("event", "level", "words"),
    [
        (
            lambda name: OrderRejected(name, "-2010", "no money"),
            "ERROR",
            "the exchange refused the order to buy 0.01 ETH at market: no money (-2010)",
        ),
        (
            lambda name: SendRefused(name, "429", "too fast", 2.0),
            "WARNING",
            "the exchange did not take the order to buy 0.01 ETH at market now, it is sent again:"
            " too fast",
        ),
        (
            lambda name: OrderUnknown(name, "time-out"),
            "WARNING",
            "not known whether the order to buy 0.01 ETH at market arrived, asking the exchange:"
            " time-out",
        ),
        (
            lambda name: OrderAbsent(name, 5, 9),
            "WARNING",
            "the order to buy 0.01 ETH at market never arrived at the exchange",
        ),
        (
            lambda name: OrderHeld(name, "cannot be proven"),
            "ERROR",
            "the order to buy 0.01 ETH at market needs a person's decision: cannot be proven",
        ),
    ],
)
def test_what_goes_wrong_at_the_exchange_is_told(event, level: str, words: str) -> None:
    bot = Talking()
    name = bot.wants_to_buy()
    bot.sending(name)
    bot.heard()

    bot.take(event(name))

    assert bot.heard()[0] == (level, words)


def test_an_order_ended_by_the_venue_is_a_warning_and_one_taken_back_is_not() -> None:
    bot = Talking(entry="limit", entry_timeout_s=60.0)
    bot.price(2600)
    name = bot.to_venue(bot.signal())
    bot.heard()
    bot.timer(after_ms=61_000)
    assert bot.heard() == [
        ("INFO", "takes back the order to buy 0.01 ETH at 2,600.00: entry timed out")
    ]
    bot.done(name, "0", status=VenueStatus.CANCELED)
    assert bot.heard() == [("INFO", "the order to buy 0.01 ETH at 2,600.00 is canceled")]

    name = bot.to_venue(bot.signal())
    bot.heard()
    bot.filled(name, "2600", "0.004")
    bot.done(name, "0.004", status=VenueStatus.EXPIRED)

    assert bot.heard()[-1] == (
        "WARNING",
        "the order to buy 0.01 ETH at 2,600.00 is expired, 0.004 ETH of it were filled",
    )


def test_intents_given_up_and_configurations_are_told() -> None:
    bot = Talking()
    bot.wants_to_buy()
    bot.heard()
    bot.timer(after_ms=120_000)
    assert bot.heard() == [
        ("INFO", "gave up the order to buy 0.01 ETH at market: its signal is too old")
    ]

    plan = bot.plan.to_json()
    bot.take(ConfigurationApplied(2, "rsi", plan, Decimal(1000), apply_to_open=True))
    assert bot.heard() == [("INFO", "configuration version 2 applies also to what is open (rsi)")]

    bot.engine.use_instrument(replace(ETH, tick_size=Decimal("0.1")))
    bot.signal()
    assert bot.heard()[0] == (
        "WARNING",
        "the exchange changed the market's rules: tick 0.1, lot 0.0001, at least 5 USDT",
    )


def test_dust_that_ends_a_position_without_a_fill_is_told() -> None:
    bot = Talking()
    bot.price(2600)
    before = bot.engine.state
    holding = Holding(quantity=Decimal("0.00004"), cost=Decimal(10), proceeds=Decimal(9))
    held = replace(before, books=replace(before.books, holdings={0: holding}))
    after = replace(held, books=held.books.ended(position=0))
    closed = KINDS["PositionClosed"](0, 1, "", Decimal(-1), Decimal("0.00004"))

    bot.narrator.told(Told((closed,), held, after, 9))

    assert bot.heard() == [
        (
            "INFO",
            "position ended: nothing is left to sell -10.0 % (-1.00 USDT); 0.00004 ETH too little"
            " to sell",
        )
    ]


def test_a_line_carries_its_numbers_and_lines_of_one_moment_keep_their_order() -> None:
    bot = Talking()
    bot.bought()

    signal, fill = [line for each in bot.reports for line in each.lines]

    assert (fill.metadata["bot"], fill.metadata["fence"]) == (7, 3)
    # price, signal acted on, planned, sending, accepted, filled
    assert (signal.metadata["seq"], fill.metadata["seq"]) == (1, 5)
    assert (fill.metadata["event"], fill.metadata["price"]) == ("OrderFilled", "2601.20")
    assert not {"marks", "trigger", "plan"} & {*fill.metadata, *signal.metadata}
    assert signal.at_us == Still().now() * 1000
    assert fill.at_us > signal.at_us
    assert fill.id != signal.id


def test_reasons_are_remembered_only_while_their_order_lives() -> None:
    bot = Talking()
    name, _ = bot.bought()
    assert bot.narrator._reasons == {name: "RSI 28.4 < 30"}

    bot.done(name, "0.01")

    assert bot.narrator._reasons == {}


def test_a_status_is_told_when_it_or_its_reason_changes() -> None:
    bot = Talking()
    for status, reason in (("RUNNING", "trades"), ("RUNNING", "trades"), ("PAUSED", "exits only")):
        bot.narrator.status(status, reason)

    assert [(each.observed_status, each.status_reason) for each in bot.reports] == [
        ("RUNNING", "trades"),
        ("PAUSED", "exits only"),
    ]
    assert bot.heard() == [("INFO", "running: trades"), ("INFO", "paused: exits only")]


def test_numbers_read_as_people_write_them() -> None:
    amounts = Amounts(replace(ETH, tick_size=Decimal("0.5"), lot_size=Decimal(1)))

    assert amounts.price(Decimal(51234)) == "51,234.0"
    assert amounts.quantity(Decimal(1200)) == "1,200 ETH"
    assert amounts.gain(Decimal("-0.000123456")) == "-0.000123 USDT"
    assert [money(Decimal(text)) for text in ("0", "1234.5", "0.0264", "0.5", "-0.3")] == [
        "0.00",
        "1,234.50",
        "0.0264",
        "0.5",
        "-0.3",
    ]
    assert [percent(Decimal(text)) for text in ("0.014", "-0.0004", "0", "1.5")] == [
        "+1.4 %",
        "-0.04 %",
        "+0.00 %",
        "+150.0 %",
    ]


def test_a_fill_of_an_order_that_nobody_knows_is_still_told() -> None:
    bot = Talking()
    bot.price(2600)
    state = bot.engine.state
    stray = KINDS["OrderFilled"](
        "x", "t", Decimal(2600), Decimal("0.01"), Decimal(0), "USDT", True, 5
    )
    cancel = CancelRequested("x", "why not")
    expired = IntentExpired("x", "too late")

    bot.narrator.told(Told((stray, cancel, expired), state, state, 3))

    assert [words for _, words in bot.heard()] == [
        "filled 0.01 ETH at 2,600.00 (no fee)",
        "takes back an order: why not",
        "gave up an order: too late",
    ]
