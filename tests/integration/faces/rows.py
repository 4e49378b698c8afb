"""Rows the faces show: accounts, markets, bots, and what a bot's shift would have written."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from apps.accounts.models import ExchangeAccount, User
from apps.bots.models import Bot, BotConfiguration
from apps.ledger.models import Fill, Order, Position
from apps.markets.models import Market

BORN = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
BORN_MS = int(BORN.timestamp() * 1000)


def an_account(user: User, name: str = "demo", **fields: Any) -> ExchangeAccount:
    """An account at the simulated exchange's venue "demo"."""
    known = {"exchange": "binance", "environment": "simulated", "venue_name": "demo"}
    return ExchangeAccount.objects.create(user=user, name=name, **{**known, **fields})


def a_market(symbol: str = "BTC/USDT", **fields: Any) -> Market:
    """A market of the venue "demo", or the one that is there already."""
    base, quote = symbol.split("/")
    rules = {
        "base": base,
        "quote": quote,
        "tick_size": Decimal("0.01"),
        "lot_size": Decimal("0.00001"),
        "min_quantity": Decimal("0.00001"),
        "min_notional": Decimal(10),
        "maker_fee": Decimal("0.001"),
        "taker_fee": Decimal("0.001"),
    }
    return Market.objects.get_or_create(
        exchange="binance",
        environment="simulated",
        venue_name="demo",
        symbol=symbol,
        defaults={**rules, **fields},
    )[0]


def a_bot(user: User, name: str = "dip buyer", **fields: Any) -> Bot:
    """A stopped bot with a first configuration, as the tables hold it."""
    account = fields.pop("account", None) or ExchangeAccount.objects.filter(user=user).first()
    market = fields.pop("market", None) or a_market()
    bot = Bot.objects.create(
        user=user,
        account=account or an_account(user),
        market=market,
        name=name,
        quote=market.quote,
        **{"strategy": "rsi", "timeframe": "1m", "capital": Decimal(200), **fields},
    )
    bot.config = BotConfiguration.objects.create(
        bot=bot, version=1, parameters={"period": 14}, capital=bot.capital, created_by=user
    )
    bot.save(update_fields=["config"])
    return bot


def a_position(bot: Bot, order_id: str, **fields: Any) -> Position:
    """An open holding of a bot."""
    shown: dict[str, Any] = {
        "status": "active",
        "quantity": Decimal("0.01"),
        "bought": Decimal("0.01"),
    }
    shown["created_at"] = BORN
    return Position.objects.create(
        bot=bot,
        order_id=order_id,
        symbol=bot.market.symbol,
        entry_price=Decimal("60000.5"),
        config_version=1,
        **{**shown, **fields},
    )


def an_order(bot: Bot, client_order_id: str, plan_seq: int = 1, **fields: Any) -> Order:
    """An order of a bot, open at the exchange unless told otherwise."""
    shown = {"status": "open", "reserved": Decimal("600.005"), "born_at": BORN}
    return Order.objects.create(
        client_order_id=client_order_id,
        account=bot.account,
        bot=bot,
        plan_seq=plan_seq,
        leg=0,
        position_index=0,
        slot=0,
        role=1,
        role_index=0,
        symbol=bot.market.symbol,
        side="buy",
        order_type="limit",
        price=Decimal("60000.50"),
        quantity=Decimal("0.01"),
        reference_price=Decimal("60000.5"),
        fence=1,
        signed_ms=BORN_MS,
        reserve_asset="USDT",
        config_version=1,
        epochs=[0, 0, 0, 0],
        updated_at=BORN,
        **{**shown, **fields},
    )


def a_fill(order: Order, trade_id: str, seq: int, **fields: Any) -> Fill:
    """A fill of an order as its bot took it."""
    return Fill.objects.create(
        bot=order.bot,
        order=order,
        seq=seq,
        trade_id=trade_id,
        symbol=order.symbol,
        side=order.side,
        price=Decimal(60000),
        quantity=Decimal("0.004"),
        quote_quantity=Decimal(240),
        fee=Decimal("0.24"),
        fee_asset="USDT",
        is_maker=True,
        filled_ms=BORN_MS + 1500,
        **fields,
    )
