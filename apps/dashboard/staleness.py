"""When something on a page is old, late or wrong: the rules behind amber and red.

Heartbeat: a worker speaks for its bots every 2 s. Amber after 6 s (one lease), red after 15 s (by
then another worker should have taken over). Price: amber after 10 s without a new one. Signal
check: due once a bar, so amber after two bars and 15 s. Only bots that should run can be late.
"""

from dataclasses import dataclass

from apps.trading.bar import timeframe_ms

HEARTBEAT_AMBER_S = 6.0
HEARTBEAT_RED_S = 15.0
PRICE_AMBER_S = 10.0
SIGNAL_SPARE_S = 15.0

QUIET, GOOD, NOTE, AMBER, RED = "quiet", "good", "note", "amber", "red"
_STATUS_TONES = {
    "RUNNING": GOOD,
    "PAUSED": NOTE,
    "STARTING": NOTE,
    "STOPPING": AMBER,
    "STOPPED": QUIET,
    "ERROR": RED,
}


@dataclass(frozen=True, slots=True)
class Seen:
    """What the rules ask of a bot. Ages in seconds; None: never.

    `unprotected`: why no exit can leave its position, empty when one can or there is none.
    """

    desired: str
    observed: str
    heartbeat_age_s: float | None
    unprotected: str = ""
    account_status: str = "active"
    reason: str = ""
    workers_alive: bool = True

    @property
    def wanted(self) -> bool:
        """Whether somebody should be looking after it now."""
        return self.desired != "STOPPED" or self.observed in ("RUNNING", "PAUSED", "STOPPING")


def signal_amber_s(*, timeframe: str) -> float:
    """Age after which the last signal check of a bot on this timeframe is late."""
    return 2 * timeframe_ms(timeframe) / 1000 + SIGNAL_SPARE_S


def age_tone(age_s: float | None, *, amber_s: float, red_s: float | None = None) -> str:
    """Tone of an age; without one (never) it is quiet."""
    if age_s is None or age_s < amber_s:
        return QUIET
    return RED if red_s is not None and age_s >= red_s else AMBER


def status_tone(seen: Seen) -> str:
    """Tone of a bot's status chip."""
    if trouble_of(seen):
        return RED
    return AMBER if waiting_of(seen) else _STATUS_TONES.get(seen.observed, AMBER)


def trouble_of(seen: Seen) -> str:
    """Why a person should look at this bot now, as a sentence; empty when nothing is wrong."""
    if seen.observed == "ERROR":
        return f"Ended by a fault: {seen.reason}" if seen.reason else "Ended by a fault."
    if seen.wanted and (late := _late(seen)):
        return late
    if seen.unprotected:
        return f"Unprotected position: {seen.unprotected}."
    if seen.wanted and seen.account_status != "active":
        return f"Its exchange account is {seen.account_status}."
    return ""


def waiting_of(seen: Seen) -> str:
    """What a bot that nobody runs yet waits for, as a sentence; empty when it waits for nothing."""
    if seen.desired == "STOPPED" or seen.observed != "STOPPED":
        return ""
    # The supervisor says what it lacks; until it does, a worker is about to take the bot.
    reason = seen.reason or "waits for a worker process to take it"
    return f"{reason[:1].upper()}{reason[1:]}."


def _late(seen: Seen) -> str:
    """Why a bot that should be looked after is not."""
    if not seen.workers_alive:
        return "Should run, but no worker process is alive."
    if seen.observed == "STOPPED":
        return ""  # It waits, which is said elsewhere.
    if seen.heartbeat_age_s is None or seen.heartbeat_age_s >= HEARTBEAT_RED_S:
        silent = "ever" if seen.heartbeat_age_s is None else f"for {seen.heartbeat_age_s:.0f} s"
        return f"Should run, but no worker has spoken for it {silent}."
    return ""
