"""From a result and its drawing to one self-contained page."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

from django.template import Context, Engine

from apps.research.report import words
from apps.trading.metrics import figures
from apps.trading.metrics.sheet import GROUPS, RISK
from apps.trading.params import Parameter
from apps.trading.plan import Plan
from apps.trading.strategy import strategies
from apps.trading.terms import PLAN_TERMS
from config.packages import inside

HERE = Path(__file__).parent
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
HEADLINE = (
    ("total_return", "cagr"),
    ("max_drawdown", "longest_underwater_s"),
    ("sharpe", "sortino"),
    ("profit_factor", "expectancy"),
    ("trades", "trades_per_day"),
    ("win_rate", "payoff_ratio"),
    ("buy_and_hold", "market_change"),
    ("score", "exposure"),
)
FEW_DAYS = 30
TONED = frozenset({"total_return", "buy_and_hold"})


def render(result: Mapping[str, Any], drawing: Mapping[str, Any]) -> str:
    """The page of a result (as `backtest --json` prints it, trades or not) and its drawing.

    The charts' code comes from inside the lightweight-charts package.
    """
    return filled("page.html", {**page_of(result, drawing), **sources("bot.js", "page.js")})


def filled(template: str, context: Mapping[str, Any]) -> str:
    """One of the templates here with its values."""
    engine = Engine(dirs=[str(HERE)], autoescape=True)
    return engine.get_template(template).render(Context(dict(context), use_l10n=False))


def sources(*scripts: str) -> dict[str, Any]:
    """What makes the page complete in itself."""
    return {
        "style": _read(HERE / "page.css"),
        "scripts": [_read(HERE / name) for name in ("charts.js", *scripts)],
        # A browser would stop at this word, even within a string of the code.
        "library": _read(charts_source()).replace("</script", "<\\/script"),
    }


def charts_source() -> Path:
    return inside("lightweight_charts", "js") / "lightweight-charts.js"


@cache
def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def page_of(result: Mapping[str, Any], drawing: Mapping[str, Any]) -> dict[str, Any]:
    """What the page of one bot shows, in words."""
    metrics, quote = result["metrics"], drawing["quote"]
    started, ended = (words.moment(metrics[name]) for name in ("started_at", "ended_at"))
    engine = result.get("engine") or {}
    return {
        "title": f"{result['strategy']} on {drawing['symbol']}",
        "label": drawing["label"],
        "symbol": drawing["symbol"],
        "quote": quote,
        "period": f"{started} to {ended} UTC",
        "bars": words.number(drawing["bars"], 0),
        "engine": " ".join(str(part) for part in engine.values()),
        "warnings": [str(line) for line in result.get("warnings") or ()],
        "headline": list(headline(metrics, quote)),
        "groups": list(groups(metrics, quote)),
        "params": _parameters(result),
        "plan": _plan(result["plan"]),
        "month_names": MONTHS,
        "years": list(years(drawing["months"])),
        "reasons": [_reason(each, quote) for each in drawing["reasons"]],
        "open_trades": [_open_trade(each, drawing) for each in drawing["open"]],
        **_spread(drawing["ratios"]),
        "thinning": _thinning(drawing),
        "drawing": embedded({**drawing, "cash": quote in words.CASH}),
    }


def embedded(value: Any) -> str:
    """JSON that cannot end the element it stands in."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def headline(metrics: Mapping[str, Any], quote: str) -> Iterator[dict[str, str]]:
    """The figures people look at first."""
    known = {each.name: each for each in figures()}
    for name, below in HEADLINE:
        first, second = known[name], known[below]
        note = f"{second.label} {words.told(metrics.get(below), second.unit, quote=quote)}"
        yield {
            "label": first.label,
            "value": words.told(metrics.get(name), first.unit, quote=quote),
            "tone": words.tone(metrics.get(name)) if name in TONED else "flat",
            "note": note,
        }


def groups(metrics: Mapping[str, Any], quote: str) -> Iterator[dict[str, Any]]:
    """All figures, by what they tell of."""
    days = metrics["elapsed_s"] / 86_400
    for group in GROUPS:
        short = group == RISK and days < FEW_DAYS
        yield {
            "name": group,
            "note": f"{days:.1f} days are too few to judge a year by." if short else "",
            "figures": [
                {
                    "label": each.label,
                    "meaning": each.meaning,
                    "value": words.told(metrics.get(each.name), each.unit, quote=quote),
                }
                for each in figures()
                if each.group == group
            ],
        }


