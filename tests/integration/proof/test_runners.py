"""A drill asks the broker again after it has taken it away."""

from tests.support.servers import running_valkey
from workers.proof.runners import broker_at


def test_a_broker_that_was_restarted_since_it_was_last_asked_answers() -> None:
    with running_valkey() as server:
        with broker_at(server.url) as broker:
            assert broker.runners() == set()
        server.stop()
        server.start()

        with broker_at(server.url) as broker:
            assert broker.runners() == set()
