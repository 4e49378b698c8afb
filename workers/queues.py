"""The Celery queues, and which task goes where."""

BOTS = "bots"
CONTROL = "control"
SIGNALS = "signals"
RESEARCH = "research"

SIGNALS_LIMIT_S = 60
"""A check of signals that takes longer ends with its process, which is made anew."""

JOB_LIMIT_S = 6 * 3600
"""A research job that takes longer ends with its process, and is begun again."""

QUEUES = (BOTS, CONTROL, SIGNALS, RESEARCH)

ROUTES = {
    "workers.run_bot": {"queue": BOTS},
    "workers.run_desk": {"queue": BOTS},
    "workers.run_feed": {"queue": BOTS},
    "workers.supervise": {"queue": CONTROL},
    "workers.trim_bot_logs": {"queue": CONTROL},
    "workers.check_signals": {"queue": SIGNALS},
    "workers.check_closed_bars": {"queue": SIGNALS},
    "workers.run_job": {"queue": RESEARCH},
}
