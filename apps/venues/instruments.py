"""ccxt's market tables -> instruments, and how people spell their symbols."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

from apps.trading.instrument import Instrument
from apps.venues.capabilities import Profile


def instruments_from(
    markets: Iterable[Mapping[str, Any]], *, profile: Profile
) -> dict[str, Instrument]:
    """Every active spot market whose rules are complete, by unified symbol."""
    found = {}
    for market in markets:
        instrument = instrument_from(market, profile=profile)
        if instrument is not None:
            found[instrument.symbol] = instrument
    return found


def instrument_from(market: Mapping[str, Any], *, profile: Profile) -> Instrument | None:
    """None for a market that is not spot, not active, or does not state its tick and lot."""
    if market.get("spot") is not True or market.get("active") is False:
        return None
    precision = market.get("precision") or {}
    tick, lot = _positive(precision.get("price")), _positive(precision.get("amount"))
    if tick is None or lot is None:
        return None
    limits = market.get("limits") or {}
    amount, cost = limits.get("amount") or {}, limits.get("cost") or {}
    return Instrument(
        symbol=str(market["symbol"]),
        base=str(market["base"]),
        quote=str(market["quote"]),
        tick_size=tick,
        lot_size=lot,
        min_quantity=_positive(amount.get("min")) or lot,
        max_quantity=_positive(amount.get("max")) or Decimal(0),
        min_notional=_positive(cost.get("min")) or Decimal(0),
        maker_fee=_number(market.get("maker")) or Decimal(0),
        taker_fee=_number(market.get("taker")) or Decimal(0),
        fee_taken_in=profile.fee_taken_in,
    )


def with_account_fees(
    instruments: Mapping[str, Instrument], fees: Mapping[str, Any]
) -> dict[str, Instrument]:
    """The same instruments at the account's own fees, where the exchange told them."""
    return {
        symbol: _at_fees(instrument, fees.get(symbol)) for symbol, instrument in instruments.items()
    }


def unified_symbol(text: str, known: Iterable[str]) -> str | None:
    """BTCUSDC, btc-usdc, BTC_USDC or BTC/USDC -> the known market it means, else None."""
    wanted = _plain(text)
    if not wanted:
        return None
    exact = text.strip().upper()
    matches = []
    for symbol in known:
        if symbol == exact:
            return symbol
        if _plain(symbol) == wanted:
            matches.append(symbol)
    return matches[0] if len(matches) == 1 else None


def _at_fees(instrument: Instrument, fee: Any) -> Instrument:
    if not isinstance(fee, Mapping):
        return instrument
    maker, taker = _number(fee.get("maker")), _number(fee.get("taker"))
    if maker is None or taker is None:
        return instrument
    return replace(instrument, maker_fee=maker, taker_fee=taker)


def _plain(text: str) -> str:
    return "".join(letter for letter in text.upper() if letter.isalnum())


def _number(value: Any) -> Decimal | None:
    if value is None or isinstance(value, bool):
        return None
    try:
        result = Decimal(str(value))
    except InvalidOperation:
        return None
    return _plainest(result) if result.is_finite() else None


def _plainest(number: Decimal) -> Decimal:
    """Without idle zeros: one client reads a tick as 0.01, the next the venue's own 0.01000000.

    What is rounded to it is journaled as text, and must read the same whichever client listed it.
    """
    return Decimal(format(number.normalize(), "f"))


def _positive(value: Any) -> Decimal | None:
    result = _number(value)
    return result if result is not None and result > 0 else None
