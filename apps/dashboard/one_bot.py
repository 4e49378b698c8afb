"""The page of one bot: its orders, fills, positions and log as they are shown."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from apps.bots.models import Bot, BotLog
from apps.bots.visible import log_of
from apps.common.moments import to_datetime
from apps.dashboard.numbers import number, places_of, quote_places, signed, tone
from apps.dashboard.rows import Cell
from apps.ledger.visible import fills_of, live_orders, open_positions, positions_of
from apps.trading.order import Role

FILLS = 40
CLOSED = 15
LINES = 200


@dataclass(frozen=True, slots=True)
class Line:
    """A row of one of the page's tables."""

    at: datetime | None
    cells: dict[str, Cell]


def orders_shown(bot: Bot) -> list[Line]:
    """What is open at the exchange, or on its way there."""
    places = _Places(bot)
    return [
        Line(
            order.born_at,
            {
                "side": Cell(order.side, order.side),
                "role": Cell(_role(order.role, order.role_index)),
                "type": Cell(order.order_type.replace("_", " ")),
                "price": Cell(places.price(order.price) if order.price else "market"),
                "quantity": Cell(places.coins(order.quantity)),
                "filled": Cell(places.coins(order.filled)),
                "status": Cell(order.status.lower()),
                "id": Cell(order.client_order_id),
            },
        )
        for order in live_orders(bot=bot).order_by("-born_at")
    ]


def fills_shown(bot: Bot) -> list[Line]:
    """The newest fills."""
    places = _Places(bot)
    rows = fills_of(user=bot.user).filter(bot=bot).select_related("order").order_by("-filled_ms")
    return [
        Line(
            to_datetime(fill.filled_ms),
            {
                "side": Cell(fill.side, fill.side),
                "role": Cell(_role(fill.order.role, fill.order.role_index)),
                "price": Cell(places.price(fill.price)),
                "quantity": Cell(places.coins(fill.quantity)),
                "value": Cell(places.quote(fill.quote_quantity)),
                "fee": Cell(f"{_short(fill.fee)} {fill.fee_asset}"),
                "pnl": places.money(fill.pnl),
                "id": Cell(fill.order_id),
            },
        )
        for fill in rows[:FILLS]
    ]


def positions_shown(bot: Bot) -> list[Line]:
    """Open positions, then the last closed ones."""
    places = _Places(bot)
    closed = positions_of(user=bot.user).filter(bot=bot, status="closed").order_by("-closed_at")
    return [
        Line(
            row.opened_at or row.created_at,
            {
                "status": Cell(row.status, row.status),
                "entry": Cell(places.price(row.entry_price)),
                "exit": Cell(places.price(row.exit_price)),
                "quantity": Cell(places.coins(row.quantity or row.bought)),
                "target": Cell(places.price(row.take_profit)),
                "stop": Cell(places.price(row.stop_loss)),
                "pnl": places.money(row.pnl if row.status == "closed" else None),
                "why": Cell(row.exit_reason.replace("_", " ")),
            },
        )
        for row in (*open_positions(bot=bot).order_by("index"), *closed[:CLOSED])
    ]


def log_shown(bot: Bot, *, level: str = "") -> list[BotLog]:
    """The newest lines of this level and above, newest first; every line for no level."""
    levels = {"WARNING": ["WARNING", "ERROR"], "ERROR": ["ERROR"]}.get(level)
    rows = log_of(bot=bot)
    if levels is not None:
        rows = rows.filter(level__in=levels)
    return list(rows.order_by("-at")[:LINES])


@dataclass(frozen=True, slots=True)
class _Places:
    """The bot's own way to write amounts."""

    bot: Bot

    def price(self, price: Decimal | None) -> str:
        return number(price, places_of(self.bot.market.tick_size))

    def coins(self, quantity: Decimal) -> str:
        return number(quantity, places_of(self.bot.market.lot_size))

    def quote(self, amount: Decimal) -> str:
        return number(amount, quote_places(self.bot.quote))

    def money(self, amount: Decimal | None) -> Cell:
        places = quote_places(self.bot.quote)
        return Cell(signed(amount, places), tone(amount, places))


def _role(role: int, index: int) -> str:
    name = Role(role).name.lower().replace("_", " ")
    return f"{name} {index + 1}" if index else name


def _short(amount: Decimal) -> str:
    """At most eight places, without idle zeros."""
    text = f"{amount:,.8f}"
    return text.rstrip("0").rstrip(".")
