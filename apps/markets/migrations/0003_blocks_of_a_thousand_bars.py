"""Cuts blocks of a day's bars anew, into blocks of a thousand bars whatever the timeframe."""

from datetime import UTC, datetime

import numpy as np
from django.db import migrations, models

from apps.markets.blocks import BARS_PER_BLOCK, pack, unpack
from apps.trading.bar import Bars, timeframe_ms


def cut_anew(apps, schema_editor):
    # Else the checks of what is inserted wait for the end, and the table cannot be altered.
    schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    blocks = apps.get_model("markets", "CandleBlock").objects
    series = blocks.order_by().values_list("market_id", "timeframe").distinct()
    for market_id, timeframe in list(series):
        mine = blocks.filter(market_id=market_id, timeframe=timeframe)
        old = list(mine.order_by("day").values_list("id", "bars"))
        days = [unpack(packed=packed) for _, packed in old]
        bars = Bars._make(np.concatenate(columns) for columns in zip(*days, strict=True))
        blocks.bulk_create(
            blocks.model(market_id=market_id, timeframe=timeframe, **block)
            for block in cut(bars, BARS_PER_BLOCK * timeframe_ms(timeframe))
        )
        blocks.filter(id__in=[pk for pk, _ in old]).delete()
    schema_editor.execute("SET CONSTRAINTS ALL DEFERRED")


def cut(bars, span_ms):
    numbers = bars.open_at // span_ms
    for number in np.unique(numbers):
        part = Bars._make(column[numbers == number] for column in bars)
        first, last = int(part.open_at[0]), int(part.open_at[-1])
        yield {
            "number": int(number),
            "day": datetime.fromtimestamp(first / 1000, UTC).date(),
            "bars": pack(bars=part),
            "count": len(part.open_at),
            "first_ms": first,
            "last_ms": last,
        }


class Migration(migrations.Migration):
    dependencies = [("markets", "0002_last_prices")]

    operations = [
        migrations.RemoveConstraint(model_name="candleblock", name="block_once"),
        migrations.AddField(
            model_name="candleblock",
            name="number",
            field=models.BigIntegerField(default=-1),
            preserve_default=False,
        ),
        migrations.RunPython(cut_anew),
        migrations.RemoveField(model_name="candleblock", name="day"),
        migrations.AddConstraint(
            model_name="candleblock",
            constraint=models.UniqueConstraint(
                fields=["market", "timeframe", "number"], name="block_once"
            ),
        ),
    ]
