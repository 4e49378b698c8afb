"""Carries out research jobs one at a time: taken under a number, renewed, ended or given back."""

import logging
import threading
from collections.abc import Callable
from uuid import UUID

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from apps.research import jobs
from apps.research.carrying import CARRIERS
from apps.research.refusals import Canceled, ResearchRefused
from workers import leaving
from workers.job_starts import silence_s

logger = logging.getLogger(__name__)


def run_job(*, kind: str, id: UUID, dispatch: int) -> str:
    """One job from its taking to its end; what became of it, in a word."""
    taken = jobs.take(kind=kind, id=id, number=dispatch, silence_s=silence_s())
    if taken is None:
        return "superseded"
    with Pulse(taken.beat, every_s=settings.LEASE_RENEW_S) as pulse:
        try:
            columns = CARRIERS[kind](id=id, progress=pulse.tell, canceled=pulse.is_over)
        except Canceled:
            taken.canceled()
            if leaving.is_asked():
                taken.give_back()
                return "given back"
            return "canceled"
        except ResearchRefused as refused:
            taken.fail(error=str(refused))
            return "refused"
        except (OperationalError, InterfaceError) as trouble:
            # Nobody renews it now, so it is sent again once the database answers.
            logger.warning("job %s is left to its successor: %s", id, trouble)
            connection.close()
            return "left"
        except Exception:
            logger.exception("job %s failed", id)
            taken.fail(error="an error of this program stopped it: the workers' log tells which")
            return "failed"
        return "done" if taken.finish(columns=columns) else "superseded"


class Pulse:
    """Renews a job from a thread of its own, and hears there that nobody wants it any more."""

    def __init__(self, beat: Callable[..., bool], *, every_s: float) -> None:
        self._beat = beat
        self._every_s = every_s
        self._told = (0.0, "")
        self._over = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)

    def __enter__(self) -> "Pulse":
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._ended.set()
        self._thread.join()

    def tell(self, share: float, stage: str) -> None:
        """What the next renewal says of the job."""
        self._told = (share, stage)

    def is_over(self) -> bool:
        return self._over.is_set() or leaving.is_asked()

    def _run(self) -> None:
        try:
            while not self._ended.wait(self._every_s):
                self._renew()
        finally:
            connection.close()

    def _renew(self) -> None:
        share, stage = self._told
        try:
            if not self._beat(progress=share, stage=stage):
                self._over.set()
        except (OperationalError, InterfaceError) as trouble:
            logger.warning("a job could not be renewed: %s", trouble)
            connection.close()
