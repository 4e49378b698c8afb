"""ccxt's own shipped test functions: which exist, with what arguments, and which do not apply."""

import contextlib
import importlib
import io
from pathlib import Path
from typing import Any, Literal

import ccxt

Flavour = Literal["sync", "async", "pro"]

SYMBOL = "BTC/USDT"
KEY = {"apiKey": "conformance", "secret": "conformance-secret"}
BALANCES = {"USDT": "1000000", "BTC": "20", "ETH": "300"}

_FOLDERS: dict[Flavour, str] = {
    "sync": "test/exchange/sync",
    "async": "test/exchange/async",
    "pro": "pro/test/Exchange",
}
_MODULES: dict[Flavour, str] = {
    "sync": "ccxt.test.exchange.sync",
    "async": "ccxt.test.exchange.async",
    "pro": "ccxt.pro.test.Exchange",
}

_CONTRACTS = "contracts only: ccxt asks the futures hosts or refuses a spot market"
_MARGIN = "margin only: a spot exchange has no such endpoint"
_FUNDS = "moves or lists transfers of funds, which is no part of trading"
_UNSUPPORTED = "ccxt's binance class does not implement it"
_BROKEN = "broken as shipped: "

# The one table of what is not run, and why. A name that is neither here nor passing fails.
EXCLUDED: dict[str, str] = {
    "create_order": _BROKEN + "subscripts the exchange and adds a float to text in a debug print",
    "fetch_accounts": _UNSUPPORTED,
    "fetch_borrow_interest": _MARGIN,
    "fetch_deposit_withdrawals": _UNSUPPORTED,
    "fetch_deposits": _FUNDS,
    "fetch_funding_rate_history": _CONTRACTS,
    "fetch_ledger": _CONTRACTS,
    "fetch_ledger_entry": _CONTRACTS,
    "fetch_leverage_tiers": _CONTRACTS,
    "fetch_liquidations": _CONTRACTS,
    "fetch_margin_mode": _CONTRACTS,
    "fetch_margin_modes": _CONTRACTS,
    "fetch_market_leverage_tiers": _CONTRACTS,
    "fetch_markets": _BROKEN + "wants a dictionary where every ccxt class returns a list",
    "fetch_my_liquidations": _MARGIN,
    "fetch_open_interest_history": _CONTRACTS,
    "fetch_order_books": _UNSUPPORTED,
    "fetch_positions": _CONTRACTS,
    "fetch_transfers": _FUNDS,
    "fetch_withdrawals": _FUNDS,
    "proxies": "asks a public proxy server of ccxt's authors",
    "un_watch_positions": _CONTRACTS,
    "watch_liquidations": _BROKEN + "uses the module time without importing it; contracts only",
    "watch_liquidations_for_symbols": _BROKEN + "uses time without importing it; contracts only",
    "watch_position": _UNSUPPORTED,
    "watch_positions": _CONTRACTS,
}

# Binance's REST order book carries no time, as ccxt's own list of skips says for this exchange.
_NO_TIME = {"timestamp": "not in the answer", "datetime": "not in the answer"}
SKIPPED_PROPERTIES: dict[str, dict[str, str]] = {
    "fetch_l2_order_book": _NO_TIME,
    "fetch_order_book": _NO_TIME,
    "fetch_trades": {"sideSequence": "two takers may trade within one millisecond"},
    "watch_order_book": _NO_TIME,
    "watch_order_book_for_symbols": _NO_TIME,
}

_WITHOUT_ARGUMENTS = {
    "after_construct",
    "features",
    "fetch_balance",
    "fetch_currencies",
    "fetch_status",
    "fetch_trading_fees",
    "fetch_transaction_fees",
    "load_markets",
    "sign_in",
}


def shipped(flavour: Flavour) -> list[str]:
    """Names of the shipped test functions, without `test_`."""
    folder = Path(ccxt.__file__).parent / _FOLDERS[flavour]
    return sorted(path.stem.removeprefix("test_") for path in folder.glob("test_*.py"))


def applicable(flavour: Flavour) -> list[str]:
    return [name for name in shipped(flavour) if name not in EXCLUDED]


def function(flavour: Flavour, name: str) -> Any:
    """The shipped function; its module prints while it is imported and run."""
    with contextlib.redirect_stdout(io.StringIO()):
        module = importlib.import_module(f"{_MODULES[flavour]}.test_{name}")
    return getattr(module, f"test_{name}")


def arguments(name: str) -> list[Any]:
    """Skipped properties, then what ccxt's own runner passes for a spot exchange."""
    skipped = SKIPPED_PROPERTIES.get(name, {})
    if name in _WITHOUT_ARGUMENTS:
        return [skipped]
    if name == "watch_balance":
        return [skipped, "USDT"]
    if name in {"watch_order_book_for_symbols", "watch_trades_for_symbols"}:
        return [skipped, [SYMBOL, "ETH/USDT"]]
    return [skipped, SYMBOL]


def configuration(base_url: str) -> dict[str, Any]:
    """Configuration of an unpatched ccxt class for a simulated venue: addresses and options."""
    stream = "ws" + base_url.removeprefix("http")
    return {
        **KEY,
        "enableRateLimit": False,
        "urls": {
            "api": {
                "public": f"{base_url}/api/v3",
                "private": f"{base_url}/api/v3",
                "v1": f"{base_url}/api/v1",
                "sapi": f"{base_url}/sapi/v1",
                "sapiV2": f"{base_url}/sapi/v2",
                "sapiV3": f"{base_url}/sapi/v3",
                "ws": {"spot": f"{stream}/stream/ws", "ws-api": {"spot": f"{stream}/ws-api/v3"}},
            }
        },
        # A spot exchange: ccxt's class also serves the futures hosts.
        "has": {"swap": False, "future": False, "option": False, "margin": False},
        "options": {
            "fetchMarkets": {"types": ["spot"]},
            "fetchMargins": False,
            "defaultType": "spot",
            "fetchOpenOrders": {"warnWithoutSymbol": False},
        },
    }


def opened(kind: Any, base_url: str) -> Any:
    """An instance of an unpatched ccxt class for a simulated venue."""
    client = kind(configuration(base_url))
    # ccxt picks its table of errors by the real host's name.
    client.exceptions["exact"].update(client.exceptions["spot"]["exact"])
    return client
