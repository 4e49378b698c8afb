"""The database of the tests is the embedded one."""

import pytest
import redis
from django.db import connection

pytestmark = pytest.mark.servers


@pytest.mark.django_db
def test_the_tests_run_on_a_throw_away_postgresql(postgres_url: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_database(), current_setting('server_version_num')::int")
        name, version = cursor.fetchone()

    assert name.startswith("test_flotilla")
    assert version >= 150000
    assert connection.settings_dict["HOST"] in postgres_url


def test_the_tests_have_a_redis_of_their_own(redis_url: str) -> None:
    client = redis.Redis.from_url(redis_url)

    assert client.ping() is True
    client.close()
