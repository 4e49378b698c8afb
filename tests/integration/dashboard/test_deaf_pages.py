"""A page that never reads, over a real connection: cut, while the server goes on."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
import uvicorn
from redis.asyncio import Redis

from apps.dashboard.stream.messages import STREAM, BotNews, Message
from apps.dashboard.stream.serve import LiveEvents
from tests.integration.dashboard.live import publish
from tests.integration.dashboard.scene import Scene, make_scene

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.servers]


@pytest.fixture
def scene(transactional_db: None) -> Scene:
    return make_scene()


@pytest.fixture
async def app(redis_url: str) -> AsyncIterator[tuple[LiveEvents, int]]:
    """The live events behind uvicorn, on this test's own loop; and their port."""
    app = LiveEvents(stalled_s=0.5)
    config = uvicorn.Config(app, port=0, lifespan="off", log_level="critical")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    async with asyncio.timeout(10):
        while not server.started:
            await asyncio.sleep(0.01)
    yield app, server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await serving


async def test_a_connection_that_is_never_read_is_cut(
    scene: Scene, app: tuple[LiveEvents, int], redis_url: str
) -> None:
    live, port = app
    lines = [(at, "INFO", "x" * 5_000) for at in range(200)]
    loud = Message(process="p", at=1, prices={}, bots={scene.mine.pk: BotNews(lines=lines)})
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        await _ask(deaf, port, scene)

        async with asyncio.timeout(20), Redis.from_url(redis_url) as redis:
            while live.hub is None or not live.hub.listeners:
                await asyncio.sleep(0.01)
            while live.hub.listeners:
                await publish(redis, loud)
                await asyncio.sleep(0.01)
            await redis.delete(STREAM)

        # What it had not read is thrown away, not kept until it does.
        with pytest.raises(ConnectionResetError):
            await _read_to_the_end(deaf)


async def _ask(deaf: socket.socket, port: int, scene: Scene) -> None:
    loop = asyncio.get_running_loop()
    deaf.setblocking(False)
    await loop.sock_connect(deaf, ("127.0.0.1", port))
    head = f"host: x\r\ncookie: {scene.cookie}\r\n\r\n"
    request = f"GET /?bots={scene.mine.number}&log=1 HTTP/1.1\r\n{head}"
    await loop.sock_sendall(deaf, request.encode())


async def _read_to_the_end(deaf: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(10):
        while await loop.sock_recv(deaf, 1_000_000):
            pass
