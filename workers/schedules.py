"""The beat table. Every job is safe to run twice and expires when nobody takes it in time."""

from workers.queues import CONTROL, SIGNALS

SWEEP_S = 1.0
SIGNAL_CHECK_S = 5.0
TRIM_S = 60.0

BEAT_SCHEDULE = {
    "start what should run and does not": {
        "task": "workers.supervise",
        "schedule": SWEEP_S,
        "options": {"queue": CONTROL, "expires": 2 * SWEEP_S},
    },
    "evaluate signals whose bar has closed": {
        "task": "workers.check_signals",
        "schedule": SIGNAL_CHECK_S,
        "options": {"queue": SIGNALS, "expires": 2 * SIGNAL_CHECK_S},
    },
    "delete old lines of the bots' logs": {
        "task": "workers.trim_bot_logs",
        "schedule": TRIM_S,
        "options": {"queue": CONTROL, "expires": TRIM_S},
    },
}
