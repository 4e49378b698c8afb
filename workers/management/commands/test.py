"""`manage.py test`."""

from workers.launch.command import LauncherCommand
from workers.launch.options import SUMMARIES


class Command(LauncherCommand):
    name = "test"
    help = SUMMARIES[name]
