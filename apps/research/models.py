"""Research that people ask for and workers carry out: rows that are dispatched, and results."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from apps.common.fields import NumberField
from apps.common.ids import new_id
from apps.research.job import Job
from apps.research.search.models import Search, SearchShare, SearchUnit

__all__ = ["Backtest", "Job", "Search", "SearchShare", "SearchUnit"]


class Backtest(Job):
    """One backtest: what was asked (`wish`, `source`, `columns`), and what came out.

    `result` is what `manage.py backtest --json` prints, `drawing` what its report draws; the
    columns repeat of the result what lists show.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    number = NumberField()
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="backtests"
    )
    name = models.CharField(max_length=100, blank=True, default="")
    strategy = models.CharField(max_length=60)
    symbol = models.CharField(max_length=50)
    timeframe = models.CharField(max_length=5)
    wish = models.JSONField()
    source = models.JSONField()
    columns = models.JSONField(default=dict, editable=False)
    result = models.JSONField(null=True, editable=False)
    drawing = models.JSONField(null=True, editable=False)
    bars = models.IntegerField(null=True, editable=False)
    trades = models.IntegerField(null=True, editable=False)
    total_return = models.FloatField(null=True, editable=False)
    max_drawdown = models.FloatField(null=True, editable=False)
    win_rate = models.FloatField(null=True, editable=False)
    profit_factor = models.FloatField(null=True, editable=False)
    sharpe = models.FloatField(null=True, editable=False)
    score = models.FloatField(null=True, editable=False)
    engine_version = models.CharField(max_length=20, blank=True, default="", editable=False)
    engine_signature = models.CharField(max_length=64, blank=True, default="", editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta(Job.Meta):
        constraints = Job.constraints_of("backtest")
        indexes = [
            *Job.indexes_of("backtest"),
            models.Index(fields=["user", "-number"], name="backtest_by_user"),
        ]

    def __str__(self) -> str:
        return f"#{self.number} {self.name or f'{self.strategy} {self.symbol} {self.timeframe}'}"
