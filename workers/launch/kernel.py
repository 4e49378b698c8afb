"""Compiling the trading kernel once, before several processes would do it side by side."""

import hashlib
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from workers.launch.bootstrap import ROOT
from workers.launch.errors import LaunchError
from workers.launch.installation import python

# The kernel, and what computes figures on its fills. They say nothing where the cache has it all.
_SOURCES = ("kernel", "metrics", "trades.py")


def compile_kernel(*, cache: Path, environment: Mapping[str, str]) -> None:
    """Fill the cache unless it was filled from these very sources."""
    digest = hashlib.sha256()
    for source in _SOURCES:
        whole = ROOT / "apps" / "trading" / source
        for path in sorted(whole.glob("*.py")) if whole.is_dir() else [whole]:
            digest.update(path.read_bytes())
    stamp = cache / "compiled-from"
    if stamp.is_file() and stamp.read_text() == digest.hexdigest():
        return
    argv = python("apps.common.compiling")
    given = {**os.environ, **environment}
    if subprocess.run(argv, env=given, cwd=ROOT, check=False).returncode != 0:
        raise LaunchError("The trading kernel could not be compiled; the reason stands above.")
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    stamp.write_text(digest.hexdigest())
