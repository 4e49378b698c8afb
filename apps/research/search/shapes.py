"""How searches look in the REST API."""

from rest_framework import serializers

from apps.research.search.models import Search


class SearchShape(serializers.ModelSerializer[Search]):
    """A search as a list shows it: what was asked, how far it is, the best set so far."""

    user = serializers.CharField(source="user.username")

    class Meta:
        model = Search
        fields: tuple[str, ...] = (
            "id",
            "number",
            "name",
            "user",
            "strategy",
            "symbol",
            "timeframe",
            "source",
            "spread",
            "sets",
            "sets_done",
            "best",
            "status",
            "progress",
            "stage",
            "error",
            "cancel_requested",
            "engine_signature",
            "created_at",
            "started_at",
            "finished_at",
        )


class WholeSearchShape(SearchShape):
    """A search with all it was asked and its whole result."""

    columns = serializers.SerializerMethodField()

    class Meta(SearchShape.Meta):
        fields = (*SearchShape.Meta.fields, "asked", "columns", "result")

    def get_columns(self, row: Search) -> dict[str, int]:
        """How many values each has: whoever gave them has them."""
        return {name: len(each["values"]) for name, each in row.columns.items()}
