"""What the charts of one bot draw: bars, fills on them, lines of open positions, equity."""

from typing import Any

from apps.bots.models import Bot
from apps.ledger.queries import equity_curve
from apps.ledger.visible import fills_of, open_positions
from apps.markets.candles import read_bars
from apps.trading.bar import timeframe_ms

BARS = 500
FILLS = 300
EQUITY_POINTS = 500


def bars_of(*, bot: Bot, now: int, since: int | None = None) -> list[list[float]]:
    """(s, open, high, low, close) of the newest bars of the bot's market and timeframe."""
    step = timeframe_ms(bot.timeframe)
    first = max(now - BARS * step, 0) if since is None else since
    bars = read_bars(market=bot.market, timeframe=bot.timeframe, since=first, until=now)
    columns = (bars.open, bars.high, bars.low, bars.close)
    return [
        [int(at) // 1000, *(float(column[place]) for column in columns)]
        for place, at in enumerate(bars.open_at)
    ]


def fills_on_chart(*, bot: Bot) -> list[dict[str, Any]]:
    """The newest fills, oldest first, as marks."""
    rows = fills_of(user=bot.user).filter(bot=bot).order_by("-filled_ms")[:FILLS]
    return [
        {
            "at": row.filled_ms,
            "side": row.side,
            "price": float(row.price),
            "quantity": float(row.quantity),
        }
        for row in reversed(rows)
    ]


def lines_of(*, bot: Bot) -> list[dict[str, Any]]:
    """Entry, target and stop of each open position."""
    lines: list[dict[str, Any]] = []
    for position in open_positions(bot=bot).order_by("index"):
        for kind, price in (
            ("entry", position.entry_price if position.quantity else None),
            ("target", position.take_profit),
            ("stop", position.stop_loss),
        ):
            if price is not None:
                lines.append({"kind": kind, "price": float(price), "position": position.index})
    return lines


def equity_of(*, bot: Bot, now: int) -> list[tuple[int, float]]:
    """(s, equity) from the bot's first fill on, one point a second at most, oldest first."""
    points = equity_curve(bot=bot, since=0, until=now + 1, most=EQUITY_POINTS)
    by_second = {at // 1000: float(equity) for at, equity in points}
    return sorted(by_second.items())
