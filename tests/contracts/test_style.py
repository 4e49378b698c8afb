"""How the code reads: short files, short functions, docstrings, names from the glossary."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("apps", "config", "workers", "tests")
LONGEST_FILE = 400
LONGEST_FUNCTION = 60
BANNED_NAMES = {"manager", "helper", "helpers", "util", "utils", "handler", "processor", "data2"}
# Words Django, Celery and other libraries make us use.
GIVEN_NAMES = {
    "BaseUserManager",
    "UserManager",
    "StreamHandler",
    "ProcessorFormatter",
    "handler404",
}


def sources() -> list[Path]:
    found = [ROOT / "manage.py"]
    for package in PACKAGES:
        found += [
            path
            for path in sorted((ROOT / package).rglob("*.py"))
            if "migrations" not in path.parts
        ]
    return found


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", sources(), ids=name_of)
def test_a_file_is_short_and_says_what_it_is_for(path: Path) -> None:
    text = path.read_text()
    tree = ast.parse(text)

    assert text.count("\n") <= LONGEST_FILE
    if path.name == "__init__.py" and "tests" in path.parts:
        return
    summary = (ast.get_docstring(tree) or "").split("\n")[0]
    assert summary.endswith((".", "?", "!", ")")), f"first line: {summary!r}"
    too_long = [
        f"{function.name} has {length(function)} lines"
        for function in functions(tree)
        if length(function) > LONGEST_FUNCTION
    ]
    assert too_long == []


@pytest.mark.parametrize("path", sources(), ids=name_of)
def test_definitions_have_names_that_say_something(path: Path) -> None:
    defined = {
        node.name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    }
    words = {name: set(re.findall(r"[a-z0-9]+", snake(name))) for name in defined - GIVEN_NAMES}

    assert {name for name in words if words[name] & BANNED_NAMES} == set()
    assert path.stem not in BANNED_NAMES


def test_no_file_speaks_of_the_place_it_was_written_in() -> None:
    # Put together from pieces, so that this file does not contain what it looks for.
    machine_paths = ["/wo" + "rk/", "/ro" + "ot/", "/tmp/flot" + "illa/", "/opt/py" + "pi"]
    words = ["DESIGN" + ".md", "TO" + "DO", "FIX" + "ME", "NotImplemented" + "Error"]
    words += [
        "anthro" + "pic",
        "clau" + "de",
        "chat" + "gpt",
        "co" + "pilot",
        "lang" + "uage model",
    ]
    pattern = re.compile("|".join(map(re.escape, [*machine_paths, *words])), re.IGNORECASE)
    found = {f"{name}: {hit.group()}" for name, text in texts() for hit in pattern.finditer(text)}

    assert found == set()


def test_only_the_machine_entry_names_the_folder_beside_the_checkout() -> None:
    named = [name for name, text in texts() if "../sha" + "red" in text]

    assert named == [".ci/run"]


def texts() -> Iterator[tuple[str, str]]:
    listed = subprocess.check_output(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, text=True
    )
    for name in listed.splitlines():
        path = ROOT / name
        if name.startswith("requirements/") or not path.is_file():
            continue
        try:
            yield name, path.read_text()
        except UnicodeDecodeError:
            continue


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
