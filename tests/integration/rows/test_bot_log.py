"""Lines of bots' logs: written once under their id, in order, and trimmed in batches."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from apps.bots.log import SLICES, Line, trim_log, write_lines
from apps.bots.models import Bot, BotLog
from apps.common.ids import new_id
from apps.common.moments import to_ms
from tests.integration.rows.world import make_bot, make_world
from workers.tasks import trim_bot_logs

pytestmark = pytest.mark.django_db


def a_line(bot: Bot, number: int, *, days_ago: float = 0, **fields: Any) -> Line:
    at_us = to_ms(timezone.now() - timedelta(days=days_ago)) * 1000 + number
    known = {"level": "INFO", "message": f"line {number}", "metadata": {"seq": number}}
    return Line(id=new_id(), bot_id=bot.id, at_us=at_us, **{**known, **fields})


def left(bot_id: UUID) -> list[str]:
    return list(BotLog.objects.filter(bot=bot_id).order_by("at").values_list("message", flat=True))


def test_a_line_written_again_after_a_lost_answer_is_there_once() -> None:
    bot = make_bot(make_world())
    line = a_line(bot, 123, level="WARNING")

    write_lines([line])
    write_lines([line, a_line(bot, 124)])
    write_lines([])

    assert left(bot.id) == ["line 123", "line 124"]
    stored = BotLog.objects.get(pk=line.id)
    assert (stored.level, stored.metadata) == ("WARNING", {"seq": 123})
    assert to_ms(stored.at) * 1000 + stored.at.microsecond % 1000 == line.at_us


def test_old_lines_and_those_beyond_the_last_ones_go_in_batches() -> None:
    world = make_world()
    talker, quiet = make_bot(world), make_bot(world, "quiet")
    write_lines([a_line(talker, n, days_ago=40) for n in range(5)])
    write_lines([a_line(talker, n) for n in range(10, 17)])
    write_lines([a_line(quiet, n) for n in range(3)])

    gone = trim_log(keep_days=30, keep_lines=4, part=talker.number, batch=2)

    assert gone == 8
    assert left(talker.id) == ["line 13", "line 14", "line 15", "line 16"]
    assert len(left(quiet.id)) == 3


def test_a_run_stops_after_its_batches_and_the_next_goes_on() -> None:
    bot = make_bot(make_world())
    write_lines([a_line(bot, n, days_ago=40) for n in range(5)])

    first = trim_log(keep_days=30, keep_lines=100, part=0, batch=2, batches=2)
    second = trim_log(keep_days=30, keep_lines=100, part=0, batch=2, batches=2)

    assert (first, second, left(bot.id)) == (4, 1, [])


def test_the_scheduled_run_follows_the_settings(settings: Any) -> None:
    bot = make_bot(make_world())
    write_lines([a_line(bot, 1, days_ago=3), a_line(bot, 2, days_ago=1)])
    settings.LOG_KEEP_DAYS = 2

    assert trim_bot_logs() == 1
    assert left(bot.id) == ["line 2"]


def test_each_run_counts_the_lines_of_its_part_of_the_bots() -> None:
    bot = make_bot(make_world())
    write_lines([a_line(bot, n) for n in range(3)])

    assert trim_log(keep_days=30, keep_lines=1, part=bot.number + 1) == 0
    assert trim_log(keep_days=30, keep_lines=1, part=bot.number + SLICES) == 2
