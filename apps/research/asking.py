"""What the command's options ask for: a wish and its bars; Django only where rows are needed."""

from argparse import Namespace
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from apps.research import options as given
from apps.research.refusals import ResearchRefused
from apps.research.series import Series, from_files, generated
from apps.research.wishes import DEFAULT_CAPITAL, FINE, Wish, exact, plain_instrument
from apps.trading.instrument import Instrument

INVENTED = "BTC/USDT"


def asked(options: Namespace) -> tuple[Wish, Series]:
    """Of one strategy; ResearchRefused says what cannot be."""
    if options.bot:
        return _of_bot(options)
    return wish_of(options, {"strategy": options.strategy}), _series(options)


def wish_of(options: Namespace, usual: Mapping[str, Any]) -> Wish:
    """What the options say, put over what is usual here."""
    values = dict(usual)
    for name in ("parameters", "plan", "limits"):
        values[name] = {**values.get(name, {}), **given.given_values(getattr(options, name))}
    for name in ("preset", "fee", "maker_fee", "slippage", "capital"):
        if getattr(options, name) not in (None, ""):
            values[name] = getattr(options, name)
    return Wish(**{"capital": DEFAULT_CAPITAL, **values})


def stored(
    *,
    exchange: str,
    symbol: str,
    timeframe: str,
    start: int | None = None,
    end: int | None = None,
    detail_timeframe: str = "",
) -> Series:
    """Stored bars of a market, by whatever spelling of its symbol."""
    with rows():
        from apps.research.stored import find_stored_market, market_series

        market = find_stored_market(exchange=exchange, symbol=symbol, timeframe=timeframe)
        return market_series(
            market=market,
            timeframe=timeframe,
            start=start,
            end=end,
            finer_timeframe=detail_timeframe,
        )


@contextmanager
def rows() -> Iterator[None]:
    """Django, set up for what is inside; ResearchRefused while the database does not answer."""
    import django
    from django.db import OperationalError

    django.setup()
    try:
        yield
    except OperationalError as trouble:
        words = " ".join(str(trouble).split())
        raise ResearchRefused(
            f"the database does not answer ({words}): start it with `manage.py up`"
        ) from trouble


def _of_bot(options: Namespace) -> tuple[Wish, Series]:
    with rows():
        from apps.common.console import Refused
        from apps.ledger.named import find_bot
        from apps.research.stored import market_series

        try:
            bot = find_bot(reference=options.bot)
        except Refused as refused:
            raise ResearchRefused(str(refused)) from refused
        series = market_series(
            market=bot.market,
            timeframe=options.timeframe or bot.timeframe,
            start=options.start,
            end=options.end,
            finer_timeframe=options.detail_timeframe,
        )
        usual = usual_of(bot, options.strategy)
    return wish_of(options, usual), series


def usual_of(bot: Any, strategy: str) -> Mapping[str, Any]:
    """A bot's own wish, or of another strategy: then its money and limits alone."""
    from apps.research.services import values_of

    values = values_of(bot)
    if strategy and strategy != values["strategy"]:
        return {**values, "strategy": strategy, "parameters": {}, "plan": {}}
    return values


def _series(options: Namespace) -> Series:
    timeframe = options.timeframe or given.GENERATED_TIMEFRAME
    if options.market:
        return stored(
            exchange=options.exchange,
            symbol=options.market,
            timeframe=timeframe,
            start=options.start,
            end=options.end,
            detail_timeframe=options.detail_timeframe,
        )
    if options.candles:
        return from_files(
            options.candles,
            instrument=_instrument(options, "BASE/QUOTE"),
            timeframe=options.timeframe,
            finer=options.detail_candles,
        )
    return generated(
        instrument=_instrument(options, INVENTED),
        timeframe=timeframe,
        count=options.bars,
        seed=options.seed,
        finer_timeframe=options.detail_timeframe,
    )


def _instrument(options: Namespace, symbol: str) -> Instrument:
    def step(text: str | None, name: str) -> Decimal:
        size = FINE if text is None else exact(text, name=name)
        if not size:
            raise ResearchRefused(f"{name} must be above 0")
        return size

    return plain_instrument(
        symbol,
        tick_size=step(options.tick_size, "--tick-size"),
        lot_size=step(options.lot_size, "--lot-size"),
        min_notional=exact(options.min_notional or "0", name="--min-notional"),
        fee_taken_in=options.fee_taken_in or "quote",
    )


def read_text(path: Path) -> str:
    """ResearchRefused when the file cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise ResearchRefused(f"{path} cannot be read: {reason}") from None
