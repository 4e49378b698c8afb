"""A worker process held up past its lease and resumed: it may write and send nothing more."""

import os
import signal
import time
from datetime import UTC, datetime

from apps.operations.models import WorkerProcess
from workers.proof import rollcall
from workers.proof.copies import doubled_runners
from workers.proof.faults import Aftermath, Struck, busiest_bots_process, higher
from workers.proof.signatures import late_arrivals
from workers.proof.site import Site

_ANEW_LIMIT_S = 30.0
_WATCHED_S = 5.0


def stopped_past_its_lease(site: Site) -> Struck:
    """SIGSTOP of the bots process that runs most bots; SIGCONT once all of them are elsewhere."""
    name = busiest_bots_process(site)
    pid = site.pid(name)
    theirs = rollcall.held_by(rollcall.call(), pid=pid)
    (process_id,) = WorkerProcess.objects.filter(pid=pid, dead=False).values_list("id", flat=True)
    site.hurt(name, signal.SIGSTOP)
    at = datetime.now(UTC)

    def after() -> Aftermath:
        found = Aftermath()
        if not WorkerProcess.objects.filter(pk=process_id, dead=True).exists():
            found.wrong.append(f"{name} was resumed before it was declared dead")
        os.kill(pid, signal.SIGCONT)
        resumed = time.monotonic()
        anew = WorkerProcess.objects.filter(pid=pid, dead=False).exclude(pk=process_id)
        while not anew.exists() and site.programs()[name].pid == pid:
            if time.monotonic() - resumed > _ANEW_LIMIT_S:
                found.wrong.append(f"{name} did not register anew after it was resumed")
                break
            time.sleep(0.1)
        found.noted["registered anew after"] = f"{time.monotonic() - resumed:.1f} s"
        # Whatever it still had in hand would be on the wire by now.
        time.sleep(_WATCHED_S)
        arrivals = site.exchange.ask("arrivals")
        late = late_arrivals(arrivals, since=at)
        found.noted["order requests seen by the exchange"] = len(arrivals)
        found.noted["of them from the resumed process's old shifts"] = len(late)
        found.wrong += doubled_runners(site)
        return found

    return Struck(
        f"SIGSTOP past its lease, then SIGCONT of {name} (pid {pid}, {len(theirs)} bots)",
        at,
        fences=higher(theirs),
        after=after,
    )
