"""`manage.py doctor`."""

from workers.launch.command import LauncherCommand
from workers.launch.options import SUMMARIES


class Command(LauncherCommand):
    name = "doctor"
    help = SUMMARIES[name]
