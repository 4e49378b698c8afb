"""How backtests look in the REST API."""

from typing import Any

from rest_framework import serializers

from apps.research.models import Backtest


class BacktestShape(serializers.ModelSerializer[Backtest]):
    """A backtest as a list shows it: what was asked, how far it is, its main figures."""

    user = serializers.CharField(source="user.username")
    parameters = serializers.SerializerMethodField()
    plan = serializers.SerializerMethodField()
    capital = serializers.SerializerMethodField()

    class Meta:
        model = Backtest
        fields: tuple[str, ...] = (
            "id",
            "number",
            "name",
            "user",
            "strategy",
            "symbol",
            "timeframe",
            "parameters",
            "plan",
            "capital",
            "source",
            "status",
            "progress",
            "stage",
            "error",
            "cancel_requested",
            "bars",
            "trades",
            "total_return",
            "max_drawdown",
            "win_rate",
            "profit_factor",
            "sharpe",
            "score",
            "engine_version",
            "engine_signature",
            "created_at",
            "started_at",
            "finished_at",
        )

    def get_parameters(self, row: Backtest) -> Any:
        return row.wish["parameters"]

    def get_plan(self, row: Backtest) -> Any:
        return row.wish["plan"]

    def get_capital(self, row: Backtest) -> Any:
        return row.wish["capital"]


class WholeBacktestShape(BacktestShape):
    """A backtest with all it was asked and its whole result."""

    columns = serializers.SerializerMethodField()

    class Meta(BacktestShape.Meta):
        fields = (*BacktestShape.Meta.fields, "wish", "columns", "result")

    def get_columns(self, row: Backtest) -> dict[str, int]:
        """How many values each has: whoever gave them has them."""
        return {name: len(each["values"]) for name, each in row.columns.items()}
