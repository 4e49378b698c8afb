"""Each import rule bites: a planted violation of it is found."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")

# The rule, the file the bad import is planted in, and the import.
VIOLATIONS = [
    ("shell", "apps/common/planted.py", "import workers.queues"),
    ("shell", "workers/planted.py", "import config.urls"),
    ("apps", "apps/audit/planted.py", "import apps.bots.models"),
    ("apps", "apps/trading/planted.py", "import apps.venues"),
    ("apps", "apps/newcomer/__init__.py", '"""A package no layer names."""'),
    ("pure-core", "apps/trading/planted.py", "import time"),
    ("pure-core", "apps/trading/planted.py", "import asyncio"),
    ("pure-core", "apps/strategies/planted.py", "from django.db import models"),
    ("venues-without-django", "apps/venues/planted.py", "from django.conf import settings"),
    ("strategies-independent", "apps/strategies/planted.py", "import apps.strategies.{other}"),
    ("ledger-protected", "apps/bots/planted.py", "import apps.ledger.models"),
]


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages and the rules, without anything else."""
    folder = tmp_path_factory.mktemp("tree")
    for package in ("apps", "config", "workers"):
        shutil.copytree(ROOT / package, folder / package, ignore=_no_caches)
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def lint(folder: Path, rule: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(LINT_IMPORTS), "--contract", rule, "--no-cache"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("rule", sorted({rule for rule, _, _ in VIOLATIONS}))
def test_the_tree_keeps_the_rule(copied: Path, rule: str) -> None:
    outcome = lint(copied, rule)

    assert outcome.returncode == 0, outcome.stdout


@pytest.mark.parametrize(("rule", "file", "line"), VIOLATIONS)
def test_a_planted_violation_is_found(copied: Path, rule: str, file: str, line: str) -> None:
    planted = copied / file
    planted.parent.mkdir(exist_ok=True)
    planted.write_text(line.format(other=_any_strategy(copied)) + "\n")
    try:
        outcome = lint(copied, rule)
    finally:
        planted.unlink()
        if not any(planted.parent.iterdir()):
            planted.parent.rmdir()

    assert outcome.returncode == 1
    assert "BROKEN" in outcome.stdout
    assert "planted" in outcome.stdout or "newcomer" in outcome.stdout


def test_every_rule_has_a_violation_here() -> None:
    import tomllib

    rules = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    assert {rule["id"] for rule in rules["contracts"]} == {rule for rule, _, _ in VIOLATIONS}


def _any_strategy(folder: Path) -> str:
    names = (path.stem for path in (folder / "apps" / "strategies").glob("*.py"))
    return min(name for name in names if name not in ("__init__", "planted"))


def _no_caches(_folder: str, names: list[str]) -> list[str]:
    return [name for name in names if name == "__pycache__"]
