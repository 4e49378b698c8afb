"""Print how alike a generated market and recordings of a real one are."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.venues.simexchange.prices.bars import open_bars
from apps.venues.simexchange.prices.calibration import (
    MinuteStatistics,
    SecondStatistics,
    minute_statistics,
    second_statistics,
    table,
    typical_seconds,
)
from apps.venues.simexchange.prices.generator import HISTORY_DAYS, GeneratedSource
from apps.venues.simexchange.prices.moves import PriceSourceError
from apps.venues.simexchange.prices.ticks import open_ticks
from apps.venues.simexchange.prices.values import DAY_MS, ORIGIN_MS

# The generated days measured end here: a fixed day, so that a figure can be repeated.
_UNTIL_MS = ORIGIN_MS + 2_500 * DAY_MS


class Command(BaseCommand):
    """`manage.py market_statistics --market BTC/USDT --trades T --quotes Q --bars B`."""

    help = "Statistics of a generated market, beside those of recorded ticks and minute bars."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--market", default="BTC/USDT")
        parser.add_argument("--seed", type=int, default=7)
        parser.add_argument("--days", type=int, default=31, help=f"1 to {HISTORY_DAYS}")
        parser.add_argument(
            "--windows", type=int, default=24, help="of 650 s, spread over the days"
        )
        parser.add_argument("--trades", help="Parquet file of recorded trades")
        parser.add_argument("--quotes", help="Parquet file of recorded best prices")
        parser.add_argument("--bars", help="Parquet file of recorded minute bars")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        market, days = options["market"], options["days"]
        if not 1 <= days <= HISTORY_DAYS or options["windows"] < 1:
            raise CommandError(f"--days must be 1 to {HISTORY_DAYS} and --windows at least 1")
        since = _UNTIL_MS - days * DAY_MS
        try:
            source = GeneratedSource(seed=options["seed"], markets=[market])
            seconds = typical_seconds(
                source=source,
                symbol=market,
                since=since,
                until=_UNTIL_MS,
                windows=options["windows"],
            )
            minutes = minute_statistics(candles=source.history(market, 60_000, since, _UNTIL_MS))
            recorded_seconds = _recorded_seconds(market, options["trades"], options["quotes"])
            recorded_minutes = _recorded_minutes(market, options["bars"])
        except PriceSourceError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"Seconds of {market}: the median of {options['windows']} windows")
        self.stdout.write(table(generated=seconds, recorded=recorded_seconds))
        self.stdout.write(f"\nMinutes of {market}: {days} days")
        self.stdout.write(table(generated=minutes, recorded=recorded_minutes))


def _recorded_seconds(
    market: str, trades: str | None, quotes: str | None
) -> SecondStatistics | None:
    if trades is None or quotes is None:
        return None
    source = open_ticks({"markets": {market: {"trades": trades, "quotes": quotes}}})
    (rules,) = source.instruments()
    return second_statistics(moves=source.moves(market, *source.span(market)), tick=rules.tick)


def _recorded_minutes(market: str, bars: str | None) -> MinuteStatistics | None:
    if bars is None:
        return None
    source = open_bars({"markets": {market: {"file": bars}}})
    return minute_statistics(candles=source.history(market, 60_000, *source.span(market)))
