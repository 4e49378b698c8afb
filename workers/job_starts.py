"""Which research jobs are to be sent to the queue now, and when a silent one is given up."""

from django.conf import settings

from apps.research import jobs

LAPSES_S = 10.0
"""A start that nobody took in this time is sent again."""
SILENT_TTLS = 3
"""A job whose process did not renew it for so many lease times has lost its process."""


def silence_s() -> float:
    return float(SILENT_TTLS * settings.LEASE_TTL_S)


def claim_starts() -> list[jobs.Dispatch]:
    """Claimed once: a message that is lost lapses, one that is repeated finds the job taken."""
    return jobs.claim_starts(lapses_s=LAPSES_S, silence_s=silence_s())
