"""Everything a checker needs to compare the exchange's books with somebody else's."""

from typing import Any

from apps.venues.simexchange import views
from apps.venues.simexchange.amounts import text
from apps.venues.simexchange.books import Account
from apps.venues.simexchange.venue import Venue


def dump(venue: Venue) -> dict[str, Any]:
    """Return all accounts of a venue with balances, orders, trades and deposits as texts."""
    return {
        "venue": venue.name,
        "notice": venue.notice,
        "time": venue.now(),
        "accounts": [_account(venue, account) for account in venue.books.accounts.values()],
    }


def _account(venue: Venue, account: Account) -> dict[str, Any]:
    return {
        "api_key": account.api_key,
        "withdraw": account.can_withdraw,
        "balances": {
            asset: {"free": text(balance.free), "locked": text(balance.locked)}
            for asset, balance in sorted(account.balances.items())
        },
        "orders": [views.queried(order) for order in account.orders.values()],
        "trades": [
            {
                **views.traded(trade),
                "clientOrderId": account.orders[trade.order].client_order_id,
                "marketTime": trade.market_at,
            }
            for trade in account.trades
        ],
        "deposits": [
            {
                "id": entry.number,
                "asset": entry.asset,
                "amount": text(entry.amount),
                "time": entry.at,
            }
            for entry in venue.books.deposits
            if entry.account == account.number
        ],
        "order_lists": [
            views.listed(venue, order_list)
            for order_list in venue.books.lists.values()
            if order_list.account == account.number
        ],
    }
