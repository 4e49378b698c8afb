"""What the installation is told when one of its processes died."""

import socket

from django.db import close_old_connections

from workers.queues import QUEUES


def on_child_death(*, name: str, pid: int) -> None:
    """Mark the worker process dead at once, so that its bots start elsewhere without waiting."""
    if name.rpartition("-")[0] not in QUEUES:
        return
    # Models can be imported only after the settings, which exist once the servers run.
    from apps.operations.models import WorkerProcess
    from apps.operations.services import end_process

    close_old_connections()
    alive = WorkerProcess.objects.filter(host=socket.gethostname(), pid=pid, dead=False)
    for process_id in alive.values_list("id", flat=True):
        end_process(process_id=process_id)
