"""Throw-away servers for the tests."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from workers.launch.servers import EmbeddedPostgres, EmbeddedValkey

# Nothing here outlives the tests, so nothing is forced to the disk.
_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@contextmanager
def open_folder() -> Iterator[Path]:
    """Make a folder that another user can pass through, which pytest's own folders are not."""
    folder = Path(tempfile.mkdtemp(prefix="flotilla-test-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running_postgres() -> Iterator[EmbeddedPostgres]:
    """Run a PostgreSQL of one's own."""
    with open_folder() as folder:
        server = EmbeddedPostgres(folder / "postgres", settings=_FAST)
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def running_valkey() -> Iterator[EmbeddedValkey]:
    """Run a Valkey of one's own."""
    with open_folder() as folder:
        server = EmbeddedValkey(folder / "valkey")
        server.start()
        try:
            yield server
        finally:
            server.stop()
