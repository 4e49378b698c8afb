"""Bringing the database to what the code expects, one process at a time."""

from contextlib import closing
from urllib.parse import urlsplit

import psycopg2
from django.core.management import call_command
from django.db import connection
from psycopg2.extensions import ISOLATION_LEVEL_AUTOCOMMIT
from psycopg2.sql import SQL, Identifier

# Any number that nothing else locks: "flot" in ASCII.
_MIGRATION_LOCK = 0x666C6F74


def make_database(url: str) -> None:
    """Create the database `url` names unless it is there."""
    name = urlsplit(url).path.lstrip("/")
    server = url.replace(f"/{name}?", "/postgres?", 1)
    with closing(psycopg2.connect(server, connect_timeout=5)) as session:
        session.set_isolation_level(ISOLATION_LEVEL_AUTOCOMMIT)
        with session.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            if cursor.fetchone() is None:
                cursor.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))


def migrate() -> None:
    """Apply migrations; a second process waits for the first, then finds nothing to do."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [_MIGRATION_LOCK])
        try:
            call_command("migrate", interactive=False, verbosity=0)
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_MIGRATION_LOCK])


def pending_migrations() -> list[str]:
    """Name the migrations that are not applied yet, as app.name."""
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _backwards in plan]
