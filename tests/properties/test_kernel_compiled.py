"""Compiled and uncompiled are one kernel, and no edit of it is overlooked by a cache."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from apps.trading.kernel.compile import source_key

RULE = """
from apps.trading.kernel.compile import compiled


@compiled
def rule(price: float) -> float:
    return price + 1.0
"""
USER = """
from apps.trading.kernel.compile import entry_point
from apps.trading.kernel.rule import rule


@entry_point
def use(price: float) -> float:
    return rule(price) * 10.0
"""
ROOT = Path(__file__).resolve().parents[2]
KERNEL = ROOT / "apps" / "trading" / "kernel"


def python(*arguments, cwd=ROOT, **environment):
    result = subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(cwd), **environment},
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def digest(**environment):
    return python("-m", "tests.properties.kernel_digest", "12", "60", **environment).split()


def test_uncompiled_equals_compiled_bit_for_bit():
    compiled, uncompiled = digest(NUMBA_DISABLE_JIT="0"), digest(NUMBA_DISABLE_JIT="1")

    assert (compiled[0], uncompiled[0]) == ("compiled", "uncompiled")
    assert compiled[1] == uncompiled[1]


def small_kernel(folder):
    """The compiler and the layout as they are, with two tiny functions in two modules."""
    kernel = folder / "apps" / "trading" / "kernel"
    kernel.mkdir(parents=True)
    for package in (kernel, kernel.parent, kernel.parent.parent):
        (package / "__init__.py").write_text("")
    for name in ("layout.py", "compile.py"):
        shutil.copy(KERNEL / name, kernel / name)
    (kernel / "rule.py").write_text(RULE)
    (kernel / "user.py").write_text(USER)
    return kernel


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def answer(folder):
    ask = "from apps.trading.kernel.user import use; print(use(1.0))"
    return python("-c", ask, cwd=folder, NUMBA_CACHE_DIR=str(folder / "cache"))


def test_an_edit_in_another_module_reaches_cached_code(tmp_path):
    kernel = small_kernel(tmp_path)
    before = [answer(tmp_path), answer(tmp_path)]

    edit(kernel / "rule.py", "price + 1.0", "price + 2.0")

    assert before == ["20.0", "20.0"]
    assert answer(tmp_path) == "30.0"


def test_without_the_key_the_edit_would_be_overlooked(tmp_path):
    """What the key is for: the same edit with one folder for all sources gives old results."""
    kernel = small_kernel(tmp_path)
    edit(kernel / "compile.py", "return digest.hexdigest()[:16]", 'return "one-for-all"')
    before = answer(tmp_path)

    edit(kernel / "rule.py", "price + 1.0", "price + 2.0")

    assert (before, answer(tmp_path)) == ("20.0", "20.0")


def test_the_key_changes_with_every_source(tmp_path):
    copy = tmp_path / "kernel"
    shutil.copytree(KERNEL, copy)
    first = source_key(copy)
    assert source_key(KERNEL) == first

    for path in sorted(copy.glob("*.py")):
        text = path.read_text()
        path.write_text(text + "\n# edited\n")
        assert source_key(copy) != first, path.name
        path.write_text(text)
    assert source_key(copy) == first


def test_a_place_that_cannot_be_written_is_replaced_by_a_new_private_folder(tmp_path):
    """A file where a folder should be refuses every user, root too."""
    blocked = tmp_path / "file"
    blocked.write_text("")
    question = "from apps.trading.kernel.compile import cache_folder; print(cache_folder())"

    folder = Path(
        python(
            "-c",
            question,
            NUMBA_CACHE_DIR=str(blocked),
            XDG_CACHE_HOME=str(blocked),
            NUMBA_DISABLE_JIT="1",
            TMPDIR=str(tmp_path),
        )
    )

    assert folder.parent == tmp_path
    assert folder.stat().st_mode & 0o777 == 0o700
