#!/usr/bin/env python3
"""Start here: prepare the private environment, then run the command asked for."""

import sys

# Checked before anything else is imported, in words every Python 3 can read.
if sys.version_info < (3, 11):  # noqa: UP036 - this is where older ones are told
    sys.exit(
        "Flotilla needs Python 3.11 or newer and this is Python {}.{}: "
        "install a newer one and start with it, for example: python3.12 manage.py up".format(
            *sys.version_info[:2]
        )
    )

from workers.launch import bootstrap


def main():  # type: () -> int
    bootstrap.enter(sys.argv)
    from workers.launch.cli import main as run

    return run(sys.argv)


if __name__ == "__main__":
    sys.exit(main())
