"""Every Celery task on one page. Each takes ids, calls one place, and is safe to run twice."""

from collections.abc import Sequence
from uuid import UUID

from celery import shared_task

from workers.queues import JOB_LIMIT_S, SIGNALS_LIMIT_S

# What a task needs is imported when it first runs: a process of one queue does not carry what
# only the others use (ccxt and the compiled kernel are most of a worker's memory and start).
# Sweeps and checks send no events: Flower shows one task per bot, desk and feed.


@shared_task(name="workers.run_bot")
def run_bot(*, id: str, dispatch: int, **_later: object) -> str:
    """One bot's shift: lasts until the bot stops, this process drains or dies."""
    from workers import duties
    from workers.hooks import current_host

    host, key = current_host(), UUID(id)
    return host.run(
        lambda: duties.run_bot(host, bot_id=key, dispatch=dispatch), works_on=("bot", key)
    )


@shared_task(name="workers.run_desk")
def run_desk(*, id: str, dispatch: int, **_later: object) -> str:
    """One exchange account's desk."""
    from workers import duties
    from workers.hooks import current_host

    host, key = current_host(), UUID(id)
    return host.run(
        lambda: duties.run_desk(host, account_id=key, dispatch=dispatch), works_on=("desk", key)
    )


@shared_task(name="workers.run_feed")
def run_feed(*, id: str, dispatch: int, **_later: object) -> str:
    """One exchange's bar feed."""
    from workers import duties
    from workers.hooks import current_host

    host, key = current_host(), UUID(id)
    return host.run(
        lambda: duties.run_feed(host, feed_id=key, dispatch=dispatch), works_on=("feed", key)
    )


@shared_task(name="workers.canary", send_events=False)
def canary(**_later: object) -> None:
    """A message of this process to itself has come through."""
    from workers.canary_hooks import heard

    heard()


@shared_task(name="workers.supervise", send_events=False)
def supervise(**_later: object) -> int:
    """Start what should run and does not."""
    from workers.supervision import sweep

    return sweep()


@shared_task(name="workers.trim_bot_logs", send_events=False)
def trim_bot_logs(**_later: object) -> int:
    """What of the bots' logs is kept no longer, a part of the bots each minute."""
    from apps.bots import log

    return log.trim_by_settings()


@shared_task(name="workers.check_signals", send_events=False, time_limit=SIGNALS_LIMIT_S)
def check_signals(**_later: object) -> int:
    """Every market and timeframe whose newest bar has not been evaluated."""
    from workers import signals

    return signals.check_all()


@shared_task(name="workers.check_closed_bars", send_events=False, time_limit=SIGNALS_LIMIT_S)
def check_closed_bars(*, closed: Sequence[tuple[str, str]], **_later: object) -> int:
    """The markets and timeframes whose bars have just closed."""
    from workers import signals

    return signals.check_closed(closed={(UUID(market), timeframe) for market, timeframe in closed})


@shared_task(name="workers.run_job", time_limit=JOB_LIMIT_S)
def run_job(*, kind: str, id: str, dispatch: int, **_later: object) -> str:
    """One backtest, search or training."""
    from workers import research

    return research.run_job(kind=kind, id=UUID(id), dispatch=dispatch)
