"""One bot as a row of the fleet page: what stands in each cell, and what keeps it live."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any
from uuid import UUID

from apps.bots.models import Bot
from apps.common.moments import to_ms
from apps.dashboard.numbers import age, number, places_of, quote_places, signed, tone
from apps.dashboard.staleness import (
    AMBER,
    HEARTBEAT_AMBER_S,
    HEARTBEAT_RED_S,
    PRICE_AMBER_S,
    QUIET,
    RED,
    Seen,
    age_tone,
    signal_amber_s,
    status_tone,
    trouble_of,
    waiting_of,
)
from apps.dashboard.stream.messages import key_of
from apps.ledger.profit import Figures


@dataclass(frozen=True, slots=True)
class Cell:
    """What a cell says, and in which tone."""

    text: str
    tone: str = QUIET
    title: str = ""

    def to_json(self) -> list[str]:
        return [self.text, self.tone, self.title]


@dataclass(frozen=True)
class Row:
    """A bot on the fleet page. Most rows are only counted: cells are made when they are shown."""

    bot: Bot
    figures: Figures
    seen: Seen
    now: datetime

    @cached_property
    def trouble(self) -> str:
        return trouble_of(self.seen)

    @cached_property
    def waits(self) -> str:
        """What it has been told that it waits for; for a moment everything started does."""
        return waiting_of(self.seen) if self.seen.reason else ""

    @cached_property
    def cells(self) -> dict[str, Cell]:
        bot, seen = self.bot, self.seen
        money = _money_cells(bot, self.figures)
        return {**_status_cells(bot, seen), **money, **_ages(bot, seen, self.now)}

    @property
    def can_start(self) -> bool:
        return self.bot.desired_status != "RUNNING" or self.bot.observed_status == "ERROR"

    @property
    def can_pause(self) -> bool:
        return self.bot.desired_status == "RUNNING"

    @property
    def can_stop(self) -> bool:
        """Also what is stopping or has stopped with coins left: how it is to end may change."""
        bot = self.bot
        ended = bot.desired_status == "STOPPED" and bot.observed_status == "STOPPED"
        return not ended or self.figures.quantity > 0

    def to_json(self) -> dict[str, Any]:
        """What the page's script patches the row with."""
        return {
            "number": self.bot.number,
            "cells": {name: cell.to_json() for name, cell in self.cells.items()},
            "live": _live(self.bot, self.figures, self.seen),
            "may": {"start": self.can_start, "pause": self.can_pause, "stop": self.can_stop},
        }


def row_of(
    *,
    bot: Bot,
    figures: Figures,
    now: datetime,
    workers_alive: bool,
    unprotected: str = "",
    told: str = "",
) -> Row:
    """The row of a bot; `told`: an observed status newer than the one stored."""
    if told:
        bot.observed_status = told
    seen = Seen(
        desired=bot.desired_status,
        observed=bot.observed_status,
        heartbeat_age_s=_age_s(bot.heartbeat_at, now),
        unprotected=unprotected,
        account_status=bot.account.status,
        reason=bot.status_reason,
        workers_alive=workers_alive,
    )
    return Row(bot, figures, seen, now)


def status_words(bot: Bot) -> str:
    """The observed status, and the wanted one when they differ."""
    observed, desired = bot.observed_status.lower(), bot.desired_status.lower()
    if bot.observed_status == bot.desired_status:
        return observed
    if bot.desired_status == "STOPPED":
        return f"{observed} → stop" if observed not in ("stopping", "error") else observed
    if observed in ("starting", "error"):
        return observed
    wish = {"running": "start", "paused": "pause"}[desired]
    return f"{observed} → {wish}"


def _status_cells(bot: Bot, seen: Seen) -> dict[str, Cell]:
    words, tone_of_it = _why(bot, seen)
    return {
        "status": Cell(status_words(bot), status_tone(seen), bot.status_reason),
        "trouble": Cell(words, tone_of_it, words),
    }


