"""`manage.py candles`: fetch, import, export, check and list stored bars."""

import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandError, CommandParser

from apps.common.console import ConsoleCommand, Refused
from apps.markets import options as options_of
from apps.markets import words
from apps.markets.blocks import BlockDamaged
from apps.markets.candles import BarRefused, Missing, find_missing
from apps.markets.fetching import History, HistoryUnavailable, Progress, fetch_bars
from apps.markets.files import BarsFileError, Form, form_of, read_bars, write_bars, write_to
from apps.markets.imports import ImportRefused, import_bars, refuse_unfinished
from apps.markets.models import Market
from apps.markets.options import STDOUT, is_placed, place_of
from apps.markets.presets import PRESETS
from apps.markets.queries import NoBars, Series, load_bars, series_for, stored_series, unified
from apps.markets.services import MarketUnknown, learn_market, market_of_bars
from apps.trading.bars_check import utc
from apps.trading.instrument import Instrument
from apps.venues import VenueKey
from apps.venues.clock import WallClock

if TYPE_CHECKING:
    from apps.markets.history import PublicHistory

ACTOR = "candles command"
DAY_MS = 86_400_000
FETCHED_DAYS = 30
TELL_EVERY_S = 2.0


class Command(ConsoleCommand):
    """Bars are shared: live warm-up, signals, pages and research read what is stored here."""

    help = "Fetch, import, export, check and list bars of the past."
    refusals = (
        BarRefused,
        BarsFileError,
        BlockDamaged,
        HistoryUnavailable,
        ImportRefused,
        MarketUnknown,
        NoBars,
    )

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
        for verb, help_text, add in (
            ("fetch", "bars from an exchange; needs no key", options_of.fetch_options),
            ("import", "bars from a CSV or Parquet file", options_of.import_options),
            ("export", "stored bars as CSV or Parquet", options_of.export_options),
            ("check", "where bars are missing", options_of.check_options),
            ("list", "what is stored", options_of.series_options),
        ):
            add(verbs.add_parser(verb, help=help_text))

    def carry_out(self, options: dict[str, Any]) -> Any:
        verbs: dict[str, Callable[[dict[str, Any]], Any]] = {
            "fetch": self._fetch,
            "import": self._import,
            "export": self._export,
            "check": self._check,
            "list": self._list,
        }
        try:
            return verbs[options["verb"]](options)
        except KeyboardInterrupt:
            raise Refused(
                "stopped: what came is stored; the same command goes on from there"
            ) from None

    def in_words(self, told: Any, options: dict[str, Any]) -> str:
        say = {
            "fetch": words.fetched,
            "import": words.imported,
            "export": words.exported,
            "check": words.checked,
            "list": words.listed,
        }
        return say[options["verb"]](told)

    def failed(self, told: Any) -> bool:
        unrepaired = "repair" in told and not told["repair"]
        gaps = any(one["gaps"] for one in told["series"]) if unrepaired else False
        return bool(told.get("unlisted")) or gaps

    def _tell(self, told: Any, options: dict[str, Any]) -> None:
        if told is not None:
            super()._tell(told, options)

    # ---- verbs ---------------------------------------------------------------------------------

    def _fetch(self, options: dict[str, Any]) -> Any:
        key = place_of(options)
        wanted = [*options["market"], *(PRESETS[options["preset"]] if options["preset"] else ())]
        if not wanted:
            raise CommandError("name a --market or a --preset", returncode=2)
        until = options["to"] if options["to"] is not None else WallClock().now()
        since = options["from"] if options["from"] is not None else until - FETCHED_DAYS * DAY_MS
        if since >= until:
            raise Refused(f"--from {utc(since)} is not before --to {utc(until)}; exchange them")
        span = {"timeframe": options["timeframe"], "since": since, "until": until}
        with self._history(key) as history:
            listed = history.instruments()
            chosen = {name: _among(listed, name) for name in wanted}
            markets = [
                self._fetch_market(learn_market(key=key, instrument=instrument), span, history)
                for instrument in chosen.values()
                if instrument is not None
            ]
        return {
            "exchange": key.exchange,
            "environment": key.environment,
            "venue": key.venue_name,
            "timeframe": options["timeframe"],
            "from": since,
            "to": until,
            "markets": markets,
            "unlisted": [name for name, instrument in chosen.items() if instrument is None],
        }

    def _fetch_market(
        self, market: Market, span: dict[str, Any], history: History
    ) -> dict[str, Any]:
        told = _Teller(self.progress)
        done = fetch_bars(market=market, **span, history=history, told=told)
        return {
            "market": market.symbol,
            "wanted": done.wanted,
            "stored": done.stored,
            "absent": _gaps(done.absent),
        }

    def _import(self, options: dict[str, Any]) -> Any:
        path = Path(options["file"])
        found = read_bars(path, timeframe=options["timeframe"])
        refuse_unfinished(path=path, found=found, now=WallClock().now())
        market = market_of_bars(key=place_of(options), symbol=options["market"])
        done = import_bars(
            market=market, path=path, found=found, replace=options["replace"], actor=ACTOR
        )
        step = found.timeframe_ms
        return {
            "market": done.symbol,
            "timeframe": done.timeframe,
            "from": done.first_at,
            "to": done.last_at,
            "bars": done.bars,
            "new": done.new,
            "differing": done.differing,
            "replaced": done.replaced,
            "gaps": _gaps(
                Missing(gap.after + step, gap.before - step, gap.missing) for gap in done.gaps
            ),
        }

    def _export(self, options: dict[str, Any]) -> Any:
        target, timeframe = options["output"], options["timeframe"]
        if target == STDOUT and options["json"]:
            raise CommandError("--json needs --output FILE: bars go to stdout", returncode=2)
        place = {
            "exchange": options["exchange"],
            "symbol": options["market"],
            "timeframe": timeframe,
            "environment": place_of(options).environment if is_placed(options) else "",
            "venue_name": options["venue"],
        }
        stored = series_for(**place)
        first = options["from"] if options["from"] is not None else stored.first_at
        end = options["to"] if options["to"] is not None else stored.last_at + stored.step_ms
        # A bar that shorter ones end inside is not over: it is left out.
        bars = load_bars(**place, start=first, end=end)
        if target == STDOUT:
            self._write_out(bars, options["format"] or "csv")
            return None
        path = Path(target)
        if options["format"] and options["format"] != form_of(path):
            raise CommandError(f"{path.name} does not end in .{options['format']}", returncode=2)
        write_bars(path, bars)
        return {
            "market": stored.market.symbol,
            "timeframe": timeframe,
            "from": int(bars.open_at[0]),
            "to": int(bars.open_at[-1]),
            "bars": len(bars.open_at),
            "file": str(path),
        }

    def _write_out(self, bars: Any, form: Form) -> None:
        self.stdout.flush()
        # Django's wrapper hands on whatever it does not have itself.
        binary: Any = self.stdout.buffer
        write_to(binary, bars, form)

    def _check(self, options: dict[str, Any]) -> Any:
        told = []
        for series in _chosen(options):
            gaps = _missing(series)
            before = sum(gap.count for gap in gaps)
            if gaps and options["repair"]:
                self._repair(series)
                gaps = _missing(series)
            repaired = before - sum(gap.count for gap in gaps)
            row = _row(series) | {"bars": series.bars + repaired}
            told.append(row | {"repaired": repaired, "gaps": _gaps(gaps)})
        return {"repair": options["repair"], "series": told}

    def _repair(self, series: Series) -> None:
        market = series.market
        with self._history(_key(market)) as history:
            fetch_bars(
                market=market,
                timeframe=series.timeframe,
                since=series.first_at,
                until=series.last_at + series.step_ms,
                history=history,
                told=_Teller(self.progress),
            )

    def _list(self, options: dict[str, Any]) -> Any:
        rows = []
        for series in _chosen(options):
            gaps = len(_missing(series)) if series.missing else 0
            rows.append(_row(series) | {"gap_count": gaps, "missing": series.missing})
        return {"series": rows}

    def _history(self, key: VenueKey) -> "PublicHistory":
        # Here, because ccxt takes longer to import than most of these commands to run.
        from apps.markets.history import open_history

        return open_history(key, say=self.progress)


