"""Signed endpoints about an account, its fees and its key."""

from typing import Any

from apps.venues.simexchange import views
from apps.venues.simexchange.amounts import text
from apps.venues.simexchange.calls import Call
from apps.venues.simexchange.errors import VenueError
from apps.venues.simexchange.lists_api import rates
from apps.venues.simexchange.requests import required


def account(call: Call) -> dict[str, Any]:
    """GET account."""
    return views.account_view(
        call.venue,
        call.account,
        omit_zero=call.parameters.get("omitZeroBalances") == "true",
        assets=_assets(call),
    )


def commission(call: Call) -> dict[str, Any]:
    """GET account/commission."""
    symbol = required(call.parameters, "symbol")
    call.venue.market(symbol)
    fees = call.venue.fees
    third = fees.taken_in not in ("received", "quote")
    return {
        "symbol": symbol,
        "standardCommission": rates(fees.maker, fees.taker),
        "specialCommission": rates(0, 0),
        "taxCommission": rates(0, 0),
        "discount": {
            "enabledForAccount": third,
            "enabledForSymbol": third,
            "discountAsset": fees.taken_in if third else "BNB",
            "discount": text(0),
        },
    }


def order_limits(call: Call) -> list[dict[str, Any]]:
    """GET rateLimit/order."""
    counts = call.exchange.limits.orders_counted(account=call.account.number, now=call.venue.now())
    rows = [row for row in call.exchange.limits.describe() if row["rateLimitType"] == "ORDERS"]
    return [{**row, "count": count} for row, count in zip(rows, counts, strict=True)]


def restrictions(call: Call) -> dict[str, Any]:
    """GET sapi account/apiRestrictions: what the key may do."""
    return {
        "ipRestrict": False,
        "createTime": call.account.created_at,
        "enableReading": True,
        "enableSpotAndMarginTrading": True,
        "enableWithdrawals": call.account.can_withdraw,
        "enableInternalTransfer": call.account.can_withdraw,
        "enableMargin": False,
        "enableFutures": False,
        "permitsUniversalTransfer": False,
        "enableVanillaOptions": False,
        "enableFixApiTrade": False,
        "enableFixReadOnly": False,
        "enablePortfolioMarginTrading": False,
    }


def trade_fees(call: Call) -> list[dict[str, str]]:
    """GET sapi asset/tradeFee."""
    symbol = call.parameters.get("symbol")
    markets = [call.venue.market(symbol)] if symbol else call.venue.markets.values()
    return [
        {
            "symbol": market.rules.symbol,
            "makerCommission": text(call.venue.fees.maker),
            "takerCommission": text(call.venue.fees.taker),
        }
        for market in markets
    ]


def coins(call: Call) -> list[dict[str, Any]]:
    """GET sapi capital/config/getall."""
    return [
        {
            "coin": asset,
            "name": asset,
            "free": text(balance.free if balance else 0),
            "locked": text(balance.locked if balance else 0),
            "freeze": text(0),
            "withdrawing": text(0),
            "ipoing": text(0),
            "ipoable": text(0),
            "storage": text(0),
            "isLegalMoney": False,
            "depositAllEnable": False,
            "withdrawAllEnable": False,
            "trading": True,
            "networkList": [],
        }
        for asset in sorted(set(_assets(call)) | set(call.account.balances))
        for balance in (call.account.balances.get(asset),)
    ]


def system_status(_call: Call) -> dict[str, Any]:
    """GET sapi system/status."""
    return {"status": 0, "msg": "normal"}


def open_listen_key(call: Call) -> dict[str, str]:
    """POST userDataStream."""
    return {"listenKey": call.exchange.users.new_key(call.account)}


def renew_listen_key(call: Call) -> dict[str, str]:
    """PUT userDataStream."""
    key = required(call.parameters, "listenKey")
    if not call.exchange.users.has_key(key):
        raise VenueError(code=-1125, message="This listenKey does not exist.")
    return {}


def close_listen_key(call: Call) -> dict[str, str]:
    """DELETE userDataStream."""
    call.exchange.users.drop_key(required(call.parameters, "listenKey"))
    return {}


def _assets(call: Call) -> list[str]:
    assets = dict.fromkeys(
        asset
        for market in call.venue.markets.values()
        for asset in (market.rules.base, market.rules.quote)
    )
    if call.venue.fees.taken_in not in ("received", "quote"):
        assets[call.venue.fees.taken_in] = None
    return list(assets)
