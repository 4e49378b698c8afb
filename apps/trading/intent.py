"""What leaves the engine for the venue, and the client order ids that name it."""

from dataclasses import dataclass
from decimal import Decimal

from apps.trading.order import OrderType, Role, Side

ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
VERSION = "a"
_VALUES = {letter: value for value, letter in enumerate(ALPHABET)}
_INSTALLATION, _BOT, _SEQ = 4, 5, 6
LENGTH = 18


@dataclass(frozen=True, slots=True)
class ParsedId:
    """Whose order a client order id names."""

    installation: str
    bot_number: int
    plan_seq: int
    leg: int


@dataclass(frozen=True, slots=True)
class OrderIntent:
    """An approved, numbered and rounded wish, to be signed and sent as it stands."""

    client_order_id: str
    symbol: str
    side: Side
    order_type: OrderType
    quantity: Decimal
    price: Decimal | None
    reference_price: Decimal
    role: Role
    attempt: int


@dataclass(frozen=True, slots=True)
class CancelIntent:
    """An order at the venue that is no longer wanted."""

    client_order_id: str
    symbol: str
    reason: str


def client_order_id(*, installation: str, bot_number: int, plan_seq: int, leg: int) -> str:
    """18 lower-case alphanumerics: version, installation 4, bot 5, seq 6, leg, check.

    ValueError when a part does not fit.
    """
    if len(installation) != _INSTALLATION or not set(installation) <= set(ALPHABET):
        raise ValueError(
            f"installation {installation!r} must be {_INSTALLATION} characters of 0-9 and a-z"
        )
    body = (
        VERSION
        + installation
        + _base36(bot_number, _BOT, "bot_number")
        + _base36(plan_seq, _SEQ, "plan_seq")
        + _base36(leg, 1, "leg")
    )
    return body + _check(body)


def parse(text: str) -> ParsedId | None:
    """Whose id this is; None when it is not one of ours (or was mistyped)."""
    if len(text) != LENGTH or not set(text) <= set(ALPHABET) or text[0] != VERSION:
        return None
    if _check(text[:-1]) != text[-1]:
        return None
    bot_at = 1 + _INSTALLATION
    seq_at = bot_at + _BOT
    return ParsedId(
        installation=text[1:bot_at],
        bot_number=int(text[bot_at:seq_at], 36),
        plan_seq=int(text[seq_at : seq_at + _SEQ], 36),
        leg=int(text[-2], 36),
    )


def _base36(number: int, width: int, name: str) -> str:
    if not 0 <= number < 36**width:
        raise ValueError(f"{name} {number} must lie between 0 and {36**width - 1}")
    letters = []
    for _ in range(width):
        number, digit = divmod(number, 36)
        letters.append(ALPHABET[digit])
    return "".join(reversed(letters))


def _check(body: str) -> str:
    """ISO 7064 MOD 37,36: catches every single wrong character and every swap of neighbours."""
    product = 36
    for letter in body:
        total = (product + _VALUES[letter]) % 36 or 36
        product = total * 2 % 37
    return ALPHABET[(37 - product) % 36]
