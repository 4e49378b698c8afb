"""Reads from the exchange's own records when which bot's order arrived, and at what it bought."""

from dataclasses import dataclass

from apps.bots.models import Bot
from apps.markets.models import Market
from apps.trading.intent import parse
from workers.demo.exchange import SimulatedVenue


@dataclass(frozen=True, slots=True)
class Arrival:
    """An order-creating request: whose, and when it reached the exchange (Unix ms)."""

    bot: int
    at_ms: int


def arrivals(venue: SimulatedVenue, *, since: float) -> list[Arrival]:
    """What arrived from a moment (Unix seconds) on, oldest first."""
    found = []
    for one in venue.ask("arrivals"):
        known = parse(one.get("newClientOrderId", ""))
        if known is not None and one["at"] >= since * 1000:
            found.append(Arrival(known.bot_number, one["at"]))
    return found


def stop_levels(venue: SimulatedVenue, market: Market) -> list[tuple[int, float]]:
    """(bot number, price of its stop) of every bot that bought on the market, highest first."""
    stops = {
        bot.number: float(bot.config.plan["stop_loss"])
        for bot in Bot.objects.filter(market=market).select_related("config")
        if bot.config is not None
    }
    levels = {}
    for account in venue.ask("ledger")["accounts"]:
        for trade in account["trades"]:
            known = parse(trade["clientOrderId"] or "")
            if known is not None and known.bot_number in stops and trade["isBuyer"]:
                stop = stops[known.bot_number]
                levels[known.bot_number] = float(trade["price"]) * (1 - stop)
    # Bought more than once, the last purchase is the one that is held.
    return sorted(levels.items(), key=lambda level: -level[1])


def holders(venue: SimulatedVenue) -> set[int]:
    """Numbers of the bots whose last trade was a purchase."""
    last: dict[int, tuple[int, bool]] = {}
    for account in venue.ask("ledger")["accounts"]:
        for trade in account["trades"]:
            known = parse(trade["clientOrderId"] or "")
            if known is not None:
                newest = (trade["id"], trade["isBuyer"])
                last[known.bot_number] = max(last.get(known.bot_number, (0, False)), newest)
    return {number for number, (_, bought) in last.items() if bought}
