from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('bots', '0004_signal_reason'),
    ]

    operations = [
        migrations.AddField('bot', 'settled', models.JSONField(blank=True, editable=False, null=True)),
    ]
