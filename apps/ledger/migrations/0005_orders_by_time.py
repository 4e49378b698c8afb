"""Orders of the last hour are found without reading all orders."""

import django.contrib.postgres.indexes
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("ledger", "0004_worth_adds_up")]

    operations = [
        migrations.AddIndex(
            model_name="order",
            index=django.contrib.postgres.indexes.BrinIndex(
                fields=["born_at"], name="order_by_time", pages_per_range=32
            ),
        ),
    ]
