"""Rows in bulk: tuples in and out of the database, a statement for many rows at a time.

The fleet's hot path builds no model objects. Table and column names come from the models, values travel as
parameters; the few things in which SQLite and PostgreSQL differ are here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import lru_cache
from itertools import chain
from typing import Any

from django.db import connection, models

Row = tuple[Any, ...]

VALUES = 1000  # that travel in one statement: with more, putting it together takes longer than it saves


def read(sql: str, params: Sequence[Any] = ()) -> list[Row]:
    """All rows of a query."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        rows: list[Row] = cursor.fetchall()
        return rows


def read_by(keys: Sequence[tuple[Any, Any]], select: str) -> list[Row]:
    """All rows of a query that joins `wanted`, which holds these pairs of keys in its columns a and b."""
    found = []
    for batch in batches(keys, VALUES // 2):
        wanted = f"WITH wanted(a, b) AS (VALUES {', '.join(['(%s, %s)'] * len(batch))}) "
        found += read(wanted + select, list(chain.from_iterable(batch)))
    return found


def write(sql: str, params: Sequence[Any] = ()) -> int:
    """Run one statement; how many rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return int(cursor.rowcount)


def insert(model: type[models.Model], columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Insert rows whose values stand in the order of `columns` (database columns).

    Many rows a statement: a statement for each row takes twice as long.
    """
    head = f"INSERT INTO {table(model)} ({', '.join(columns)}) VALUES "
    for batch in batches(rows, VALUES // len(columns)):
        _send(head, len(columns), batch)


def _send(head: str, width: int, rows: Sequence[Row]) -> None:
    """A statement that begins with `head` and goes on with rows."""
    values = list(chain.from_iterable(rows))
    if connection.vendor == "sqlite":
        # straight to the driver: Django would look for the thousand placeholders one by one, each time
        connection.ensure_connection()
        one = f"({', '.join('?' * width)})"
        with connection.wrap_database_errors:
            connection.connection.execute(head + ", ".join([one] * len(rows)), values)
    else:
        write(head + ", ".join([f"({marks(width)})"] * len(rows)), values)


def update(
    model: type[models.Model], columns: Sequence[str], keys: Sequence[str], rows: Sequence[Row]
) -> None:
    """Set `columns` in the rows found by `keys`; the values of a row stand in that order."""
    if rows:
        values = ", ".join(f"{column} = %s" for column in columns)
        found = " AND ".join(f"{key} = %s" for key in keys)
        with connection.cursor() as cursor:
            cursor.executemany(f"UPDATE {table(model)} SET {values} WHERE {found}", rows)


def delete(model: type[models.Model], keys: Sequence[str], rows: Sequence[Row]) -> None:
    """Delete the rows found by `keys`."""
    if rows:
        found = " AND ".join(f"{key} = %s" for key in keys)
        with connection.cursor() as cursor:
            cursor.executemany(f"DELETE FROM {table(model)} WHERE {found}", rows)


def reserve_ids(model: type[models.Model], number: int) -> range | list[int]:
    """Primary keys for `number` rows about to be inserted in this transaction; never used before."""
    if number == 0:
        return []
    name = model._meta.db_table
    if connection.vendor == "postgresql":
        sequence = f"SELECT nextval(pg_get_serial_sequence('{name}', 'id')) FROM generate_series(1, %s)"
        return [int(row[0]) for row in read(sequence, [number])]
    given = read("SELECT seq FROM sqlite_sequence WHERE name = %s", [name])
    first = (int(given[0][0]) if given else 0) + 1
    return range(first, first + number)


def table(model: type[models.Model]) -> str:
    """The model's table, quoted."""
    return connection.ops.quote_name(model._meta.db_table)


def marks(number: int) -> str:
    """Placeholders for `number` values."""
    return ", ".join(["%s"] * number)


def days(*columns: str) -> str:
    """Columns of days to select; `as_day` makes days of what comes back.

    Before SQLite's driver a sign hides the column's type, so that it need not parse the same days again and
    again.
    """
    return ", ".join(f"+{column}" if connection.vendor == "sqlite" else column for column in columns)


@lru_cache(maxsize=32_768)
def as_day(value: str | date | None) -> date | None:
    """A day as a driver hands it over: SQLite as ISO text, PostgreSQL as a date."""
    return date.fromisoformat(value) if isinstance(value, str) else value


@lru_cache(maxsize=32_768)
def from_day(value: date | None) -> str | date | None:
    """A day as a driver takes it soonest; the other way round than `as_day`."""
    return value.isoformat() if value is not None and connection.vendor == "sqlite" else value


def as_instant(value: datetime | None) -> Any:
    """An instant as Django writes it, so that the database compares it well with those Django wrote."""
    return connection.ops.adapt_datetimefield_value(value)


def batches(values: Iterable[Any], size: int) -> Iterable[list[Any]]:
    """The values in lists of at most `size`."""
    batch: list[Any] = []
    for value in values:
        batch.append(value)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
