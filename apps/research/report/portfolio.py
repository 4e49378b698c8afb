"""From a portfolio's result and its drawings to one self-contained page."""

from collections.abc import Mapping
from typing import Any

from apps.research.report import words
from apps.research.report.page import (
    MONTHS,
    embedded,
    filled,
    groups,
    headline,
    page_of,
    sources,
    years,
)


def render_portfolio(
    result: Mapping[str, Any],
    whole: Mapping[str, Any],
    drawings: Mapping[str, Mapping[str, Any]],
    *,
    title: str,
) -> str:
    """The page of all bots together, and that of each, shown when it is chosen.

    `result`: as `backtest --portfolio --json` prints it, trades or not; `drawings`: by bot.
    """
    metrics = result["metrics"]
    quote = next(iter(drawings.values()))["quote"]
    started, ended = (words.moment(metrics[name]) for name in ("started_at", "ended_at"))
    return filled(
        "portfolio.html",
        {
            "title": title,
            "label": f"{len(drawings)} bots that share their money",
            "quote": quote,
            "period": f"{started} to {ended} UTC",
            "bars": words.number(result["bars"], 0),
            "engine": " ".join(str(part) for part in result["engine"].values()),
            "warnings": result["warnings"],
            "headline": list(headline(metrics, quote)),
            "groups": list(groups(metrics, quote)),
            "month_names": MONTHS,
            "years": list(years(whole["months"])),
            "bots": [
                _bot(name, result["bots"][name], drawing) for name, drawing in drawings.items()
            ],
            "drawing": embedded({**whole, "cash": quote in words.CASH}),
            **sources("bot.js", "portfolio.js"),
        },
    )


def _bot(name: str, result: Mapping[str, Any], drawing: Mapping[str, Any]) -> dict[str, str]:
    """A row of the table, and the page below it."""
    metrics, places = result["metrics"], words.places_of(drawing["quote"])
    return {
        "name": name,
        "title": f"{name}: {result['strategy']} on {drawing['symbol']}",
        "market": drawing["symbol"],
        "capital": words.number(metrics["capital"], places),
        "equity": words.number(metrics["final_equity"], places),
        "return": words.percent(metrics["total_return"]),
        "pnl": words.number(metrics["profit"], places),
        "tone": words.tone(metrics["profit"]),
        "drawdown": words.percent(metrics["max_drawdown"]),
        "trades": words.number(metrics["trades"], 0),
        "won": words.told(metrics["win_rate"], "fraction", quote=drawing["quote"]),
        "page": filled("bot.html", page_of(result, drawing)),
    }
