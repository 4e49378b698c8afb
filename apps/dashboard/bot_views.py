"""The page of one bot and what its script reads again."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe

from apps.bots.models import Bot
from apps.bots.visible import find_bot
from apps.common.access import is_admin
from apps.dashboard import charts, one_bot
from apps.dashboard.configuration import configuration_shown
from apps.dashboard.fleet import rows_of
from apps.dashboard.frame import now_ms, page, person, rules, shared, stakes, system_shown
from apps.dashboard.rows import Row
from apps.trading.bar import timeframe_ms

LEVELS = ("INFO", "WARNING", "ERROR")


@require_safe
@page
def bot(request: HttpRequest, number: int) -> HttpResponse:
    """Everything about one bot."""
    found = find_bot(reference=str(number), user=person(request))
    row = rows_of([found])[0]
    return render(
        request,
        "dashboard/bot.html",
        {
            **shared(request),
            "bot": found,
            "row": row,
            "everybody": is_admin(request.user),
            "stakes": stakes([found.account]),
            "configuration": configuration_shown(found),
            "log": one_bot.log_shown(found),
            "levels": LEVELS,
            "live": {"rules": rules(), **_now(found, row), "bars": _bars(found)},
            **_tables(found),
        },
    )


@require_safe
@page
def bot_now(request: HttpRequest, number: int) -> HttpResponse:
    """What changes on the page, for its script."""
    found = find_bot(reference=str(number), user=person(request))
    parts = {
        name: render_to_string(f"dashboard/{name}.html", {"lines": lines, "bot": found})
        for name, lines in _tables(found).items()
    }
    since = _whole(request.GET.get("since"))
    return JsonResponse(
        {
            **_now(found, rows_of([found])[0]),
            "parts": parts,
            "bars": _bars(found, since=since * 1000 if since else None),
            "system": system_shown(),
        }
    )


@require_safe
@page
def bot_log(request: HttpRequest, number: int) -> HttpResponse:
    """The newest lines of the log from a level on, as the page lists them."""
    found = find_bot(reference=str(number), user=person(request))
    level = request.GET.get("level", "")
    lines = one_bot.log_shown(found, level=level if level in LEVELS else "")
    return render(request, "dashboard/log_lines.html", {"log": lines})


def _tables(found: Bot) -> dict[str, list[one_bot.Line]]:
    return {
        "positions": one_bot.positions_shown(found),
        "orders": one_bot.orders_shown(found),
        "fills": one_bot.fills_shown(found),
    }


def _now(found: Bot, row: Row) -> dict[str, Any]:
    now = now_ms()
    return {
        "at": now,
        "row": row.to_json(),
        "marks": charts.fills_on_chart(bot=found),
        "lines": charts.lines_of(bot=found),
        "equity": charts.equity_of(bot=found, now=now),
        "step_s": timeframe_ms(found.timeframe) // 1000,
    }


def _bars(found: Bot, *, since: int | None = None) -> list[list[float]]:
    return charts.bars_of(bot=found, now=now_ms(), since=since)


def _whole(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 13 else 0
