"""Admin pages of searches: what was asked for, how far it is, the best set and the doubts."""

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.accounts.models import User
from apps.bots.models import Bot
from apps.research.job_admin import JobAdmin
from apps.research.search import services
from apps.research.search.models import Search
from apps.research.search.tables import search_table, values


@admin.register(Search)
class SearchAdmin(JobAdmin):
    """Searches, newest first; they are asked for through the API."""

    list_display = ("number", "what", "state", "tried", "best_set", "user", "asked_at")
    fieldsets = (
        (None, {"fields": ("what", "state", "error", "user", "asked_at", "finished_at")}),
        ("Result", {"fields": ("tried", "best_set", "told")}),
        ("What was asked", {"fields": ("asked", "source", "spread")}),
        ("Engine", {"fields": (("engine_signature", "attempts"),)}),
    )

    def cancel_one(self, row: Search, actor: User) -> bool:
        return services.cancel_search(search=row, actor=actor)

    def bot_of(self, row: Search, actor: User) -> Bot:
        return services.start_paper_bot(search=row, actor=actor)

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
