from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('bots', '0003_bars_needed'),
    ]

    operations = [
        migrations.AddField('signal', 'reason', models.CharField(blank=True, default='', max_length=300)),
    ]
