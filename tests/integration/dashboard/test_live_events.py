"""The live events: own bots only, nothing lost, nobody in the way, bounded throughout."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connections
from redis.asyncio import Redis

from apps.bots.models import Bot
from apps.dashboard.stream import serve
from apps.dashboard.stream.messages import STREAM, BotNews, Message, key_of
from apps.dashboard.stream.serve import LiveEvents
from tests.integration.dashboard.live import opened, publish
from tests.integration.dashboard.scene import Scene, make_scene

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.servers]


@pytest.fixture
def scene(transactional_db: None) -> Scene:
    return make_scene()


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator["Redis"]:
    client = Redis.from_url(redis_url)
    await client.delete(STREAM)
    yield client
    await client.aclose()


def about(scene: Scene, *, at: int = 1, price: float = 1.0, **news: Any) -> Message:
    """A message that speaks of both bots and both markets."""
    prices = {key_of(bot.market): (price, at) for bot in (scene.mine, scene.others)}
    bots = {bot.pk: BotNews(**news) for bot in (scene.mine, scene.others)} if news else {}
    return Message(process="p", at=at, prices=prices, bots=bots)


async def test_a_page_hears_of_its_own_bots_and_never_of_others(
    scene: Scene, redis: "Redis"
) -> None:
    app = LiveEvents()
    async with opened(app, cookie=scene.cookie, query=f"{scene.query}&log=1") as page:
        await page.hears("live")
        lines = [(1, "INFO", "a line")]
        await publish(redis, about(scene, status="PAUSED", books=True, lines=lines))
        (row,) = await page.hears("rows")

    assert row["number"] == scene.mine.number
    # The worker's word is newer than the row, which it has not written yet.
    assert row["cells"]["status"][0] == "paused → start"
    heard = {market for prices in page.said("prices") for market in prices}
    assert heard == {key_of(scene.mine.market)}
    assert page.said("lines") == [[[1, "INFO", "a line"]]]
    assert str(scene.others.pk) not in str(page.events)
    assert app.hub is not None
    assert app.hub.listeners == 0


async def test_a_page_that_returns_gets_what_it_missed(scene: Scene, redis: "Redis") -> None:
    seen = await publish(redis, about(scene, at=1))
    await publish(redis, about(scene, at=2, price=2.0))
    await publish(redis, about(scene, at=3, price=3.0, books=True))
    app = LiveEvents()

    async with opened(app, cookie=scene.cookie, query=scene.query, last_id=seen) as page:
        prices = await page.hears("prices")
        await page.hears("rows")

    assert prices == {key_of(scene.mine.market): [3.0, 3]}
    assert not page.said("reload")


@pytest.mark.parametrize("last_id", ["1-0", "nonsense", "1-0; DROP"])
async def test_a_page_that_was_away_too_long_reads_everything_anew(
    scene: Scene, redis: "Redis", last_id: str
) -> None:
    await publish(redis, about(scene))
    app = LiveEvents()

    async with opened(app, cookie=scene.cookie, query=scene.query, last_id=last_id) as page:
        await page.hears("reload")


async def test_nobody_listens_without_a_session(scene: Scene, redis_url: str) -> None:
    app = LiveEvents()
    for cookie in ("", f"{settings.SESSION_COOKIE_NAME}=guess"):
        async with opened(app, cookie=cookie, query=scene.query) as page:
            await page.end()
        assert page.status == 401
    assert app.hub is None


async def test_the_stream_ends_with_the_session(scene: Scene, redis: "Redis") -> None:
    app = LiveEvents(recheck_s=0.05)
    async with opened(app, cookie=scene.cookie, query=scene.query) as page:
        await page.hears("live")
        await asyncio.to_thread(_forget_sessions)
        await page.hears("bye")
        await page.end()


async def test_a_bot_that_changes_hands_falls_silent(scene: Scene, redis: "Redis") -> None:
    app = LiveEvents(recheck_s=0.05)
    async with opened(app, cookie=scene.cookie, query=scene.query) as page:
        await page.hears("live")
        await asyncio.to_thread(_hand_over, scene)
        async with asyncio.timeout(10):
            while app.hub is None or app.hub.watches(scene.mine.pk):
                await asyncio.sleep(0.02)
        await publish(redis, about(scene, books=True))
        await page.hears("beats")
        await asyncio.sleep(0)

    assert not page.said("rows")
    assert not page.said("prices")


async def test_a_page_that_never_reads_is_dropped_and_others_hear_on(
    scene: Scene, redis: "Redis"
) -> None:
    app = LiveEvents(stalled_s=0.2)
    async with (
        opened(app, cookie=scene.cookie, query=scene.query) as deaf,
        opened(app, cookie=scene.cookie, query=scene.query) as page,
    ):
        deaf.reads.clear()
        await page.hears("live")
        assert app.hub is not None
        for at in range(1, 300):
            await publish(redis, about(scene, at=at, price=float(at)))
        async with asyncio.timeout(10):
            while app.hub.listeners > 1:
                await asyncio.sleep(0.02)
        await publish(redis, about(scene, at=1000, price=1000.0))
        async with asyncio.timeout(10):
            while [1000.0, 1000] not in [next(iter(one.values())) for one in page.said("prices")]:
                await asyncio.sleep(0.02)


async def test_a_quiet_stream_says_that_it_is_alive(scene: Scene, redis: "Redis") -> None:
    app = LiveEvents(alive_s=0.05)
    async with opened(app, cookie=scene.cookie, query=scene.query) as page:
        await page.hears("alive")


async def test_one_person_cannot_take_every_place(
    scene: Scene, redis: "Redis", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "MOST_PAGES_EACH", 1)
    app = LiveEvents()
    async with opened(app, cookie=scene.cookie, query=scene.query) as first:
        await first.hears("live")
        async with opened(app, cookie=scene.cookie, query=scene.query) as second:
            await second.end()
        assert second.status == 503
    async with opened(app, cookie=scene.cookie, query=scene.query) as third:
        await third.hears("live")


async def test_without_redis_a_page_is_told_and_told_again_when_it_is_back(
    scene: Scene, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The way to Redis leads over a door that is shut at first."""
    host, _, port = redis_url.rpartition("@")[2].partition("/")[0].partition(":")
    door = await asyncio.start_server(_through(host, int(port)), "127.0.0.1", 0)
    ours = door.sockets[0].getsockname()[1]
    door.close()
    await door.wait_closed()
    monkeypatch.setattr(settings, "REDIS_URL", redis_url.replace(f":{port}/", f":{ours}/"))
    app = LiveEvents()

    async with opened(app, cookie=scene.cookie, query=scene.query) as page:
        await page.hears("paused")
        async with await asyncio.start_server(_through(host, int(port)), "127.0.0.1", ours):
            await page.hears("live")
            await page.hears("reload")


def _through(host: str, port: int) -> Any:
    async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while chunk := await reader.read(65_536):
                writer.write(chunk)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    async def serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(host, port)
        await asyncio.gather(pipe(reader, back), pipe(there, writer))

    return serve_one


def _forget_sessions() -> None:
    Session.objects.all().delete()
    connections.close_all()


def _hand_over(scene: Scene) -> None:
    Bot.objects.filter(pk=scene.mine.pk).update(user=scene.others.user)
    connections.close_all()
