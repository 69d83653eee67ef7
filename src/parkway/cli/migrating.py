"""Bringing a database up to date while others work on it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.core.management import call_command
from django.db import Error, OperationalError, connection
from django.db.migrations.exceptions import MigrationSchemaMissing
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from parkway.db import bulk, locking
from parkway.domain import Conflict, Forbidden

PATIENCE = "5s"  # for the lock of a table: whoever comes after waits behind a migration that waits
ONE_AT_A_TIME = 7_275_927  # any number, the same for every process that migrates


def bring_up_to_date() -> None:
    """Make the tables, or change them to what this program needs. Safe to repeat, and by several at once.

    Raises Conflict when somebody holds a table for long; what was migrated before that stays. Also when an
    older version left the database on the way. Forbidden when the role may make no tables.
    """
    _closed_to_others()
    with _one_at_a_time():
        require_a_known_start()
        try:
            call_command("migrate", verbosity=0, interactive=False)
        except MigrationSchemaMissing as error:
            raise Forbidden(
                "This role may not make tables there. Run `parkway migrate` with the role that owns the "
                "database in DATABASE_URL."
            ) from error
        call_command("createcachetable", verbosity=0)


def require_a_known_start() -> None:
    """Raise Conflict where some of the migrations that one of ours stands for were carried out, and not all:
    this program does not have the others.
    """
    applied = MigrationRecorder(connection).applied_migrations().keys()
    for key, migration in MigrationLoader(None).replacements.items():
        missing = set(migration.replaces) - applied
        if missing and applied & {key, *migration.replaces}:
            raise Conflict(
                "This database is of an older version, from which no way leads straight to this one. Install "
                "the version before this one and run its `parkway migrate`. Then install this one and run it "
                "again."
            )


def _closed_to_others() -> None:
    """A new file is for this user alone, and SQLite gives the files beside it the same mode."""
    if connection.vendor == "sqlite":
        with suppress(OSError):  # it is there already, or is told when it is opened
            os.close(os.open(str(connection.settings_dict["NAME"]), os.O_CREAT | os.O_EXCL, 0o600))


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """On PostgreSQL one process migrates, others wait for it, and none makes people wait for a table."""
    if connection.vendor != "postgresql":
        yield
        return
    bulk.write("SET lock_timeout = 0")  # another's migrations may take long
    bulk.read("SELECT pg_advisory_lock(%s)", [ONE_AT_A_TIME])
    bulk.write(f"SET lock_timeout = '{PATIENCE}'")
    try:
        yield
    except OperationalError as error:
        if "lock timeout" not in str(error):
            raise
        raise Conflict(
            f"Somebody held a table for more than {PATIENCE}, and nobody is to wait behind a migration. "
            "What was migrated before stays. Run `parkway migrate` again."
        ) from error
    finally:
        with suppress(Error):
            bulk.write(f"SET lock_timeout = '{locking.LIMITS['lock_timeout']}'")
            bulk.read("SELECT pg_advisory_unlock(%s)", [ONE_AT_A_TIME])
