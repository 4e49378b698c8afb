"""Brings a fleet's open positions near to their stops and targets, by configurations."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from apps.bots import services
from apps.bots.models import Bot
from apps.ledger import evidence
from apps.trading.plan import Plan
from apps.venues.simexchange.config import DEMO
from apps.venues.simexchange.prices import SCALE, PriceSource, open_source
from workers.launch.child import wait_until
from workers.proof.exits import Exposed, Trade

_SIZE = frozenset(
    {
        "quote_per_entry",
        "capital_per_entry",
        "max_positions",
        "entry",
        "entry_offset",
        "entry_timeout_s",
    }
)
"""What a plan buys, and how: the bot's own. All else it does is as in an empty plan."""

_EMPTY: Mapping[str, Any] = Plan(quote_per_entry=1.0).to_json()

HOLD: Mapping[str, Any] = {
    **{name: value for name, value in _EMPTY.items() if name not in _SIZE},
    "exit_on_signal": False,
    "cooldown_s": 5.0,
}
"""Whoever has bought keeps it."""

NEAREST, STEPS = 0.0003, 8
"""Levels lie this far from the market, or up to so many times as far: some fire at once."""

_LEAST = 0.0001
_SHARE = 0.6
_HOLD_LIMIT_S = 120.0
_APPLIED_LIMIT_S = 60.0
_ACTOR = "chaos"


class Market:
    """The generated prices of a drill's exchange: a pure function of time, asked here as there."""

    def __init__(self) -> None:
        self._source: PriceSource = open_source(DEMO["venues"]["demo"]["prices"])

    def trades(self, symbol: str, *, since: int, until: int) -> list[Trade]:
        """(ms, price) of every trade between two times, oldest first."""
        moves = self._source.moves(symbol, since, until)
        return [(trade.at, trade.price / SCALE) for move in moves for trade in move.trades]

    def price(self, symbol: str) -> float:
        now = time.time_ns() // 1_000_000
        *_, last = self._source.moves(symbol, now - 60_000, now)
        return float(last.close / SCALE)


@dataclass(frozen=True, slots=True)
class Exposure:
    """`positions`: what was open, with its levels. `before`: each bot's own plan changes."""

    positions: Sequence[Exposed]
    before: Mapping[UUID, Mapping[str, Any]]

    def end(self) -> None:
        """Every bot does again what it did."""
        _apply({bot.pk: bot for bot in _trading()}, self.before)


def expose(market: Market, say: Callable[[str], None]) -> Exposure:
    """Let most bots hold something, then bring stop and target of each near to the market."""
    bots = {bot.pk: bot for bot in _trading()}
    before = {key: bot.config.plan_changes for key, bot in bots.items() if bot.config is not None}
    _apply(bots, dict.fromkeys(bots, HOLD))
    wanted = _SHARE * len(bots)
    wait_until(lambda: len(_held_by(bots)) >= wanted, timeout_s=_HOLD_LIMIT_S)
    held = _held_by(bots)
    say(f"{len(held)} positions open: bringing stops and targets near")
    plans = {one.bot_id: _near(place, one, market) for place, one in enumerate(held)}
    _apply(bots, plans)
    positions = [
        Exposed(
            one.position_id,
            one.bot_id,
            one.symbol,
            stop=one.entry_price * (1 - plans[one.bot_id]["stop_loss"]),
            # The order that rests there stands on a tick.
            target=one.entry_price * (1 + plans[one.bot_id]["take_profit"])
            + float(bots[one.bot_id].market.tick_size),
        )
        for one in held
    ]
    return Exposure(positions, before)


def still_held(positions: Sequence[Exposed]) -> list[Exposed]:
    """Those that have not ended since, as far as our books know."""
    now = {one.position_id for one in evidence.positions_held()}
    return [one for one in positions if one.position_id in now]


def _held_by(bots: Collection[UUID]) -> list[evidence.HeldPosition]:
    return [one for one in evidence.positions_held() if one.bot_id in bots]


def _trading() -> list[Bot]:
    """Bots whose positions have a stop and a target of their own: a grid's cells have neither."""
    wanted = Bot.objects.filter(desired_status=Bot.Desired.RUNNING, kind=Bot.Kind.TRADING)
    found = wanted.select_related("config", "market")
    return [bot for bot in found if bot.config is not None and not bot.config.plan["grid_cells"]]


def _near(place: int, held: evidence.HeldPosition, market: Market) -> dict[str, Any]:
    """A stop below and a target above the market as it stands, each at a distance of its own."""
    gone = market.price(held.symbol) / held.entry_price
    below = NEAREST * (1 + place % STEPS)
    above = NEAREST * (1 + place // 2 % STEPS)
    return {
        **HOLD,
        # A stop lies below what was paid, a target above it, wherever the market stands.
        "stop_loss": round(max(1 - gone * (1 - below), _LEAST), 6),
        "take_profit": round(max(gone * (1 + above) - 1, _LEAST), 6),
    }


def _apply(bots: Mapping[UUID, Bot], plans: Mapping[UUID, Mapping[str, Any]]) -> None:
    """Save the plans and wait until every bot's journal has taken its own over."""
    versions = {
        key: services.update_configuration(
            bot=bots[key], actor=_ACTOR, plan_changes=plan, apply_to_open=True
        ).version
        for key, plan in plans.items()
    }
    wait_until(lambda: _taken_over(versions), timeout_s=_APPLIED_LIMIT_S)


def _taken_over(versions: Mapping[UUID, int]) -> bool:
    ids: Sequence[UUID] = list(versions)
    found = evidence.configurations_taken_over(bot_ids=ids)
    return all(found.get(key, 0) >= version for key, version in versions.items())
