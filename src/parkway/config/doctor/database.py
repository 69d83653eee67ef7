"""The database: is it there, may it be written, is it fit for children's records, and of this version?"""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage
from django.db import Error, NotSupportedError, connection, transaction
from django.db.migrations.recorder import MigrationRecorder

from parkway.config.doctor.findings import Area
from parkway.config.health_endpoints import known_migrations
from parkway.db import bulk, errors
from parkway.tenancy import row_level_security

REACHABLE = Area("database", "parkway.reachable", on_database=True)
AREA = Area("database", "parkway.database", on_database=True)
SEE = "docs/operating.md tells of the roles."


@REACHABLE.check
def reachable() -> Iterator[CheckMessage]:
    """Look whether the database answers at all; every further look needs it."""
    yield _reached()


def _reached() -> CheckMessage:
    path = Path(str(connection.settings_dict["NAME"]))
    if connection.vendor == "sqlite" and not path.exists():
        mend = "Make it with `parkway migrate`, or name another one with DATABASE_URL."
        return AREA.bad(1, f"There is no database at {path}.", mend)
    try:
        connection.ensure_connection()
    except NotSupportedError as error:
        return AREA.bad(2, f"The server is too old: {error}.", "Install a newer one.")
    except Error as error:
        text = _text_of(error, f"{path.name} does not work ({type(error).__name__}).")
        return AREA.bad(3, text, "Mend that first; the rest needs the database.")
    if connection.vendor == "sqlite":
        return AREA.fine(4, f"SQLite {sqlite3.sqlite_version} at {path}.")
    [(version,)] = bulk.read("SHOW server_version")
    return AREA.fine(5, f"PostgreSQL {version.split()[0]} answers.")


def _text_of(error: Error, otherwise: str) -> str:
    found = errors.database_error(error)
    return found.message if found else otherwise


@AREA.check
def writable() -> Iterator[CheckMessage]:
    """Look whether the lock of a write can be had; nothing is changed."""
    text = ""
    try:
        with transaction.atomic():  # on SQLite it begins with that lock
            if connection.vendor == "postgresql":
                text = _refused_by_postgresql()
    except Error as error:
        text = _text_of(error, "The database cannot be written.")
    if text:
        yield AREA.bad(11, text, "Until then everything can be looked at, and nothing changed.")
    else:
        yield AREA.fine(12, "It can be written.")


def _refused_by_postgresql() -> str:
    [(refused, allowed)] = bulk.read(
        """SELECT current_setting('transaction_read_only') = 'on',
                  has_table_privilege(to_regclass('sync_integration'), 'UPDATE')"""
    )
    if refused:
        return "The server takes no writes: it is a standby, or set to be read-only."
    return "" if allowed is not False else f"This role may not change the tables; {SEE}"


@AREA.check
def fit() -> Iterator[CheckMessage]:
    """Look whether the database is fit for children's records."""
    yield from _of_sqlite() if connection.vendor == "sqlite" else _of_postgresql()


def _of_sqlite() -> Iterator[CheckMessage]:
    [(mode,)] = bulk.read("PRAGMA journal_mode")
    if mode != "wal":
        text = f"Its journal is “{mode}”, not WAL: readers and the writer wait for each other."
        yield AREA.bad(21, text, "Keep it on a disk of this machine, in a folder to write to.")
    path = Path(str(connection.settings_dict["NAME"]))
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        mend = f"chmod 600 {path}*"
        yield AREA.look(22, "Other users of this machine may read the database's file.", mend)


def _of_postgresql() -> Iterator[CheckMessage]:
    [(encoding,)] = bulk.read("SHOW server_encoding")
    if encoding != "UTF8":
        text = f"The database's encoding is {encoding}: names with macrons do not fit into it."
        yield AREA.bad(23, text, "Move to a database made with --encoding=UTF8.")
    for gap in row_level_security.gaps():
        yield AREA.look(24, f"Services are not walled off from each other. {gap}", SEE)


@AREA.check
def migrations() -> Iterator[CheckMessage]:
    """Look whether the tables are those of this version."""
    applied, known = MigrationRecorder(connection).applied_migrations().keys(), known_migrations()
    if missing := sorted(known - applied):
        yield AREA.bad(31, f"The database lacks {_some(missing)}.", "Run `parkway migrate`.")
    installed = {app.label for app in apps.get_app_configs()}
    if newer := sorted((app, name) for app, name in applied - known if app in installed):
        text = f"The database has {_some(newer)}, which this program does not know."
        yield AREA.look(32, text, "A newer Parkway migrated it: install that one here too.")
    cache = str(settings.CACHES["default"]["LOCATION"])
    if cache not in connection.introspection.table_names():
        text = f"The table {cache} is missing: nobody can sign in."
        yield AREA.bad(33, text, "Run `parkway migrate`.")
    if not missing:
        yield AREA.fine(34, f"All {len(known)} migrations are applied.")


def _some(migrations: list[tuple[str, str]]) -> str:
    """The first few by name, and how many more there are."""
    shown = ", ".join(f"{app}.{name}" for app, name in migrations[:3])
    return f"{shown} and {len(migrations) - 3} more" if len(migrations) > 3 else shown
