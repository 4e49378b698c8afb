"""How pages call several worker processes."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("operations", "0001_initial")]

    operations = [
        migrations.AlterModelOptions(
            name="workerprocess", options={"verbose_name_plural": "worker processes"}
        ),
    ]
