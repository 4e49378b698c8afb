"""The private environment is made once, rebuilt when broken, and refused with a remedy."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from workers.launch.bootstrap import (
    ROOT,
    BootstrapError,
    Environment,
    missing_module_sentence,
)

PLENTY = 10**12


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    return make_checkout(tmp_path)


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    checkout = make_checkout(tmp_path_factory.mktemp("made"))
    environment(checkout).prepare("base.txt")
    return checkout


@pytest.fixture
def prepared(made_once: Path, tmp_path: Path) -> Path:
    """A checkout of its own whose environment was prepared from base.txt."""
    return Path(shutil.copytree(made_once, tmp_path / "prepared", symlinks=True))


def make_checkout(folder: Path) -> Path:
    requirements = folder / "requirements"
    requirements.mkdir()
    # Comments only: an install that succeeds and fetches nothing.
    (requirements / "base.txt").write_text("# nothing\n")
    (requirements / "test.txt").write_text("# nothing either\n")
    return folder


def environment(checkout: Path, *, free: int = PLENTY) -> Environment:
    return Environment(checkout, free_bytes=lambda _path: free, say=lambda _line: None)


def test_a_prepared_environment_is_ready_and_runs(prepared: Path) -> None:
    made = environment(prepared)

    assert made.is_ready("base.txt")
    assert not made.is_ready("test.txt")
    prefix = [str(made.python), "-c", "import sys; print(sys.prefix)"]
    assert subprocess.check_output(prefix, text=True).strip() == str(made.folder)


def test_what_the_tests_need_contains_what_the_product_needs(prepared: Path) -> None:
    made = environment(prepared)

    made.prepare("test.txt")

    assert made.is_ready("test.txt")
    assert made.is_ready("base.txt")


def test_a_changed_lock_is_installed_again(prepared: Path) -> None:
    made = environment(prepared)

    (prepared / "requirements" / "base.txt").write_text("# changed\n")

    assert not made.is_ready("base.txt")


def test_a_half_made_environment_is_made_again(checkout: Path) -> None:
    made = environment(checkout)
    made.python.parent.mkdir(parents=True)
    made.python.symlink_to(sys.executable)
    (made.folder / "left-behind").touch()

    made.prepare("base.txt")

    assert made.is_ready("base.txt")
    assert not (made.folder / "left-behind").exists()


def test_an_interpreter_that_is_gone_is_noticed(prepared: Path) -> None:
    made = environment(prepared)

    made.python.unlink()
    made.python.symlink_to("/nowhere/python3")

    assert not made.is_ready("base.txt")


def test_a_full_disk_is_refused_before_anything_is_made(checkout: Path) -> None:
    made = environment(checkout, free=100_000_000)

    with pytest.raises(BootstrapError, match=r"0\.1 GB of free disk space and 2\.5 GB are needed"):
        made.prepare("base.txt")

    assert not made.folder.exists()


def test_a_failed_install_is_no_install(prepared: Path) -> None:
    (prepared / "requirements" / "base.txt").write_text("no-hash-given==1.0\n")
    made = environment(prepared)

    with pytest.raises(BootstrapError, match="could not be installed"):
        made.prepare("base.txt")

    assert not made.is_ready("base.txt")


def test_a_missing_venv_module_names_the_debian_package(checkout: Path) -> None:
    program = (
        "import sys, importlib.util as util\n"
        "find = util.find_spec\n"
        "util.find_spec = lambda name, *rest: None if name == 'ensurepip' else find(name, *rest)\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        "from pathlib import Path\n"
        "from workers.launch.bootstrap import Environment\n"
        f"Environment(Path({str(checkout)!r}), free_bytes=lambda _: 10**12).prepare('base.txt')\n"
    )

    outcome = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )

    assert outcome.returncode != 0
    assert "came without ensurepip" in outcome.stderr
    assert "sudo apt install python3." in outcome.stderr
    assert not (checkout / ".venv").exists()


def test_the_sentence_names_every_missing_module() -> None:
    assert "came without venv and ensurepip" in missing_module_sentence(["venv", "ensurepip"])


def test_a_damaged_stamp_means_not_ready(prepared: Path) -> None:
    made = environment(prepared)
    stamp = made.folder / "installed.json"
    assert json.loads(stamp.read_text())["base.txt"]

    stamp.write_text("{")

    assert not made.is_ready("base.txt")


def test_an_old_python_is_told_which_one_to_use(tmp_path: Path) -> None:
    # The first lines of manage.py must be readable by old interpreters: run them under a version
    # that claims to be one.
    program = (ROOT / "manage.py").read_text().replace("import sys\n", OLD_PYTHON, 1)
    script = tmp_path / "manage.py"
    script.write_text(program)

    outcome = subprocess.run(
        [sys.executable, str(script), "up"], capture_output=True, text=True, check=False
    )

    assert outcome.returncode == 1
    assert outcome.stderr == (
        "Flotilla needs Python 3.11 or newer and this is Python 3.8: install a newer one and "
        "start with it, for example: python3.12 manage.py up\n"
    )


OLD_PYTHON = """
import sys
sys.version_info = (3, 8, 18)
"""


def test_the_entry_uses_no_syntax_newer_than_python_3_6() -> None:
    import ast

    ast.parse((ROOT / "manage.py").read_text(), feature_version=(3, 6))
