"""The admin's frame: the sidebar by the glossary, the installation's name, the system's state."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse

from apps.operations.services import system_state

# Group, whether it is folded, and its pages: model, words, symbol.
GROUPS: tuple[tuple[str, bool, tuple[tuple[str, str, str], ...]], ...] = (
    (
        "Fleet",
        False,
        (
            ("bots.bot", "Bots", "smart_toy"),
            ("ledger.position", "Positions", "stacked_line_chart"),
            ("ledger.order", "Orders", "receipt_long"),
            ("ledger.fill", "Fills", "done_all"),
            ("bots.botlog", "Log", "article"),
            ("ledger.dailystat", "Daily figures", "calendar_month"),
        ),
    ),
    (
        "Research",
        False,
        (
            ("research.backtest", "Backtests", "query_stats"),
            ("research.search", "Searches", "travel_explore"),
        ),
    ),
    (
        "Accounts",
        False,
        (
            ("accounts.exchangeaccount", "Exchange accounts", "account_balance"),
            ("ledger.assetbalance", "Balances", "account_balance_wallet"),
            ("ledger.desk", "Desks", "support_agent"),
        ),
    ),
    (
        "Operations",
        False,
        (
            ("operations.systemstate", "System state", "emergency_home"),
            ("operations.workerprocess", "Worker processes", "memory"),
            ("audit.auditevent", "Audit", "fact_check"),
        ),
    ),
    (
        "Markets",
        False,
        (
            ("markets.market", "Markets", "storefront"),
            ("markets.marketprice", "Last prices", "sell"),
            ("bots.signal", "Signals", "sensors"),
            ("ledger.barfeed", "Feeds", "rss_feed"),
            ("markets.candleblock", "Stored bars", "candlestick_chart"),
        ),
    ),
    (
        "Journal and books",
        True,
        (
            ("ledger.botevent", "Journal", "menu_book"),
            ("bots.botconfiguration", "Configurations", "tune"),
            ("ledger.markscheckpoint", "Marks", "flag"),
            ("ledger.equitypoint", "Equity", "show_chart"),
            ("ledger.botbalance", "Bots' balances", "savings"),
            ("ledger.ledgerentry", "Ledger", "book"),
            ("ledger.venuefill", "Fills at the venue", "done"),
            ("ledger.venueorderstate", "Orders at the venue", "receipt"),
        ),
    ),
    (
        "People",
        False,
        (
            ("accounts.user", "Users", "group"),
            ("knox.authtoken", "API tokens", "key"),
        ),
    ),
)


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The sidebar, with the pages this person may open; what no group names comes last."""
    left = {model._meta.label_lower: page for model, page in admin.site._registry.items()}
    groups = []
    for title, folded, pages in GROUPS:
        items = []
        for label, words, symbol in pages:
            page = left.pop(label, None)
            if page is not None and page.has_module_permission(request):
                items.append(_item(label, words, symbol))
        groups.append(_group(title, folded, items))
    others = [
        _item(label, str(page.model._meta.verbose_name_plural).capitalize(), "table")
        for label, page in left.items()
        if page.has_module_permission(request)
    ]
    return [group for group in (*groups, _group("More", True, others)) if group["items"]]


def _group(title: str, folded: bool, items: list[dict[str, Any]]) -> dict[str, Any]:
    return {"title": title, "separator": False, "collapsible": folded, "items": items}


def _item(label: str, words: str, symbol: str) -> dict[str, Any]:
    address = reverse(f"admin:{label.replace('.', '_')}_changelist")
    return {"title": words, "icon": symbol, "link": address}


def installation(_request: HttpRequest) -> str:
    """Which installation this is: the four characters its orders carry."""
    return f"installation {settings.INSTALLATION_ID}"


def icon(_request: HttpRequest) -> str:
    """The same little picture as on the live pages."""
    return static("dashboard/favicon.svg")


def state_label(_request: HttpRequest) -> list[str]:
    """What bots may do now, at the top of every page."""
    state = system_state().state
    colours = {"RUNNING": "success", "PAUSED": "warning", "EMERGENCY_STOP": "danger"}
    money = "live trading on" if settings.TRADING_LIVE_MODE else "no live trading"
    return [f"{state.replace('_', ' ')} · {money}", colours.get(state, "info")]
