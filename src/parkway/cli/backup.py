"""Backup: a whole copy of the database at one instant, while work goes on."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import tempfile
from contextlib import closing, suppress
from pathlib import Path

import click
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from psycopg.conninfo import make_conninfo

from parkway.cli import setup_django
from parkway.domain import Conflict, NotFound

KINDS = {"sqlite": "sqlite3", "postgresql": "dump"}
NOT_FOR_LIBPQ = {"password", "cursor_factory", "context", "prepare_threshold"}


@click.command(
    epilog="""\b
Examples:
  parkway backup /var/backups/parkway/
  parkway backup before-the-upgrade.sqlite3

\b
A folder gets a file named after the instant. Restoring is told in docs/operating.md."""
)
@click.argument("to", metavar="FILE|FOLDER/")
def backup(to: str) -> None:
    """Copy the whole database to a new file, for this user alone to read, while work goes on.

    The copy of SQLite is a database, and is checked. The copy of PostgreSQL is what pg_dump writes in its
    custom format.
    """
    _copy(_place(to))


def _place(to: str) -> Path:
    """The file to make; a folder, which is made when it is named with a slash at its end, gets one."""
    place = Path(to)
    if to.endswith(os.sep):
        place.mkdir(mode=0o700, exist_ok=True)
    if place.is_dir():
        place /= f"parkway-{setup_django.now():%Y%m%dT%H%M%SZ}.{KINDS[connection.vendor]}"
    return place


def _copy(to: Path) -> None:
    if connection.vendor == "postgresql" and not MigrationRecorder(connection).has_table():
        name = connection.settings_dict["NAME"]
        raise NotFound(f"No copy was made: the database {name} has no tables of Parkway. Check DATABASE_URL.")
    try:
        os.close(os.open(to, os.O_CREAT | os.O_EXCL, 0o600))  # the name is ours from here on
    except FileExistsError:
        raise Conflict(f"{to} is there already, and nothing is overwritten. Choose another name.") from None
    made, name = tempfile.mkstemp(dir=to.parent, prefix=f".{to.name}.")
    os.close(made)
    part = Path(name)
    try:
        _from_sqlite(part) if connection.vendor == "sqlite" else _from_postgresql(part)
        _to_disk(part)
        part.replace(to)
        _to_disk(to.parent)
    except BaseException:
        for each in (part, to, *part.parent.glob(f"{part.name}-*")):
            each.unlink(missing_ok=True)
        raise
    click.echo(f"The copy is {to} ({to.stat().st_size / 1e6:,.1f} MB).")


def _from_sqlite(to: Path) -> None:
    """SQLite's own online backup, in one step: what others write meanwhile is not in it. Then a check."""
    name = Path(str(connection.settings_dict["NAME"])).absolute()
    if not name.exists():
        raise NotFound(f"There is no database at {name}.")
    with connection.wrap_database_errors, closing(sqlite3.connect(to)) as copy:
        with closing(sqlite3.connect(f"{name.as_uri()}?mode=rw", uri=True, timeout=60)) as source:
            source.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, until somebody works on it
        wrong = [row[0] for row in copy.execute("PRAGMA integrity_check")] != ["ok"]
        if wrong or copy.execute("PRAGMA foreign_key_check").fetchone():
            raise Conflict(f"{name} is damaged, and so is the copy; it is not kept. Restore an earlier one.")


def _from_postgresql(to: Path) -> None:
    """What pg_dump says of one snapshot, the password not among the words that other users can see."""
    params = connection.get_connection_params()
    password = str(params.get("password", ""))
    where = make_conninfo(**{name: value for name, value in params.items() if name not in NOT_FOR_LIBPQ})
    words = ["pg_dump", "--format=custom", "--no-password", f"--file={to}", f"--dbname={where}"]
    env = {**os.environ, **({"PGPASSWORD": password} if password else {})}
    try:
        done = subprocess.run(words, env=env, capture_output=True, text=True, check=False)  # noqa: S603
    except FileNotFoundError:
        raise NotFound(
            "pg_dump is not installed here. On Debian and Ubuntu: apt-get install postgresql-client"
        ) from None
    if done.returncode:
        said = done.stderr.strip().splitlines()
        told = next((line for line in said if "error" in line), said[0] if said else "it said nothing")
        hint = ""
        if "row-level security" in done.stderr or "permission denied" in done.stderr:
            hint = " Name a role that may read everything: docs/operating.md tells how to make it."
        raise Conflict(f"No copy was made: {told}.{hint}")


def _to_disk(path: Path) -> None:
    """Wait until it is on the disk itself."""
    opened_at = os.open(path, os.O_RDONLY)
    with suppress(OSError):  # some file systems know no such thing for folders
        os.fsync(opened_at)
    os.close(opened_at)
