import apps.common.fields
import django.db.models.expressions
from django.db import migrations, models

# What was stored before: realised after fees, dust worth nothing. Fees that unsold coins cost are
# counted as realised for the positions open now; the sums are right all the same.
GO_ON = """
UPDATE ledger_equitypoint SET capital = equity - realised - unrealised, realised = realised + fees;
UPDATE ledger_equitypoint e SET price = f.price
FROM ledger_fill f WHERE f.bot_id = e.bot_id AND f.seq = (
    SELECT max(seq) FROM ledger_fill WHERE bot_id = e.bot_id AND seq <= e.seq);
UPDATE ledger_equitypoint e SET dust = l.dust, unrealised = unrealised + l.dust * e.price,
    equity = equity + l.dust * e.price, other_fees = l.other_fees
FROM (
    SELECT p.bot_id, max(p.seq) AS seq,
        (SELECT coalesce(sum(quantity), 0) FROM ledger_position
            WHERE bot_id = p.bot_id AND status = 'closed' AND config_version IS NOT NULL) AS dust,
        (SELECT coalesce(jsonb_object_agg(asset, trim_scale(fee)::text), '{}'::jsonb) FROM (
            SELECT f.fee_asset AS asset, sum(f.fee) AS fee FROM ledger_fill f
            WHERE f.bot_id = p.bot_id AND f.fee <> 0
                AND f.fee_asset <> ALL (string_to_array(f.symbol, '/'))
            GROUP BY f.fee_asset) g) AS other_fees
    FROM ledger_equitypoint p GROUP BY p.bot_id
) l WHERE e.bot_id = l.bot_id AND e.seq = l.seq;
UPDATE ledger_dailystat d SET capital = e.capital, equity = e.equity,
    highest = e.equity - e.capital, lowest = e.equity - e.capital
FROM ledger_equitypoint e WHERE e.bot_id = d.bot_id AND e.seq = (
    SELECT max(seq) FROM ledger_equitypoint WHERE bot_id = d.bot_id
        AND at_ms < extract(epoch FROM d.day + 1) * 1000);
-- A table with checks still pending cannot be altered, and a constraint follows.
SET CONSTRAINTS ALL IMMEDIATE;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0003_append_only'),
    ]

    operations = [
        migrations.AddField('dailystat', 'capital', apps.common.fields.AmountField(default=0)),
        migrations.AddField('dailystat', 'equity', apps.common.fields.AmountField(default=0)),
        migrations.AddField('dailystat', 'highest', apps.common.fields.AmountField(default=0)),
        migrations.AddField('dailystat', 'lowest', apps.common.fields.AmountField(default=0)),
        migrations.AddField('dailystat', 'max_drawdown', apps.common.fields.AmountField(default=0)),
        migrations.AddField('equitypoint', 'capital', apps.common.fields.AmountField(default=0)),
        migrations.AddField('equitypoint', 'dust', apps.common.fields.AmountField(default=0)),
        migrations.AddField('equitypoint', 'other_fees', models.JSONField(default=dict)),
        migrations.AddField('equitypoint', 'price', apps.common.fields.AmountField(default=0)),
        migrations.AddField('position', 'unsold_fees', apps.common.fields.AmountField(default=0)),
        migrations.RunSQL(GO_ON, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name='equitypoint',
            constraint=models.CheckConstraint(condition=models.Q(('equity', django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('capital'), '+', models.F('realised')), '+', models.F('unrealised')), '-', models.F('fees')))), name='equity_adds_up'),
        ),
    ]
