"""Backtests and searches keep the columns that their strategy reads beside the bars."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("research", "0002_search")]

    operations = [
        migrations.AddField(
            model_name=kind,
            name="columns",
            field=models.JSONField(default=dict, editable=False),
        )
        for kind in ("backtest", "search")
    ]
