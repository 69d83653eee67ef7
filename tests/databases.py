"""The database of the tests as other processes see it: its address, and its locks."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from django.db import connection

LOCK = "SELECT 1 FROM sync_integration FOR UPDATE"


def url() -> str:
    """DATABASE_URL for a process that is to share this database."""
    at = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{Path(str(at['NAME'])).absolute()}"
    return f"postgres://{at['USER']}:{at['PASSWORD']}@{at['HOST']}:{at['PORT']}/{at['NAME']}"


@contextmanager
def _another() -> Iterator[Any]:
    """A connection past Django."""
    if connection.vendor == "sqlite":
        name = str(connection.settings_dict["NAME"])
        db: Any = sqlite3.connect(name, timeout=0, isolation_level=None)
    else:
        db = psycopg.connect(url(), autocommit=True)
    try:
        yield db
    finally:
        db.close()


def _lock(db: Any, patience: str = "") -> None:
    if connection.vendor == "sqlite":
        db.execute("BEGIN IMMEDIATE")
    else:
        db.execute("BEGIN")
        db.execute(LOCK + patience)


@contextmanager
def closed_door() -> Iterator[None]:
    """While this lasts, no run gets in."""
    with _another() as db:
        _lock(db)
        yield
        db.execute("ROLLBACK")


@contextmanager
def shut(table: str) -> Iterator[None]:
    """While this lasts, nobody writes to a table; on SQLite to any."""
    with _another() as db:
        if connection.vendor == "sqlite":
            db.execute("BEGIN IMMEDIATE")
        else:
            db.execute("BEGIN")
            db.execute(f"LOCK TABLE {table} IN SHARE MODE")
        yield
        db.execute("ROLLBACK")


@contextmanager
def impatient() -> Iterator[None]:
    """While this lasts, this connection waits for no lock."""
    sqlite = connection.vendor == "sqlite"
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 10" if sqlite else "SET lock_timeout = '10ms'")
    try:
        yield
    finally:
        connection.close()


def is_locked() -> bool:
    """Whether a run is under way in some other process right now."""
    with _another() as db:
        try:
            _lock(db, " NOWAIT")
        except (sqlite3.OperationalError, psycopg.errors.LockNotAvailable):
            return True
        db.execute("ROLLBACK")
        return False


def waiting() -> int:
    """How many connections of PostgreSQL wait for a lock."""
    with _another() as db:
        asked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        return int(db.execute(asked + " AND datname = current_database()").fetchone()[0])
