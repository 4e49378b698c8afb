"""The fleet page and what its script reads again."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.common.access import is_admin
from apps.dashboard.fleet import SORTS, Wish, read_fleet
from apps.dashboard.frame import now_ms, page, person, rules, shared, stakes, system_shown
from apps.dashboard.totals import totals_shown

# Column, its head, and the order a first click gives.
COLUMNS = (
    ("name", "Bot", "name"),
    ("status", "Status", "status"),
    ("account", "Account", "account"),
    ("position", "Position", "-position"),
    ("unrealised", "Open PnL", "-unrealised"),
    ("realised", "Realised", "-realised"),
    ("total", "Total PnL", "-total"),
    ("price", "Price", ""),
    ("heartbeat", "Seen", "heartbeat"),
    ("signal", "Signal", "signal"),
)


@require_safe
@page
def fleet(request: HttpRequest) -> HttpResponse:
    """One row for each bot of the person; for admins, of everybody."""
    wish = Wish.of(request.GET)
    found = read_fleet(user=person(request), wish=wish)
    return render(
        request,
        "dashboard/fleet.html",
        {
            **shared(request),
            "fleet": found,
            "wish": wish,
            "columns": [_head(*column, wish=wish) for column in COLUMNS],
            "totals": totals_shown(found.figures.values()),
            "everybody": is_admin(request.user),
            "stakes": stakes(row.bot.account for row in found.rows),
            "live": {
                "at": now_ms(),
                "rules": rules(),
                "rows": [row.to_json() for row in found.rows],
            },
        },
    )


@require_safe
@page
def fleet_now(request: HttpRequest) -> HttpResponse:
    """The same as the page shows, for its script: rows, totals, counts, the system's state."""
    found = read_fleet(user=person(request), wish=Wish.of(request.GET))
    return JsonResponse(
        {
            "at": now_ms(),
            "rows": [row.to_json() for row in found.rows],
            "totals": totals_shown(found.figures.values()).to_json(),
            "counts": found.counts,
            "system": system_shown(),
        }
    )


def _head(name: str, title: str, first: str, *, wish: Wish) -> dict[str, Any]:
    """A column's head: what a click on it sorts by, and how it is sorted now."""
    if name not in SORTS:
        return {"name": name, "title": title}
    if wish.column != name:
        return {"name": name, "title": title, "sort": first}
    turned = name if wish.descending else f"-{name}"
    order = "descending" if wish.descending else "ascending"
    return {"name": name, "title": title, "sort": turned, "order": order}
