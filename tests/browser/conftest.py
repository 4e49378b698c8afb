"""A browser, the web application as the product runs it, and rows behind it."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
import redis
from django.conf import settings
from django.db import connections
from django.test import Client
from selenium import webdriver

from apps.dashboard.stream.messages import FIELD, STREAM, Message, encode
from tests.browser.chromium import CHROMIUM, DRIVER, open_chromium
from tests.browser.person import Person
from tests.browser.scene import Scene, make_scene
from tests.support.exchange import wait_until
from workers.launch.bootstrap import ROOT

Publish = Callable[[Message], None]


@pytest.fixture(scope="session")
def chromium() -> Iterator[webdriver.Chrome]:
    """The tests that need it are skipped where there is none, unless it was promised."""
    if not (CHROMIUM and DRIVER):
        missing = "needs chromium and chromium-driver: apt install chromium chromium-driver"
        if os.environ.get("FLOTILLA_BROWSER_TESTS") == "required":
            pytest.fail(missing)
        pytest.skip(missing)
    with open_chromium() as browser:
        yield browser


@pytest.fixture
def scene(transactional_db: None) -> Scene:
    return make_scene()


@pytest.fixture
def publish(redis_url: str) -> Iterator[Publish]:
    """Say something on the live stream, as a worker process does."""
    client = redis.Redis.from_url(redis_url)
    client.delete(STREAM)
    yield lambda message: client.xadd(STREAM, {FIELD: encode(message)})
    client.close()


@pytest.fixture(scope="session")
def site(django_db_setup: None, redis_url: str) -> Iterator[str]:
    """Address of the web application, run as the product runs it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    database = connections["default"].settings_dict
    url = (
        f"postgresql://{database['USER']}:{database['PASSWORD']}@/{database['NAME']}"
        f"?host={database['HOST']}&port={database['PORT']}"
    )
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings.embedded",
        "DATABASE_URL": url,
        "REDIS_URL": redis_url,
        "DJANGO_SECRET_KEY": "only-for-tests",
        "INSTALLATION_ID": "test",
    }
    command = [sys.executable, "-m", "uvicorn", "config.asgi:application", "--port", str(port)]
    web = subprocess.Popen(
        [*command, "--lifespan", "off", "--log-level", "warning"], cwd=ROOT, env=environment
    )
    try:
        wait_until(lambda: answers(f"http://127.0.0.1:{port}/login/"), seconds=60)
        yield f"http://127.0.0.1:{port}"
    finally:
        web.terminate()
        web.wait(15)


def answers(address: str) -> bool:
    try:
        with urlopen(address, timeout=5):  # noqa: S310 - our own address
            return True
    except OSError:
        return False


@pytest.fixture
def person(chromium: webdriver.Chrome, site: str, scene: Scene) -> Iterator[Person]:
    """Somebody in front of the browser, signed in."""
    someone = Person(chromium, site)
    client = Client()
    client.force_login(scene.user)
    someone.sign_in(client.cookies[settings.SESSION_COOKIE_NAME].value)
    yield someone
    chromium.get("about:blank")
    chromium.delete_all_cookies()


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """Where screenshots go: FLOTILLA_SCREENSHOTS, else a folder that is thrown away."""
    folder = Path(os.environ.get("FLOTILLA_SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
