"""Flower's own settings; what differs between installations comes from the environment."""

from workers.flower_tasks import format_task  # noqa: F401 (Flower reads the name)

# Long-lived duties and little else send events: this is weeks of starts, in a few megabytes.
max_tasks = 10_000
max_workers = 1_000
purge_offline_workers = 600
tasks_columns = "args,name,state,received,runtime,worker,uuid"
natural_time = False
