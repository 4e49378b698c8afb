"""How a worker process speaks to Redis: soon or not at all, or waiting for what comes."""

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

ANSWER_S = 0.25
"""Nothing that a bot waits for may hang longer on a Redis that does not answer."""
READ_S = 5.0


def quick_redis(url: str) -> Redis:
    """A client that answers soon or fails; whoever asks says what failing costs."""
    return _client(url, connections=2, answer_s=ANSWER_S)


def patient_redis(url: str) -> Redis:
    """A client for blocking reads shorter than `READ_S`."""
    return _client(url, connections=8, answer_s=READ_S)


def _client(url: str, *, connections: int, answer_s: float) -> Redis:
    # redis-py's own retries back off for many seconds: everybody here tries again by himself.
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=connections,
        timeout=answer_s,
        socket_timeout=answer_s,
        socket_connect_timeout=answer_s,
        retry=Retry(NoBackoff(), 0),
    )
    return Redis.from_pool(pool)
