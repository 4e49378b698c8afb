"""What each exchange can promise about an order, and how its dialect differs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from apps.trading.instrument import FeeTakenIn


class Tier(StrEnum):
    """How surely an unanswered order can be resolved.

    A: the exchange enforces a deadline (timestamp + window) and finds orders by our id, so
    absence can be proven. B: finds by our id, no deadline: a quarantine decides. C: neither, or
    not known: simulated and test accounts only, unless the owner signs for it.
    """

    A = "A"
    B = "B"
    C = "C"


class Lookup(StrEnum):
    """How an order of ours is found: asked for by our id, or picked out of lists."""

    BY_ID = "by_id"
    BY_LIST = "by_list"


Signing = Literal["params", "nonce", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One exchange. `*_param` are ccxt parameter names; None means that it cannot be done.

    signing: how the caller's timestamp and window reach the wire; "none": they cannot.
    id_scope: within what a client order id is unique; never rely on more than this.
    market_buy: parameters that make a market buy's amount mean base currency; None: only by cost.
    raw_symbol: the answer's own market field, checked because ccxt fills in the asked one.
    full_answer: an accepted order is answered with side, quantity and status, so all are required.
    weighs: whether requests are counted per IP address or per credential.
    order_limits: (window ms, most) of new orders per account.
    evidence: "verified" ran against an exchange of this dialect, "read" is from ccxt's requests.
    """

    exchange: str
    tier: Tier
    lookup: Lookup = Lookup.BY_ID
    create_param: str = "clientOrderId"
    fetch_param: str | None = "clientOrderId"
    cancel_param: str | None = "clientOrderId"
    id_prefix: str = ""
    id_scope: Literal["open_orders", "account", "unknown"] = "unknown"
    signing: Signing = "none"
    market_buy: Mapping[str, Any] | None = field(default_factory=dict)
    fee_taken_in: FeeTakenIn = "received"
    fee_discount_asset: str | None = None
    raw_symbol: str | None = None
    full_answer: bool = False
    dialect: str = "ccxt"
    weight_per_minute: int | None = None
    weighs: Literal["address", "credential"] = "credential"
    weights: Mapping[str, int] = field(default_factory=dict)
    order_limits: tuple[tuple[int, int], ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    create_params: Mapping[str, Any] = field(default_factory=dict)
    preload: tuple[str, ...] = ()
    stream_closes_bars: bool = False
    evidence: Literal["verified", "read", "unknown"] = "read"
    notes: str = ""

    def weight(self, call: str) -> int:
        return self.weights.get(call, 1)

    @property
    def most_lists(self) -> int:
        """Of how many markets open orders are asked for one by one, not all at once."""
        if "all_open_orders" not in self.weights:
            return _MOST_LISTS
        return self.weight("all_open_orders") // self.weight("open_orders")


# Where no weights are known; some exchanges list the open orders of one market only.
_MOST_LISTS = 13
_BINANCE_WEIGHTS = {
    "server_time": 1,
    "place": 1,
    "cancel": 1,
    "find": 4,
    "open_orders": 6,
    "all_open_orders": 80,
    "orders": 20,
    "fills": 20,
    "order_fills": 5,
    "balances": 20,
    "markets": 20,
    "bars": 2,
    "trades": 4,
    "fees": 1,
    "restrictions": 1,
    "subscribe": 2,
}
_BINANCE_ORDERS = ((10_000, 100), (86_400_000, 200_000))

_BINANCE = Profile(
    exchange="binance",
    tier=Tier.A,
    create_param="newClientOrderId",
    fetch_param="origClientOrderId",
    cancel_param="origClientOrderId",
    id_scope="open_orders",
    signing="params",
    fee_discount_asset="BNB",
    raw_symbol="symbol",
    full_answer=True,
    dialect="binance",
    weight_per_minute=6000,
    weighs="address",
    weights=_BINANCE_WEIGHTS,
    order_limits=_BINANCE_ORDERS,
    options={
        "fetchMarkets": {"types": ["spot"]},
        "fetchCurrencies": False,
        "fetchMargins": False,
        "defaultType": "spot",
        "warnOnFetchOpenOrdersWithoutSymbol": False,
        "fetchOpenOrders": {"warnWithoutSymbol": False},
    },
    stream_closes_bars=True,
    evidence="verified",
    notes="A filled order's id is accepted again: a second order. Never resend without proof.",
)

_PROFILES = (
    _BINANCE,
    Profile(
        exchange="binanceus",
        tier=Tier.A,
        create_param="newClientOrderId",
        fetch_param="origClientOrderId",
        cancel_param="origClientOrderId",
        id_scope="open_orders",
        signing="params",
        raw_symbol="symbol",
        full_answer=True,
        dialect="binance",
        weight_per_minute=1200,
        weighs="address",
        weights=_BINANCE_WEIGHTS,
        order_limits=_BINANCE_ORDERS,
        options=_BINANCE.options,
    ),
    Profile(
        exchange="bybit",
        tier=Tier.A,
        cancel_param="orderLinkId",
        fetch_param="orderLinkId",
        id_scope="account",
        signing="nonce",
        market_buy={"marketUnit": "baseCoin"},
        options={"defaultType": "spot", "fetchMarkets": {"types": ["spot"]}},
        preload=("is_unified_enabled",),
        notes="Two questions about the account kind precede the first order: asked at opening.",
    ),
    Profile(
        exchange="mexc",
        tier=Tier.A,
        signing="nonce",
        raw_symbol="symbol",
        options={"defaultType": "spot", "fetchMarkets": {"types": {"spot": True, "swap": False}}},
    ),
    Profile(
        exchange="bitvavo",
        tier=Tier.A,
        signing="nonce",
        fee_taken_in="quote",
        create_params={"operatorId": 1},
        notes="Wants an operatorId with every order; clientOrderId must be a UUID.",
    ),
    Profile(exchange="okx", tier=Tier.B, market_buy={"tgtCcy": "base_ccy"}, id_scope="account"),
    Profile(exchange="kucoin", tier=Tier.B, options={"uta": False}),
    Profile(
        exchange="bitget",
        tier=Tier.B,
        market_buy=None,
        options={"uta": False, "defaultType": "spot"},
    ),
    Profile(
        exchange="htx",
        tier=Tier.B,
        market_buy=None,
        preload=("load_accounts",),
        fetch_param="clientOrderId",
    ),
    Profile(exchange="woo", tier=Tier.B),
    Profile(
        exchange="gate",
        tier=Tier.B,
        cancel_param=None,
        id_prefix="t-",
        market_buy=None,
        options={"unifiedAccount": False, "defaultType": "spot"},
        notes="Order texts start with t-; cancel goes by the exchange's id.",
    ),
    Profile(exchange="bitstamp", tier=Tier.B, cancel_param=None),
    Profile(
        exchange="kraken",
        tier=Tier.C,
        lookup=Lookup.BY_LIST,
        fetch_param=None,
        id_scope="open_orders",
        notes="Asked by text id it searches userref, an integer: lists are the only lookup.",
    ),
    Profile(
        exchange="coinbase",
        tier=Tier.C,
        lookup=Lookup.BY_LIST,
        create_param="client_order_id",
        fetch_param=None,
        cancel_param=None,
        id_scope="account",
        market_buy=None,
        fee_taken_in="quote",
        notes="ccxt drops clientOrderId here and sends a random one: only client_order_id counts.",
    ),
)
_BY_NAME = {profile.exchange: profile for profile in _PROFILES}


def profile_of(exchange: str) -> Profile:
    """The exchange's profile; an exchange nobody has checked gets tier C and lookup by lists."""
    known = _BY_NAME.get(exchange)
    if known is not None:
        return known
    return Profile(
        exchange=exchange,
        tier=Tier.C,
        lookup=Lookup.BY_LIST,
        fetch_param=None,
        cancel_param=None,
        market_buy=None,
        evidence="unknown",
    )


def known_profiles() -> tuple[Profile, ...]:
    return _PROFILES
