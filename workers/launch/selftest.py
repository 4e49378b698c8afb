"""`manage.py test`: everything a reviewer runs, with one summary."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from config.env import VARIABLES
from workers.launch.bootstrap import ROOT

_TYPED = ("apps", "config", "workers", "manage.py")
# Half of the time tests wait for processes; each tester has servers of its own. More than four
# would only take the cores from the programs under test.
_MOST_TESTERS = 4


@dataclass(frozen=True, slots=True)
class Step:
    """One tool with its arguments."""

    name: str
    argv: Sequence[str]


def steps(pytest_arguments: Sequence[str]) -> list[Step]:
    """Return what to run: everything side by side, or only pytest when it was given arguments."""
    if pytest_arguments:
        return [Step("tests", [_program("pytest"), *pytest_arguments])]
    testers = min(_MOST_TESTERS, max(2, os.cpu_count() or 1))
    # A file's tests stay together: they share what its fixtures start.
    tests = Step("tests", [_program("pytest"), "-n", str(testers), "--dist", "loadfile"])
    return [
        Step("lint", [_program("ruff"), "check"]),
        Step("format", [_program("ruff"), "format", "--check"]),
        Step("types", [_program("mypy"), *_TYPED]),
        Step("import rules", [_program("lint-imports")]),
        tests,
    ]


def run(pytest_arguments: Sequence[str]) -> int:
    """Run the steps, all of them whatever fails; 0 when every one passed."""
    environment = _clean_environment()
    lines = []
    failed = False
    for step in steps(pytest_arguments):
        print(f"== {step.name}", flush=True)
        began = time.monotonic()
        code = subprocess.run(step.argv, cwd=ROOT, env=environment, check=False).returncode
        failed = failed or code != 0
        verdict = "ok" if code == 0 else f"FAILED ({code})"
        lines.append(f"  {step.name:<14}{verdict:<14}{time.monotonic() - began:6.1f} s")
    print("\n".join(["", *lines]))
    return int(failed)


def _clean_environment() -> dict[str, str]:
    """Return the environment without our own settings: tests use servers of their own."""
    ours = {variable.name for variable in VARIABLES}
    return {name: value for name, value in os.environ.items() if name not in ours}


def _program(name: str) -> str:
    return str(Path(sys.executable).with_name(name))