class _Teller:
    """Tells how far a fetch is, now and then and at its end."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._told_at = time.monotonic()

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if progress.done < progress.total and now - self._told_at < TELL_EVERY_S:
            return
        self._told_at = now
        share = progress.done / progress.total
        self._say(
            f"{progress.symbol} {progress.timeframe}: {progress.done:,} of {progress.total:,} "
            f"bars ({share:.0%}), to {utc(progress.at)}"
        )


# ---- rows --------------------------------------------------------------------------------------


def _chosen(options: dict[str, Any]) -> list[Series]:
    return stored_series(
        symbols=options["market"],
        exchange=options["exchange"],
        environment=place_of(options).environment if is_placed(options) else "",
        venue_name=options["venue"],
        timeframe=options["timeframe"],
    )


def _row(series: Series) -> dict[str, Any]:
    return {
        "market": series.market.symbol,
        "venue": _name(series.market),
        "timeframe": series.timeframe,
        "from": series.first_at,
        "to": series.last_at,
        "bars": series.bars,
    }


def _missing(series: Series) -> list[Missing]:
    return find_missing(
        market=series.market,
        timeframe=series.timeframe,
        since=series.first_at,
        until=series.last_at + series.step_ms,
    )


def _gaps(gaps: Iterable[Missing]) -> list[dict[str, int]]:
    return [{"from": gap.first_at, "to": gap.last_at, "missing": gap.count} for gap in gaps]


def _key(market: Market) -> VenueKey:
    environment: Any = market.environment
    return VenueKey(market.exchange, environment, market.venue_name)


def _name(market: Market) -> str:
    simulated = f"{market.exchange}, simulated: {market.venue_name}"
    real = market.exchange if market.environment == "live" else f"{market.exchange} testnet"
    return simulated if market.environment == "simulated" else real


def _among(listed: Mapping[str, Instrument], name: str) -> Instrument | None:
    """The instrument meant by BTC/USDT, btc-usdt or BTCUSDT."""
    joined = {symbol.replace("/", ""): symbol for symbol in listed}
    symbol = unified(symbol=name)
    return listed.get(joined.get(symbol, symbol))
