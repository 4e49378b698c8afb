"""Searches as rows: what was asked, its units as they are done, and the processes that join in."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from apps.common.fields import NumberField
from apps.common.ids import new_id
from apps.research.job import Job

__all__ = ["Search", "SearchShare", "SearchUnit"]


class Search(Job):
    """One search. `asked` is apps.research.search.asked.Asked, `source` where its bars are from.

    The process that carries it out does units, waits for those that others do, and concludes.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    number = NumberField()
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="searches"
    )
    name = models.CharField(max_length=100, blank=True, default="")
    strategy = models.CharField(max_length=60)
    symbol = models.CharField(max_length=50)
    timeframe = models.CharField(max_length=5)
    asked = models.JSONField()
    source = models.JSONField()
    columns = models.JSONField(default=dict, editable=False)
    spread = models.IntegerField(default=1)
    sets = models.IntegerField()
    sets_done = models.IntegerField(default=0, editable=False)
    best = models.JSONField(null=True, editable=False)
    result = models.JSONField(null=True, editable=False)
    engine_signature = models.CharField(max_length=64, blank=True, default="", editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta(Job.Meta):
        verbose_name_plural = "searches"
        constraints = [
            *Job.constraints_of("search"),
            models.CheckConstraint(
                condition=models.Q(spread__gte=1, spread__lte=64), name="search_spread_in_range"
            ),
        ]
        indexes = [
            *Job.indexes_of("search"),
            models.Index(fields=["user", "-number"], name="search_by_user"),
        ]

    def __str__(self) -> str:
        return f"#{self.number} {self.name or f'{self.strategy} {self.symbol} {self.timeframe}'}"


class SearchShare(Job):
    """One more process that does units of a search until none is left."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    number = NumberField()
    search = models.ForeignKey(Search, on_delete=models.CASCADE, related_name="shares")

    class Meta(Job.Meta):
        constraints = Job.constraints_of("search_share")
        indexes = Job.indexes_of("search_share")

    def __str__(self) -> str:
        return f"share {self.number} of search {self.search_id}"


class SearchUnit(models.Model):
    """Some sets of a search: claimed by compare-and-set, committed when they are done.

    `taken_by` is the job (search or share) whose process tries them; `rows` are float64, packed.
    """

    search = models.ForeignKey(Search, on_delete=models.CASCADE, related_name="units")
    number = models.IntegerField()
    taken_by = models.UUIDField(null=True)
    taken_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    columns = models.IntegerField(default=0)
    rows = models.BinaryField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["search", "number"], name="search_unit_once"),
            models.CheckConstraint(
                condition=models.Q(done_at__isnull=True, rows__isnull=True)
                | models.Q(done_at__isnull=False, rows__isnull=False),
                name="search_unit_done_has_rows",
            ),
        ]

    def __str__(self) -> str:
        return f"unit {self.number} of search {self.search_id}"
