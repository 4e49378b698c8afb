"""`manage.py down`."""

from workers.launch.command import LauncherCommand
from workers.launch.options import SUMMARIES


class Command(LauncherCommand):
    name = "down"
    help = SUMMARIES[name]
