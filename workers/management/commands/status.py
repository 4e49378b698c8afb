"""`manage.py status`."""

from workers.launch.command import LauncherCommand
from workers.launch.options import SUMMARIES


class Command(LauncherCommand):
    name = "status"
    help = SUMMARIES[name]
