import apps.common.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('markets', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='MarketPrice',
            fields=[
                ('market', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='last_price', serialize=False, to='markets.market')),
                ('price', apps.common.fields.AmountField()),
                ('at_ms', models.BigIntegerField()),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('price__gt', 0)), name='market_price_positive')],
            },
        ),
    ]
