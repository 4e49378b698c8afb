"""Admin pages of research: what was asked for, how far it is, what came out."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.accounts.models import User
from apps.bots.models import Bot
from apps.research import services
from apps.research.job_admin import JobAdmin
from apps.research.models import Backtest, Job
from apps.research.queries import LONG
from apps.research.refusals import ResearchRefused
from apps.research.reports import stored_page
from apps.research.search.admin import SearchAdmin

# Django looks for admin pages in this module only.
__all__ = ["BacktestAdmin", "SearchAdmin"]


@admin.register(Backtest)
class BacktestAdmin(JobAdmin):
    """Backtests, newest first; they are asked for through the API."""

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
        "asked_at",
    )
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
                    "asked_at",
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

    def bot_of(self, row: Backtest, actor: User) -> Bot:
        return services.start_paper_bot(backtest=row, actor=actor)

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

    # ---- columns -------------------------------------------------------------------------------

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
