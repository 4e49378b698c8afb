"""Installing a hashed lock into an environment: with uv, else with pip.

Standard library only: it runs before anything is installed.
"""

import ast
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

# pip's options with uv's variables for the same. A private mirror configured for pip serves uv too.
_UV_NAMES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "no-index": "UV_NO_INDEX",
    "cert": "SSL_CERT_FILE",
    "client-cert": "SSL_CLIENT_CERT",
    "proxy": "ALL_PROXY",
    "timeout": "UV_HTTP_TIMEOUT",
    "default-timeout": "UV_HTTP_TIMEOUT",
}
_COMMA_SEPARATED = {"UV_FIND_LINKS"}
_SECTIONS = ("global", "install", ":env:")


def install(*, python: Path, lock: Path) -> bool:
    """Install exactly what `lock` names; False when neither installer managed."""
    return _install_with_uv(python, lock) or _pip(python, "-r", str(lock))


def _install_with_uv(python: Path, lock: Path) -> bool:
    pinned = pinned_lines(lock.read_text(), "uv")
    uv = python.with_name("uv")
    if not pinned:
        return False
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as only_uv:
        only_uv.write(pinned)
        only_uv.flush()
        if not _pip(python, "--quiet", "-r", only_uv.name):
            return False
    argv = [str(uv), "pip", "install", "--python", str(python)]
    # Compiled once here, not again by each of the many processes that start together.
    argv += ["--require-hashes", "--no-deps", "--compile-bytecode", "-r", str(lock)]
    given = {**uv_settings(_pip_configuration(python)), **os.environ}
    try:
        return subprocess.run(argv, env=given, stdout=sys.stderr, check=False).returncode == 0
    except OSError:
        return False


def _pip(python: Path, *arguments: str) -> bool:
    argv = [str(python), "-m", "pip", "install", "--disable-pip-version-check"]
    argv += ["--require-hashes", "--no-deps", *arguments]
    return subprocess.run(argv, stdout=sys.stderr, check=False).returncode == 0


def pinned_lines(lock: str, package: str) -> str:
    """Cut one package with its hashes out of a lock; empty when it is not there."""
    pattern = rf"^{re.escape(package)}==\S+(?:[^\n]*\\\n)(?:\s+--hash=\S+(?: \\)?\n)+"
    found = re.search(pattern, lock, re.MULTILINE)
    return found.group() if found else ""


def _pip_configuration(python: Path) -> str:
    argv = [str(python), "-m", "pip", "config", "list"]
    return subprocess.run(argv, capture_output=True, text=True, check=False).stdout


def uv_settings(pip_configuration: str) -> Mapping[str, str]:
    """Translate the output of `pip config list` into uv's environment variables."""
    by_section: dict[str, dict[str, str]] = {section: {} for section in _SECTIONS}
    for line in pip_configuration.splitlines():
        key, _, value = line.partition("=")
        section, _, option = key.rpartition(".")
        name = _UV_NAMES.get(option)
        if name is None or section not in by_section:
            continue
        words = str(ast.literal_eval(value)).split()
        by_section[section][name] = ("," if name in _COMMA_SEPARATED else " ").join(words)
    settings = {name: text for section in _SECTIONS for name, text in by_section[section].items()}
    if "UV_INDEX" in settings:
        # pip takes the best version of all indexes; uv's default takes the first index's.
        settings["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    return settings
