"""Preparing an installation whose servers are given: secrets made once, database migrated.

Runs as a program before the first process of such an installation: python -m workers.launch.setup
"""

import os
import sys

from config.env import load_dotenv
from workers.launch.errors import LaunchError
from workers.launch.given import check_database, check_redis
from workers.launch.installation import locate


def main() -> int:
    """Prepare; return the exit code."""
    load_dotenv()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.embedded")
    installation = locate(state_dir=None)
    try:
        if not (installation.database_url and installation.redis_url):
            raise LaunchError(
                "DATABASE_URL and REDIS_URL must be given here; "
                "with embedded servers use: python3 manage.py up",
                exit_code=2,
            )
        check_database(installation.database_url)
        check_redis(installation.redis_url)
        installation.state.prepare()
    except LaunchError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    import django

    django.setup()
    from workers.launch.database import migrate

    migrate()
    return 0


if __name__ == "__main__":
    sys.exit(main())
