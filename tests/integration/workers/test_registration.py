"""A bots process that starts while the database is away registers once it answers."""

import pytest
from django.db import connections

from apps.operations.models import WorkerProcess
from workers.execution import Windows
from workers.host import Host
from workers.ports import StoreUnavailable
from workers.settings import HostSettings

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_registers_at_a_later_try_on_the_same_loop(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = Host(
        HostSettings(
            kind="worker",
            queue="bots",
            redis_url=redis_url,
            installation="test",
            lease_ttl_s=60.0,
            lease_renew_s=2.0,
            send_safety_s=1.0,
            windows=Windows(recv_window_ms=5_000, read_lag_ms=50),
            database_threads=1,
        )
    )
    address = connections.settings["default"]
    right = address["PORT"]

    monkeypatch.setitem(address, "PORT", "1")
    with pytest.raises(StoreUnavailable):
        host.start()
    monkeypatch.setitem(address, "PORT", right)
    assert not WorkerProcess.objects.exists()
    host.start()

    try:
        process = WorkerProcess.objects.get()
        assert (process.queue, process.dead) == ("bots", False)
        assert host.awaited() == 0
    finally:
        host.stop()
        host.database.close()
        host.lease_database.close()
    assert WorkerProcess.objects.get().dead
