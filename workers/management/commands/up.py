"""`manage.py up`."""

from workers.launch.command import LauncherCommand
from workers.launch.options import SUMMARIES


class Command(LauncherCommand):
    name = "up"
    help = SUMMARIES[name]
