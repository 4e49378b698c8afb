"""What a worker process takes from the installation's settings."""

from dataclasses import dataclass

from django.conf import settings

from workers.execution import Windows


@dataclass(frozen=True, slots=True)
class HostSettings:
    """Durations in seconds unless the name says otherwise."""

    kind: str
    queue: str
    redis_url: str
    installation: str
    lease_ttl_s: float
    lease_renew_s: float
    send_safety_s: float
    windows: Windows
    egress_ip: str = "default"
    budget_target: float = 0.8
    processes: int = 1
    most_bots: int = 1000
    database_threads: int = 4
    snapshot_every_s: float = 10.0
    marks_every_s: float = 10.0
    prices_tell_time: bool = False


def host_settings(*, queue: str) -> HostSettings:
    """Read them once, when the process starts."""
    return HostSettings(
        kind="worker",
        queue=queue,
        redis_url=settings.REDIS_URL,
        installation=settings.INSTALLATION_ID,
        lease_ttl_s=settings.LEASE_TTL_S,
        lease_renew_s=settings.LEASE_RENEW_S,
        send_safety_s=settings.SEND_SAFETY_S,
        windows=Windows(recv_window_ms=settings.RECV_WINDOW_MS, read_lag_ms=settings.READ_LAG_MS),
        egress_ip=settings.EGRESS_IP,
        budget_target=settings.BUDGET_TARGET_SHARE,
        processes=settings.BUDGET_PROCESSES,
        snapshot_every_s=settings.SNAPSHOT_EVERY_S,
        marks_every_s=settings.MARKS_EVERY_S,
        prices_tell_time=settings.MARKET_TIME == "prices",
        most_bots=settings.BOTS_PER_PROCESS,
    )
