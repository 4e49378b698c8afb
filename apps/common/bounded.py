"""Admin lists over tables that grow for ever: no page may read a whole table."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db import OperationalError, connection, transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import SimpleTemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property

from apps.common.admin import ReadOnlyAdmin

COUNTED = 10_000
PATIENCE_MS = 5_000
_TOO_MUCH = "That would read too much: name a bot, an id or a shorter time."


class CappedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts as far as anybody pages; counting millions of rows would read them all."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by()[: COUNTED + 1].count())


class SinceFilter(admin.SimpleListFilter):
    """Rows younger than a while; make one with `since("born_at")`."""

    title = "time"
    parameter_name = "since"
    column = ""
    default_hours: float | None = None
    spans: ClassVar[dict[str, tuple[str, float]]] = {
        "hour": ("last hour", 1),
        "day": ("last day", 24),
        "week": ("last week", 168),
        "month": ("last 30 days", 720),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, words) for name, (words, _) in self.spans.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        span = self.spans.get(self.value() or "")
        hours = span[1] if span else self.default_hours
        narrowed = span is None and (request.GET.get("q") or request.GET.get("bot"))
        if hours is None or narrowed:
            return queryset
        since = timezone.now() - timedelta(hours=hours)
        return queryset.filter(**{f"{self.column}__gte": since})


def since(column: str, *, default_hours: float | None = None) -> type[SinceFilter]:
    """A filter by a time column; with a default, rows older are shown for a bot or a search."""
    fields = {"column": column, "default_hours": default_hours}
    return type("Since", (SinceFilter,), fields)


class BoundedAdmin(ReadOnlyAdmin):
    """Newest rows first, found by exact ids or by what owns them, within a few seconds.

    `exact`: indexed columns that a search compares. `owners`: rows of a small table that a
    search may mean by name; the function takes request and words and returns a condition.
    """

    paginator = CappedPaginator
    sortable_by: ClassVar[tuple[str, ...]] = ()
    exact: ClassVar[tuple[str, ...]] = ()
    owners: ClassVar[Callable[[HttpRequest, str], Q] | None] = None

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[Any]:
        class Ordered(super().get_changelist(request, **kwargs)):  # type: ignore[misc]
            def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[str]:
                # Any other order than the index's would sort the whole table.
                return list(self.model_admin.get_ordering(request))

        return Ordered

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        # What makes the page draw the box; the search itself is below.
        return self.exact or (("pk",) if self.owners else ())

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        words = search_term.strip()
        if not words:
            return queryset, False
        found = Q()
        for column in self.exact:
            found |= Q(**{column: words[:120]})
        if self.owners is not None:
            found |= type(self).owners(request, words)  # type: ignore[misc]
        return queryset.filter(found), False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        try:
            with transaction.atomic(), patience():
                answer: HttpResponse = super().changelist_view(request, extra_context)
                if isinstance(answer, SimpleTemplateResponse):
                    # Rows are read while the page is drawn.
                    answer.render()
                return answer
        except OperationalError as error:
            if "statement timeout" not in str(error):
                raise
            self.message_user(request, _TOO_MUCH, messages.WARNING)
            return HttpResponseRedirect(request.path if request.GET else reverse("admin:index"))


@contextmanager
def patience() -> Iterator[None]:
    """Let the database give up a statement of this transaction after a few seconds."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(PATIENCE_MS)])
    yield
