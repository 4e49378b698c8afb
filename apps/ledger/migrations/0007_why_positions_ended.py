"""Say of positions that ended by a stop or by their time that they did."""

from django.db import migrations

FROM_THE_JOURNAL = """
UPDATE ledger_position p
SET exit_reason = CASE e.payload->>'reason' WHEN 'flatten' THEN 'sold_by_stop' ELSE 'max_holding' END
FROM ledger_botevent e
JOIN ledger_order o ON o.client_order_id = e.payload->'trigger'->>'client_order_id'
WHERE e.kind = 'PositionClosed' AND e.payload->>'reason' IN ('flatten', 'max_holding')
  AND e.payload->'trigger'->>'kind' = 'OrderFilled'
  AND o.bot_id = e.bot_id AND p.id = o.position_id AND p.status = 'closed'
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0006_positions_by_time")]

    operations = [migrations.RunSQL(FROM_THE_JOURNAL, migrations.RunSQL.noop)]
