"""Admin pages of research: what was asked for, how far it is, what came out."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.common.access import may_write
from apps.common.admin import ReadOnlyAdmin
from apps.common.shown import Tone, ago, chip
from apps.research import services
from apps.research.models import Backtest, Job
from apps.research.queries import LONG
from apps.research.refusals import ResearchRefused
from apps.research.reports import stored_page
from apps.research.search.admin import SearchAdmin

# Django looks for admin pages in this module only.
__all__ = ["BacktestAdmin", "SearchAdmin"]
_TONES: dict[str, Tone] = {"running": "calm", "done": "good", "failed": "bad", "canceled": "warn"}


@admin.register(Backtest)
class BacktestAdmin(ReadOnlyAdmin):
    """Backtests, newest first; they are asked for through the API."""

    owner = "user"
    list_display = (
        "number",
        "what",
        "state",
        "net_return",
        "deepest_fall",
        "trades",
        "winners",
        "sharpe_ratio",
        "composite",
        "report",
        "user",
        "asked",
    )
    list_display_links = ("number", "what")
    list_filter = ("status", "strategy", "timeframe")
    list_select_related = ("user",)
    search_fields = ("name", "strategy", "symbol", "user__username")
    search_help_text = "Name, strategy, symbol such as BTC/USDT, or owner"
    ordering = ("-number",)
    actions: tuple[str, ...] = ("cancel", "paper_bot", "remove")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "what",
                    "state",
                    "report",
                    "error",
                    "user",
                    "asked",
                    "started_at",
                    "finished_at",
                )
            },
        ),
        (
            "Figures",
            {
                "fields": (
                    "net_return",
                    "deepest_fall",
                    ("trades", "winners"),
                    ("sharpe_ratio", "profit_factor", "composite"),
                    "bars",
                )
            },
        ),
        ("What was asked", {"fields": ("wish", "source")}),
        ("Engine", {"fields": (("engine_version", "engine_signature"), "attempts")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        # Results are long, and their figures stand in columns.
        return super().get_queryset(request).defer(*LONG)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions: dict[str, Any] = super().get_actions(request)
        return actions if may_write(request.user) else {}

    # ---- the report ----------------------------------------------------------------------------

    def get_urls(self) -> list[Any]:
        report = path(
            "<path:object_id>/report/",
            self.admin_site.admin_view(self.report_view),
            name="research_backtest_report",
        )
        return [report, *super().get_urls()]

    def report_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The page with charts; complete in itself."""
        row = self.get_object(request, object_id)
        if row is None or not self.has_view_permission(request, row):
            raise Http404
        try:
            return HttpResponse(stored_page(row))
        except ResearchRefused as refused:
            return HttpResponse(str(refused), status=409, content_type="text/plain")

    @admin.display(description="report")
    def report(self, row: Backtest) -> SafeString | str:
        if row.status != Job.Status.DONE:
            return ""
        address = reverse("admin:research_backtest_report", args=[row.pk])
        return format_html('<a href="{}" target="_blank" rel="noopener">open</a>', address)

    # ---- actions -------------------------------------------------------------------------------

    @admin.action(description="Cancel")
    def cancel(self, request: HttpRequest, rows: QuerySet[Backtest]) -> None:
        reached = sum(services.cancel_job(job=row, actor=self.person(request)) for row in rows)
        self.message_user(request, f"{reached} canceled.", messages.SUCCESS)

    @admin.action(description="Make a paper bot of each, stopped")
    def paper_bot(self, request: HttpRequest, rows: QuerySet[Backtest]) -> None:
        for row in rows:
            try:
                bot = services.start_paper_bot(backtest=row, actor=self.person(request))
            except ResearchRefused as refused:
                self.message_user(request, f"{row}: {refused}.", messages.ERROR)
                continue
            address = reverse("admin:bots_bot_change", args=[bot.pk])
            done = format_html('{} is <a href="{}">{}</a>, stopped.', row, address, bot)
            self.message_user(request, done, messages.SUCCESS)

    @admin.action(description="Delete those that are over")
    def remove(self, request: HttpRequest, rows: QuerySet[Backtest]) -> None:
        for row in rows:
            try:
                services.delete_job(job=row, actor=self.person(request))
            except ResearchRefused as refused:
                self.message_user(request, f"{refused}.", messages.ERROR)

    # ---- columns -------------------------------------------------------------------------------

    @admin.display(description="backtest", ordering="strategy")
    def what(self, row: Backtest) -> str:
        told = f"{row.strategy} {row.symbol} {row.timeframe}"
        return f"{row.name} ({told})" if row.name else told

    @admin.display(description="status", ordering="status")
    def state(self, row: Backtest) -> SafeString:
        if row.status == Job.Status.RUNNING:
            ending = ", ends soon" if row.cancel_requested else ""
            return chip(f"{row.progress:.0%} {row.stage}{ending}".strip(), "calm")
        return chip(row.status, _TONES.get(row.status, "plain"), title=row.error)

    @admin.display(description="return", ordering="total_return")
    def net_return(self, row: Backtest) -> SafeString | str:
        if row.total_return is None:
            return ""
        tone = "good" if row.total_return > 0 else "bad" if row.total_return < 0 else "plain"
        return format_html('<span class="amount {}">{}</span>', tone, f"{row.total_return:+.2%}")

    @admin.display(description="max drawdown", ordering="max_drawdown")
    def deepest_fall(self, row: Backtest) -> str:
        return "" if row.max_drawdown is None else f"{row.max_drawdown:.2%}"

    @admin.display(description="win rate", ordering="win_rate")
    def winners(self, row: Backtest) -> str:
        return "" if row.win_rate is None else f"{row.win_rate:.1%}"

    @admin.display(description="Sharpe", ordering="sharpe")
    def sharpe_ratio(self, row: Backtest) -> str:
        return "" if row.sharpe is None else f"{row.sharpe:.2f}"

    @admin.display(description="score", ordering="score")
    def composite(self, row: Backtest) -> str:
        return "" if row.score is None else f"{row.score:.1f}"

    @admin.display(description="asked", ordering="created_at")
    def asked(self, row: Backtest) -> SafeString | str:
        return ago(row.created_at)
