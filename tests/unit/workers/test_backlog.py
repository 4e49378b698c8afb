"""What bots told outlives a database that is away: bounded, in order, counted, written once."""

from collections.abc import Sequence
from uuid import UUID, uuid4

import structlog

from workers.narration.backlog import Backlog
from workers.ports import LogLine, Report, StoreUnavailable

ONE, TWO = uuid4(), uuid4()


class Written:
    """Takes reports like the database; `away` refuses them."""

    def __init__(self) -> None:
        self.away = False
        self.reports: list[Report] = []

    async def __call__(self, reports: Sequence[Report]) -> None:
        if self.away:
            raise StoreUnavailable("no route to host")
        self.reports += reports

    def lines(self, bot_id: UUID = ONE) -> list[str]:
        return [
            line.message
            for report in self.reports
            for line in report.lines
            if report.bot_id == bot_id
        ]


def told(number: int, level: str = "INFO", bot_id: UUID = ONE) -> Report:
    line = LogLine(level, f"{level} {number}", {"event": "OrderFilled", "bot": 7}, number)
    return Report(bot_id, 3, number, lines=(line,))


async def test_lines_are_written_in_order_and_of_statuses_only_the_last() -> None:
    backlog, written = Backlog(), Written()
    backlog.add(Report(ONE, 3, 1, "STARTING", "waits"))
    backlog.add(told(1))
    backlog.add(told(2, "ERROR"))
    backlog.add(told(3))
    backlog.add(Report(ONE, 3, 4, "RUNNING", "trades"))

    await backlog.flush(written)
    await backlog.flush(written)

    assert [r.observed_status for r in written.reports if r.observed_status] == ["RUNNING"]
    assert written.lines() == ["INFO 1", "ERROR 2", "INFO 3"]


async def test_a_reason_alone_does_not_take_the_place_of_a_status_that_is_not_written_yet() -> None:
    backlog, written = Backlog(), Written()
    written.away = True
    backlog.add(Report(ONE, 3, 1, "RUNNING", "trades"))
    backlog.add(Report(ONE, 3, 2, status_reason="no price for 10 s"))
    await backlog.flush(written)
    backlog.add(Report(ONE, 3, 3, status_reason="trades"))
    backlog.add(Report(TWO, 3, 3, "RUNNING", "trades"))
    backlog.add(Report(TWO, 4, 4, status_reason="of a later shift"))

    written.away = False
    await backlog.flush(written)

    assert [(r.bot_id, r.fence, r.observed_status, r.status_reason) for r in written.reports] == [
        (ONE, 3, "RUNNING", "trades"),
        (TWO, 4, None, "of a later shift"),
    ]


async def test_what_the_database_did_not_take_is_written_when_it_is_back() -> None:
    backlog, written = Backlog(), Written()
    written.away = True
    backlog.add(Report(ONE, 3, 1, "PAUSED", "by a person"))
    backlog.add(told(1))
    await backlog.flush(written)
    backlog.add(told(2))
    backlog.add(Report(ONE, 3, 3, "RUNNING", "trades"))
    await backlog.flush(written)

    written.away = False
    await backlog.flush(written)

    assert written.lines() == ["INFO 1", "INFO 2"]
    assert [r.observed_status for r in written.reports if r.observed_status] == ["RUNNING"]


async def test_too_many_lines_lose_the_oldest_of_the_least_telling_and_say_so(caplog) -> None:
    backlog, written = Backlog(most=4), Written()
    written.away = True
    for number in range(1, 4):
        backlog.add(told(number))
    backlog.add(told(4, "ERROR"))
    await backlog.flush(written)
    backlog.add(told(5, "WARNING"))
    backlog.add(told(6, bot_id=TWO))
    await backlog.flush(written)
    backlog.add(told(7))
    await backlog.flush(written)

    written.away = False
    await backlog.flush(written)

    assert written.lines() == [
        "3 lines are missing here: the database was away for too long",
        "ERROR 4",
        "WARNING 5",
        "INFO 7",
    ]
    assert written.lines(TWO) == ["INFO 6"]
    (gap,) = [line for r in written.reports for line in r.lines if "missing" in line.message]
    assert (gap.level, gap.metadata["missing"], gap.at_us) == ("WARNING", 3, 3)
    assert "3 lines of bots' logs were dropped in the meantime" in caplog.text


async def test_a_flood_of_errors_is_bounded_too() -> None:
    backlog, written = Backlog(most=3), Written()
    for number in range(1, 9):
        backlog.add(told(number, "ERROR"))

    await backlog.flush(written)

    assert written.lines()[1:] == ["ERROR 6", "ERROR 7", "ERROR 8"]
    assert written.lines()[0].startswith("5 lines are missing here")


async def test_every_line_is_logged_once_with_its_numbers_even_while_the_database_is_away() -> None:
    backlog, written = Backlog(), Written()
    written.away = True
    backlog.add(told(1, "WARNING"))

    with structlog.testing.capture_logs() as logged:
        await backlog.flush(written)
        written.away = False
        await backlog.flush(written)

    assert logged == [
        {"event": "OrderFilled", "said": "WARNING 1", "bot": 7, "log_level": "warning"}
    ]
