"""What the admin pages of everything that is researched share."""

from abc import abstractmethod
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.accounts.models import User
from apps.bots.models import Bot
from apps.common.access import may_write
from apps.common.admin import ReadOnlyAdmin
from apps.common.shown import Tone, ago, chip
from apps.research import services
from apps.research.models import Backtest, Job, Search
from apps.research.refusals import ResearchRefused

_TONES: dict[str, Tone] = {"running": "calm", "done": "good", "failed": "bad", "canceled": "warn"}


class JobAdmin(ReadOnlyAdmin):
    """Rows of one kind, newest first; they are asked for through the API."""

    owner = "user"
    list_display_links = ("number", "what")
    list_filter = ("status", "strategy", "timeframe")
    list_select_related = ("user",)
    search_fields = ("name", "strategy", "symbol", "user__username")
    search_help_text = "Name, strategy, symbol such as BTC/USDT, or owner"
    ordering = ("-number",)
    actions: tuple[str, ...] = ("cancel", "paper_bot", "remove")

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions: dict[str, Any] = super().get_actions(request)
        return actions if may_write(request.user) else {}

    # ---- actions -------------------------------------------------------------------------------

    def cancel_one(self, row: Any, actor: User) -> bool:
        """End it; False when it was over."""
        return services.cancel_job(job=row, actor=actor)

    @abstractmethod
    def bot_of(self, row: Any, actor: User) -> Bot:
        """Make a stopped paper bot of it; ResearchRefused."""

    @admin.action(description="Cancel")
    def cancel(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        reached = sum(self.cancel_one(row, self.person(request)) for row in rows)
        self.message_user(request, f"{reached} canceled.", messages.SUCCESS)

    @admin.action(description="Make a paper bot of each, stopped")
    def paper_bot(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        for row in rows:
            try:
                bot = self.bot_of(row, self.person(request))
            except ResearchRefused as refused:
                self.message_user(request, f"{row}: {refused}.", messages.ERROR)
                continue
            address = reverse("admin:bots_bot_change", args=[bot.pk])
            done = format_html('{} is <a href="{}">{}</a>, stopped.', row, address, bot)
            self.message_user(request, done, messages.SUCCESS)

    @admin.action(description="Delete those that are over")
    def remove(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        for row in rows:
            try:
                services.delete_job(job=row, actor=self.person(request))
            except ResearchRefused as refused:
                self.message_user(request, f"{refused}.", messages.ERROR)

    # ---- columns -------------------------------------------------------------------------------

    @admin.display(description="what", ordering="strategy")
    def what(self, row: Backtest | Search) -> str:
        told = f"{row.strategy} {row.symbol} {row.timeframe}"
        return f"{row.name} ({told})" if row.name else told

    @admin.display(description="status", ordering="status")
    def state(self, row: Job) -> SafeString:
        if row.status == Job.Status.RUNNING:
            ending = ", ends soon" if row.cancel_requested else ""
            return chip(f"{row.progress:.0%} {row.stage}{ending}".strip(), "calm")
        return chip(row.status, _TONES.get(row.status, "plain"), title=row.error)

    @admin.display(description="asked", ordering="created_at")
    def asked_at(self, row: Backtest | Search) -> SafeString | str:
        return ago(row.created_at)
