"""`manage.py search --workers N`: what it asks for, what it says meanwhile, how it ends."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from apps.accounts.models import User
from apps.bots.models import Bot
from apps.markets.models import Market
from apps.research.refusals import ResearchRefused
from apps.research.search import following
from apps.research.search.models import Search, SearchShare
from apps.research.search.options import wanted
from apps.research.search.services import cancel_search
from tests.integration.faces.rows import a_bot
from tests.integration.research.conftest import COUNT, START
from workers import job_starts, research

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.servers]

ASKED = ("--range", "period=3:9", "--objective", "total_return", "--min-trades", "1")
OF_MARKET = ("rsi", "--market", "BTC/USDT", "--timeframe", "5m", *ASKED)


def follow(*argv: str, meanwhile: Callable[[], object]) -> tuple[dict[str, Any], list[str]]:
    """The answer and what was said; `meanwhile` happens once the search is asked for."""
    said: list[str] = []

    def say(line: str) -> None:
        said.append(line)
        if len(said) == 1:
            meanwhile()

    return following.search_by_workers(wanted(argv), say=say), said


def carry_out() -> None:
    """What the workers that get the messages do, one after the other."""
    for start in job_starts.claim_starts():
        research.run_job(kind=start.kind, id=start.id, dispatch=start.number)


def test_the_answer_is_the_stored_search(ada: User, market: Market) -> None:
    result, said = follow(*OF_MARKET, "--workers", "2", "--user", "ada", meanwhile=carry_out)

    search = Search.objects.get()
    assert search.result == result
    assert (search.user, search.spread) == (ada, 2)
    assert SearchShare.objects.filter(search=search).count() == 1
    assert said == [
        f"search {search.number}: 7 sets for 2 research processes; it goes on without this command"
    ]


def test_the_processes_read_the_columns_of_the_command(
    ada: User, market: Market, tmp_path: Path
) -> None:
    file = tmp_path / "model.csv"
    rows = [f"{START + 300_000 * k},{0.9 if k % 40 == 5 else 0.1}\n" for k in range(COUNT)]
    file.write_text("time_ms,probability\n" + "".join(rows))
    column = ("--column", f"probability={file}", "--range", "take_profit=0.01:0.02:0.01")
    plan = ("--plan", "entry=market", "--plan", "entry_timeout_s=null", "--min-trades", "1")

    result, _ = follow(
        "scalper", *OF_MARKET[1:5], *column, *plan, "--workers", "1", meanwhile=carry_out
    )

    assert Search.objects.get().columns["probability"]["time_ms"][0] == START
    assert result["best"][0]["in_sample"]["trades"] > 0


def test_a_bot_is_searched_as_it_is_or_with_another_strategy(ada: User, market: Market) -> None:
    bot: Bot = a_bot(ada, market=market)
    of_bot = ("--bot", bot.name, "--timeframe", "5m", "--workers", "1")

    own, _ = follow(*of_bot, *ASKED, meanwhile=carry_out)
    other, _ = follow(
        "ema_cross", *of_bot, "--range", "fast=3:6", "--min-trades", "1", meanwhile=carry_out
    )

    assert (own["strategy"], own["asked"]["wish"]["capital"]) == ("rsi", 200.0)
    assert (other["strategy"], other["asked"]["wish"]["capital"]) == ("ema_cross", 200.0)
    assert other["asked"]["wish"]["parameters"] == {}


def test_a_search_that_ends_otherwise_says_how(ada: User, market: Market) -> None:
    def cancel() -> None:
        cancel_search(search=Search.objects.latest("number"), actor=ada)

    with pytest.raises(ResearchRefused, match=r"search \d+ was canceled"):
        follow(*OF_MARKET, "--workers", "2", meanwhile=cancel)
    too_many = (*OF_MARKET, "--min-trades", "999", "--workers", "1")
    with pytest.raises(ResearchRefused, match=r"search \d+ failed: none of the 7 sets"):
        follow(*too_many, meanwhile=carry_out)


def test_whoever_waits_for_nobody_is_told_once_and_may_leave(
    ada: User, market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "WAIT_S", -1.0)
    said: list[str] = []

    def say(line: str) -> None:
        said.append(line)
        if line == following.NOBODY:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        following.search_by_workers(wanted((*OF_MARKET, "--workers", "2")), say=say)

    search = Search.objects.get()
    assert search.status == "queued"
    assert said[1:] == [
        "waits for a research process",
        following.NOBODY,
        f"search {search.number} goes on: look at it, or cancel it, at "
        f"/api/searches/{search.number} or in the admin",
    ]


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ((*OF_MARKET, "--user", "nobody"), "user 'nobody' is unknown"),
        (("rsi", "--market", "DOGE/USDT", *ASKED), "no 5m bars of DOGE/USDT are stored"),
        (("rsi", "--bot", "nobody", *ASKED), "nobody"),
    ],
)
def test_what_cannot_be_asked_for_is_said_and_stores_nothing(
    ada: User, market: Market, argv: tuple[str, ...], words: str
) -> None:
    with pytest.raises(ResearchRefused, match=words):
        follow(*argv, "--workers", "2", meanwhile=carry_out)

    assert not Search.objects.exists()
