"""Two people with a bot each, for the tests of the live events."""

from dataclasses import dataclass

from django.conf import settings
from django.test import Client

from apps.accounts.models import User
from apps.bots.models import Bot
from tests.integration.faces.rows import a_bot, a_market


@dataclass
class Scene:
    """Two people with a bot each on markets of their own."""

    mine: Bot
    others: Bot
    cookie: str

    @property
    def query(self) -> str:
        return f"bots={self.mine.number},{self.others.number}"


def make_scene() -> Scene:
    """Ada is signed in; Bob's bot is not hers to see."""
    ada = User.objects.create_user("ada", password="ada-passes")
    bob = User.objects.create_user("bob", password="bob-passes")
    client = Client()
    client.force_login(ada)
    return Scene(
        mine=a_bot(ada, "mine", market=a_market("BTC/USDT"), desired_status="RUNNING"),
        others=a_bot(bob, "others", market=a_market("ETH/USDT"), desired_status="RUNNING"),
        cookie=f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}",
    )
