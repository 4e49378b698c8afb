"""The command line: the launcher's own commands, and Django's behind them."""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from apps.common.compiling import tell_compiling
from config import env
from workers.launch.errors import LaunchError
from workers.launch.options import COMMANDS, parser


def main(argv: Sequence[str]) -> int:
    """Run one command; return the exit code."""
    command = argv[1] if len(argv) > 1 else "help"
    if command == "test":
        from workers.launch.selftest import run

        return run(argv[2:])
    env.load_dotenv()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.embedded")
    tell_compiling()
    if command == "backtest":
        # Without Django, which takes longer to start than a backtest to run.
        return _backtest(argv[2:])
    if command == "search":
        return _search(argv[2:])
    if command not in COMMANDS:
        from django.core.management import execute_from_command_line

        execute_from_command_line(list(argv))
        return 0
    options = parser(command).parse_args(list(argv[2:]))
    try:
        return _function(command)(options)
    except LaunchError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130


def _backtest(argv: Sequence[str]) -> int:
    from apps.research.console import main as backtest

    folder = env.read("STRATEGY_PATH")
    return backtest(argv, strategy_folder=Path(folder) if folder else None)


def _search(argv: Sequence[str]) -> int:
    from apps.research.search.console import main as search

    folder = env.read("STRATEGY_PATH")
    return search(
        argv,
        strategy_folder=Path(folder) if folder else None,
        state_folder=Path(env.read("FLOTILLA_STATE_DIR")),
    )


def _function(command: str) -> Callable[..., int]:
    # Imported one by one: `down` must not wait for what only `up` needs.
    if command == "up":
        from workers.launch.up import run as up

        return up
    if command == "doctor":
        from workers.launch.doctor import run as doctor

        return doctor
    from workers.launch import running

    return running.down if command == "down" else running.status


if __name__ == "__main__":
    sys.exit(main(sys.argv))
