"""Compiled and uncompiled are one kernel, and no edit of it is overlooked by a cache."""

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from apps.trading.kernel.compile import loaded
from apps.trading.kernel.match import match

RULE = """
from apps.trading.kernel.compile import compiled
from apps.trading.kernel.terms import MORE


@compiled
def rule(price: float) -> float:
    return price + MORE
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
COMPILER = ("layout.py", "compile.py", "machine.py", "linking.py", "cache.py")


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
    """The compiler and the layout as they are, with two tiny functions and a constant."""
    kernel = folder / "apps" / "trading" / "kernel"
    kernel.mkdir(parents=True)
    for package in (kernel, kernel.parent, kernel.parent.parent):
        (package / "__init__.py").write_text("")
    for name in COMPILER:
        shutil.copy(KERNEL / name, kernel / name)
    shutil.copy(KERNEL.parent / "lean.py", kernel.parent / "lean.py")
    (kernel / "terms.py").write_text("MORE = 1.0\n")
    (kernel / "rule.py").write_text(RULE)
    (kernel / "user.py").write_text(USER)
    return kernel


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


ASK = """
from apps.trading.kernel import compile
compiled = []
compile.listen(lambda done, over: compiled.append(done))
from apps.trading.kernel.user import use
print(use(1.0), max(compiled, default="from the cache"))
"""


def answer(folder):
    """What `use` says, and how many parts were compiled for it."""
    return python("-c", ASK, cwd=folder, NUMBA_CACHE_DIR=str(folder / "cache"))


EDITS = (
    ("rule.py", "price + MORE", "price - MORE", "0.0"),
    ("terms.py", "MORE = 1.0", "MORE = 2.0", "-10.0"),
    ("layout.py", "cells geometric around", "cells around geometric", "-10.0"),
    ("machine.py", '"nogil": True', '"nogil": False', "-10.0"),
)


def test_an_edit_in_another_module_reaches_cached_code_and_a_comment_does_not(tmp_path):
    kernel = small_kernel(tmp_path / "one")
    fresh = [answer(tmp_path / "one"), answer(tmp_path / "one")]
    edit(kernel / "rule.py", "@compiled", "# Says what a price is worth.\n@compiled")
    (tmp_path / "one").rename(tmp_path / "two")
    moved = answer(tmp_path / "two")
    told = []
    for file, old, new, after in EDITS:
        edit(tmp_path / "two" / "apps" / "trading" / "kernel" / file, old, new)
        told.append((answer(tmp_path / "two"), f"{after} 1"))
    for path in (tmp_path / "two" / "cache" / "kernel").glob("*.nbc"):
        path.unlink()
    told.append((answer(tmp_path / "two"), told[-1][1]))

    assert (*fresh, moved) == ("20.0 1", "20.0 from the cache", "20.0 from the cache")
    for answered, expected in told:
        assert answered == expected


def test_without_the_key_the_edit_would_be_overlooked(tmp_path):
    """What the key is for: the same edit with one key for all sources gives old results."""
    kernel = small_kernel(tmp_path)
    edit(kernel / "cache.py", "return digest.hexdigest()[:24]", 'return "one-for-all"')
    before = answer(tmp_path)

    edit(kernel / "rule.py", "price + MORE", "price - MORE")

    assert (before, answer(tmp_path)) == ("20.0 1", "20.0 from the cache")


def test_processes_that_start_side_by_side_compile_once(tmp_path):
    small_kernel(tmp_path)

    with ThreadPoolExecutor() as starts:
        answers = list(starts.map(answer, [tmp_path] * 3))

    # The others waited for the one, or came when it was done.
    assert answers.count("20.0 1") == 1
    assert set(answers) <= {"20.0 0", "20.0 1", "20.0 from the cache"}


def test_what_would_go_stale_unseen_is_refused(tmp_path):
    kernel = small_kernel(tmp_path)
    edit(kernel / "terms.py", "MORE = 1.0", "MORE = [1.0]")
    edit(kernel / "rule.py", "price + MORE", "price + MORE[0]")

    with pytest.raises(AssertionError, match="rule names MORE, a list"):
        answer(tmp_path)


def test_a_place_that_cannot_be_written_is_replaced_by_a_new_private_folder(tmp_path):
    """A file where a folder should be refuses every user, root too."""
    blocked = tmp_path / "file"
    blocked.write_text("")
    question = "from apps.trading.kernel.cache import cache_folder; print(cache_folder())"

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


def test_an_entry_point_is_loaded_once():
    first = loaded(match)

    assert loaded(match) is first
