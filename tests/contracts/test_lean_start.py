"""Nothing that does not decide, backtest or search loads the compiler, let alone compiles."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Every admin page, route, task and command, as the web process and `manage.py` load them.
START = """
import sys
import django
django.setup()
import config.urls, config.asgi, workers.tasks, workers.hooks
from django.core.management import call_command, get_commands, load_command_class
call_command("check")
found = {name for name in sys.argv[1:] if name in sys.modules}
for name, app in get_commands().items():
    if str(app).startswith(("apps.", "workers")):
        load_command_class(app, name)
found |= {"numba", "llvmlite"} & {*sys.modules}
print(*found)
"""
HEAVY = ("numba", "llvmlite", "talib", "scipy", "pandas", "polars", "pyarrow", "lightgbm",
         "sklearn", "optuna", "ccxt")  # fmt: skip


def loaded(tree: Path) -> list[str]:
    """Which of the heavy libraries a start from this folder loads."""
    told = subprocess.run(
        [sys.executable, "-c", START, *HEAVY],
        cwd=tree,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings.test"},
        capture_output=True,
        text=True,
        check=True,
        timeout=110,
    )
    return told.stdout.splitlines()[-1].split()


def test_a_start_loads_no_compiler() -> None:
    assert loaded(ROOT) == []


def test_a_planted_import_is_found(tmp_path: Path) -> None:
    for package in ("apps", "config", "workers"):
        leave = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, tmp_path / package, ignore=leave)
    with (tmp_path / "apps" / "research" / "services.py").open("a") as services:
        services.write("\nfrom apps.trading.kernel import machine\n")

    assert {"numba", "llvmlite"} <= set(loaded(tmp_path))
