"""Starts the simulated exchange from the command line, without Django."""

import argparse
import asyncio
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from apps.venues.simexchange.config import ConfigError, read_config
from apps.venues.simexchange.persistence import UnusableState
from apps.venues.simexchange.prices import PriceSourceError
from apps.venues.simexchange.server import serve


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--port", type=int, default=0, help="0 chooses a free port")
    parser.add_argument("--state-dir", type=Path, required=True, help="where the books are kept")
    parser.add_argument("--host", default="127.0.0.1", help="address to serve on")
    parser.add_argument(
        "--sim-remote",
        action="store_true",
        help="let callers from other hosts use /sim too, if they hold the token",
    )
    parser.add_argument("--config", type=Path, help="JSON file; without it one demo venue")


def run(*, port: int, state_dir: Path, config: Path | None, host: str, sim_remote: bool) -> int:
    """Serve until stopped; return the exit code."""
    try:
        asyncio.run(serve(read_config(config), port, state_dir, host=host, sim_remote=sim_remote))
    except (ConfigError, PriceSourceError, UnusableState) as error:
        sys.stderr.write(f"simexchange: {error}\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"simexchange: cannot serve on port {port}: {error.strerror}\n")
        return 2
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line and serve."""
    parser = argparse.ArgumentParser(prog="simexchange", description=__doc__)
    add_arguments(parser)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    return run(
        port=options.port,
        state_dir=options.state_dir,
        config=options.config,
        host=options.host,
        sim_remote=options.sim_remote,
    )


if __name__ == "__main__":
    sys.exit(main())
