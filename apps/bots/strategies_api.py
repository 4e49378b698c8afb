"""REST: the strategies a bot can follow, and the parameters each declares."""

from typing import Any

from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from apps.bots.catalogue import known_strategies
from apps.common.api import View, endpoint
from apps.trading.params import Parameter
from apps.trading.strategy import Strategy


def shown(strategy: Strategy) -> dict[str, Any]:
    """What a strategy does, its parameters, their JSON Schema, its presets, what it needs."""
    return {
        "id": strategy.name,
        "name": strategy.title,
        "description": strategy.help,
        "parameters": [_parameter(item) for item in strategy.parameters],
        "presets": {
            name: {"description": preset.help, "values": dict(preset.values)}
            for name, preset in strategy.presets.items()
        },
        "needs": dict(strategy.needs),
        "schema": strategy.schema(),
    }


def _parameter(item: Parameter) -> dict[str, Any]:
    kind = item.schema()["type"]
    return {
        "name": item.name,
        "label": item.label(),
        "type": kind[0] if isinstance(kind, list) else kind,
        "default": item.default,
        "min": item.low,
        "max": item.high,
        "choices": list(item.choices) or None,
        "optional": item.optional,
        "unit": item.unit or None,
        "description": item.help,
    }


class Strategies(View):
    """GET: every strategy, by name."""

    def get(self, request: Request) -> Response:
        return Response({"results": [shown(item) for item in known_strategies().values()]})


class OneStrategy(View):
    """GET: one strategy's definition."""

    def get(self, request: Request, strategy: str) -> Response:
        known = known_strategies()
        if strategy not in known:
            raise Http404(f"There is no strategy {strategy[:60]!r}. Known: {', '.join(known)}.")
        return Response(shown(known[strategy]))


urlpatterns = [
    endpoint("strategies", Strategies, "strategies"),
    endpoint("strategies/{strategy}", OneStrategy, "strategy"),
]
