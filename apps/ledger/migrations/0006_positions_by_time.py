"""Positions of the last week are found without reading all positions."""

import django.contrib.postgres.indexes
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("ledger", "0005_orders_by_time")]

    operations = [
        migrations.AddIndex(
            model_name="position",
            index=django.contrib.postgres.indexes.BrinIndex(
                fields=["created_at"], name="position_by_time", pages_per_range=32
            ),
        ),
    ]