def _why(bot: Bot, seen: Seen) -> tuple[str, str]:
    """The line under the status, and its tone."""
    if trouble := trouble_of(seen):
        return trouble, RED
    if waits := waiting_of(seen):
        return waits, AMBER
    return bot.status_reason if seen.wanted else "", QUIET


def _money_cells(bot: Bot, figures: Figures) -> dict[str, Cell]:
    market = bot.market
    lot, tick = places_of(market.lot_size), places_of(market.tick_size)
    quote = quote_places(bot.quote)
    holds = figures.quantity > 0
    worth = f"{number(figures.value, quote)} {bot.quote}" if holds else ""
    # Coins too few to sell count too: what they cost was written off as realised.
    unrealised = figures.net_unrealised if figures.quantity + figures.dust > 0 else None
    source = "" if figures.price_source == "market" else f"price of the {figures.price_source}"
    return {
        "position": Cell(f"{number(figures.quantity, lot)} {market.base}" if holds else "flat"),
        "worth": Cell(worth),
        "unrealised": Cell(signed(unrealised, quote), tone(unrealised, quote), source),
        "realised": _money(figures.net_realised, quote),
        "today": _money(figures.today.pnl, quote),
        "total": _money(figures.change, quote),
        "equity": Cell(number(figures.equity, quote)),
        "price": Cell(number(figures.price, tick), title=source),
        "fees": Cell(number(figures.fees, quote)),
        "trades": Cell(str(figures.trades)),
        "wins": Cell(f"{figures.wins} won, {figures.losses} lost"),
    }


def _money(amount: Decimal, places: int) -> Cell:
    return Cell(signed(amount, places), tone(amount, places))


def _ages(bot: Bot, seen: Seen, now: datetime) -> dict[str, Cell]:
    signal_s = _age_s(bot.last_signal_check, now)
    price_s = _age_s(bot.last_price_at, now)
    watched = seen.wanted
    late = signal_amber_s(timeframe=bot.timeframe)
    return {
        "heartbeat": Cell(
            age(seen.heartbeat_age_s),
            age_tone(
                seen.heartbeat_age_s if watched else None,
                amber_s=HEARTBEAT_AMBER_S,
                red_s=HEARTBEAT_RED_S,
            ),
        ),
        "signal": Cell(
            age(signal_s),
            age_tone(signal_s if bot.desired_status == "RUNNING" else None, amber_s=late),
        ),
        "price_age": Cell(
            age(price_s), age_tone(price_s if watched else None, amber_s=PRICE_AMBER_S)
        ),
    }


def _live(bot: Bot, figures: Figures, seen: Seen) -> dict[str, Any]:
    """Numbers the page goes on computing with: money moves by coins x (price - mark)."""
    market = bot.market
    return {
        "market": key_of(market),
        "process": _id(bot.process_id),
        "watched": seen.wanted,
        "judged": bot.desired_status == "RUNNING",
        "base": market.base,
        "quote": bot.quote,
        "places": [
            quote_places(bot.quote),
            places_of(market.tick_size),
            places_of(market.lot_size),
        ],
        "mark": None if figures.price is None else float(figures.price),
        "coins": float(figures.quantity + figures.dust),
        "quantity": float(figures.quantity),
        "unrealised": float(figures.net_unrealised),
        "total": float(figures.change),
        "equity": float(figures.equity),
        "heartbeat_at": _ms(bot.heartbeat_at),
        "price_at": _ms(bot.last_price_at),
        "signal_at": _ms(bot.last_signal_check),
        "signal_amber_s": signal_amber_s(timeframe=bot.timeframe),
    }


def _age_s(moment: datetime | None, now: datetime) -> float | None:
    return None if moment is None else max(0.0, (now - moment).total_seconds())


def _ms(moment: datetime | None) -> int | None:
    return None if moment is None else to_ms(moment)


def _id(value: UUID | None) -> str:
    return "" if value is None else str(value)
