"""Admin pages of searches: what was asked for, how far it is, the best set and the doubts."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.common.access import may_write
from apps.common.admin import ReadOnlyAdmin
from apps.common.shown import Tone, ago, chip
from apps.research.models import Job
from apps.research.refusals import ResearchRefused
from apps.research.search import services
from apps.research.search.models import Search
from apps.research.search.tables import search_table, values

_TONES: dict[str, Tone] = {"running": "calm", "done": "good", "failed": "bad", "canceled": "warn"}


@admin.register(Search)
class SearchAdmin(ReadOnlyAdmin):
    """Searches, newest first; they are asked for through the API."""

    owner = "user"
    list_display = ("number", "what", "state", "tried", "best_set", "user", "asked_at")
    list_display_links = ("number", "what")
    list_filter = ("status", "strategy", "timeframe")
    list_select_related = ("user",)
    search_fields = ("name", "strategy", "symbol", "user__username")
    search_help_text = "Name, strategy, symbol such as BTC/USDT, or owner"
    ordering = ("-number",)
    actions: tuple[str, ...] = ("cancel", "paper_bot", "remove")
    fieldsets = (
        (None, {"fields": ("what", "state", "error", "user", "asked_at", "finished_at")}),
        ("Result", {"fields": ("tried", "best_set", "told")}),
        ("What was asked", {"fields": ("asked", "source", "spread")}),
        ("Engine", {"fields": (("engine_signature", "attempts"),)}),
    )

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions: dict[str, Any] = super().get_actions(request)
        return actions if may_write(request.user) else {}

    # ---- actions -------------------------------------------------------------------------------

    @admin.action(description="Cancel")
    def cancel(self, request: HttpRequest, rows: QuerySet[Search]) -> None:
        reached = sum(
            services.cancel_search(search=row, actor=self.person(request)) for row in rows
        )
        self.message_user(request, f"{reached} canceled.", messages.SUCCESS)

    @admin.action(description="Make a paper bot of the best set of each, stopped")
    def paper_bot(self, request: HttpRequest, rows: QuerySet[Search]) -> None:
        for row in rows:
            try:
                bot = services.start_paper_bot(search=row, actor=self.person(request))
            except ResearchRefused as refused:
                self.message_user(request, f"{row}: {refused}.", messages.ERROR)
                continue
            address = reverse("admin:bots_bot_change", args=[bot.pk])
            done = format_html('{} is <a href="{}">{}</a>, stopped.', row, address, bot)
            self.message_user(request, done, messages.SUCCESS)

    @admin.action(description="Delete those that are over")
    def remove(self, request: HttpRequest, rows: QuerySet[Search]) -> None:
        for row in rows:
            try:
                services.delete_search(search=row, actor=self.person(request))
            except ResearchRefused as refused:
                self.message_user(request, f"{refused}.", messages.ERROR)

    # ---- columns -------------------------------------------------------------------------------

    @admin.display(description="search", ordering="strategy")
    def what(self, row: Search) -> str:
        told = f"{row.strategy} {row.symbol} {row.timeframe}"
        return f"{row.name} ({told})" if row.name else told

    @admin.display(description="status", ordering="status")
    def state(self, row: Search) -> SafeString:
        if row.status == Job.Status.RUNNING:
            ending = ", ends soon" if row.cancel_requested else ""
            return chip(f"{row.progress:.0%} {row.stage}{ending}".strip(), "calm")
        return chip(row.status, _TONES.get(row.status, "plain"), title=row.error)

    @admin.display(description="sets tried", ordering="sets_done")
    def tried(self, row: Search) -> str:
        return f"{row.sets_done:,} of {row.sets:,}"

    @admin.display(description="best set")
    def best_set(self, row: Search) -> str:
        return values(row.best["values"]) if row.best else ""

    @admin.display(description="told")
    def told(self, row: Search) -> SafeString | str:
        if row.result is None:
            return ""
        return format_html("<pre>{}</pre>", search_table(row.result))

    @admin.display(description="asked", ordering="created_at")
    def asked_at(self, row: Search) -> SafeString | str:
        return ago(row.created_at)