def _parameters(result: Mapping[str, Any]) -> list[dict[str, str]]:
    strategy = strategies().get(result["strategy"])
    units = _units(strategy.parameters if strategy else ())
    return [
        {"name": name, "value": words.setting(value, units.get(name, ""))}
        for name, value in result["params"].items()
    ]


def _plan(plan: Mapping[str, Any]) -> list[dict[str, str]]:
    """The fields whose value is not the one of a plan in which they were left out."""
    usual = {item.name: item.default for item in fields(Plan)}
    units = _units(PLAN_TERMS)
    return [
        {"name": name, "value": words.setting(value, units.get(name, ""))}
        for name, value in plan.items()
        if value != usual.get(name) and value not in (None, [])
    ]


def _units(parameters: tuple[Parameter, ...]) -> dict[str, str]:
    return {each.name: each.unit for each in parameters}


def years(months: list[list[Any]]) -> Iterator[dict[str, Any]]:
    """A row of twelve cells per year; the deeper the colour, the larger the month."""
    largest = max((abs(change) for _, _, change in months), default=0.0) or 1.0
    for year in sorted({year for year, _, _ in months}):
        changes = {month: change for each, month, change in months if each == year}
        growth = 1.0
        for change in changes.values():
            growth *= 1.0 + change
        yield {
            "name": str(year),
            "months": [_month(changes.get(place), largest) for place in range(1, 13)],
            "value": words.percent(growth - 1.0),
            "tone": words.tone(growth - 1.0),
        }


def _month(change: float | None, largest: float) -> dict[str, str]:
    if change is None:
        return {"value": "", "tone": "flat", "depth": "0"}
    depth = 6 + 26 * abs(change) / largest if change else 0
    return {
        "value": words.percent(change),
        "tone": words.tone(change),
        "depth": f"{depth:.0f}",
    }


def _reason(each: Mapping[str, Any], quote: str) -> dict[str, str]:
    return {
        "reason": str(each["reason"]).replace("_", " "),
        "trades": words.number(each["trades"], 0),
        "won": words.percent(each["wins"] / each["trades"], 1),
        "average": words.percent(each["average"]),
        "pnl": words.number(each["pnl"], words.places_of(quote)),
        "tone": words.tone(each["pnl"]),
    }


def _open_trade(each: Mapping[str, Any], drawing: Mapping[str, Any]) -> str:
    quote = drawing["quote"]
    return (
        f"since {words.moment(each['opened_at'])} UTC: {each['quantity']:.8g} {drawing['base']} "
        f"bought at {each['entry_price']:.8g}, now {each['last_price']:.8g}: "
        f"{words.number(each['unrealised'], words.places_of(quote))} {quote} "
        f"({words.percent(each['unrealised_ratio'])})"
    )


def _spread(ratios: Mapping[str, Any]) -> dict[str, Any]:
    """Bars of the histogram, in percent of its highest."""
    counts, step, first = ratios["counts"], ratios["step"], ratios["first"]
    most = max(counts, default=0) or 1
    places = 2 if step >= 0.0001 else 4
    edge = [words.percent((first + k) * step, places) for k in range(len(counts) + 1)]
    return {
        "bars_of_ratios": [
            {
                "height": f"{100 * count / most:.1f}",
                "tone": "loss" if first + k < 0 else "gain",
                "title": f"{edge[k]} to {edge[k + 1]}: {words.number(count, 0)} trades",
            }
            for k, count in enumerate(counts)
        ],
        "spread_low": edge[0],
        "spread_high": edge[-1],
        "spread_label": f"Trades by what they earned, from {edge[0]} to {edge[-1]}",
    }


def _thinning(drawing: Mapping[str, Any]) -> str:
    """What the page leaves out of the run, in a sentence or two."""
    told = []
    span_ms = drawing["candles"]["span_ms"]
    if span_ms > drawing["bar_ms"]:
        told.append(
            f"The chart joins bars of {words.span(drawing['bar_ms'] / 1000)} into candles of "
            f"{words.span(span_ms / 1000)}; the best, worst and newest trades are drawn closer."
        )
    if drawing["trades"]["first"]:
        told.append("Only the newest trades are listed; the figures are of all.")
    return " ".join(told)
