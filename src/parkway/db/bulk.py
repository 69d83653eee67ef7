"""Rows in bulk: tuples in and out of the database, a statement for many rows at a time.

The fleet's hot path builds no model objects. Table and column names come from the models, values travel as
parameters; what differs between SQLite and PostgreSQL is here and, of locks, in `parkway.db.locking`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from functools import cache, lru_cache
from itertools import chain, islice
from typing import Any, TypeVar, cast

from django.db import connection, models

T = TypeVar("T")
Row = tuple[Any, ...]

unchecked_tuple = cast("Callable[[type[T], Row], T]", tuple.__new__)
"""A named tuple of a row that has all its values, in half the time that calling its class takes."""

KINDS = {int: "bigint", str: "text", date: "date"}  # of PostgreSQL, for keys
VALUES = 1000  # that travel in a statement to SQLite: with more, putting it together takes too long
ROWS = 2_000  # that travel in a statement to PostgreSQL: while it works on them, more are prepared


def read(sql: str, params: Sequence[Any] = ()) -> list[Row]:
    """All rows of a query."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        rows: list[Row] = cursor.fetchall()
        return rows


def read_by(keys: Sequence[tuple[Any, Any]], select: str) -> list[Row]:
    """All rows of a query that joins `wanted`, which holds these pairs of keys in its columns a and b."""
    if keys and connection.vendor == "postgresql":
        a, b = (KINDS[type(value)] for value in keys[0])
        wanted = f"WITH wanted(a, b) AS (SELECT * FROM unnest(%b::{a}[], %b::{b}[])) "
        with _binary() as cursor:
            cursor.execute(wanted + select, _columns(keys))
            return list(cursor.fetchall())
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

    PostgreSQL takes them as arrays: it refuses COPY where rows are hidden from other services. SQLite takes
    many rows a statement: a statement for each row takes twice as long.
    """
    into = f"{table(model)} ({', '.join(columns)})"
    if connection.vendor == "postgresql":
        for batch in batches(rows, ROWS):
            _from_arrays(f"INSERT INTO {into} SELECT * FROM", model, columns, batch)
    else:
        for batch in batches(rows, VALUES // len(columns)):
            _send(f"INSERT INTO {into} VALUES ", len(columns), batch)


def _send(head: str, width: int, rows: Sequence[Row]) -> None:
    """A statement that begins with `head` and goes on with rows, straight to SQLite's driver: Django would
    look for the thousand placeholders one by one, each time.
    """
    connection.ensure_connection()
    one = f"({', '.join('?' * width)})"
    with connection.wrap_database_errors:
        connection.connection.execute(head + ", ".join([one] * len(rows)), list(chain.from_iterable(rows)))


def update(
    model: type[models.Model], columns: Sequence[str], keys: Sequence[str], rows: Sequence[Row]
) -> None:
    """Set `columns` in the rows found by `keys`; the values of a row stand in that order."""
    if not rows:
        return
    if connection.vendor == "postgresql":
        values = ", ".join(f"{column} = given.{column}" for column in columns)
        _from_arrays(
            f"UPDATE {table(model)} t SET {values} FROM", model, [*columns, *keys], rows, _matching_keys(keys)
        )
    else:
        values = ", ".join(f"{column} = %s" for column in columns)
        _one_by_one(f"UPDATE {table(model)} SET {values} WHERE", keys, rows)


def delete(model: type[models.Model], keys: Sequence[str], rows: Sequence[Row]) -> None:
    """Delete the rows found by `keys`."""
    if not rows:
        return
    if connection.vendor == "postgresql":
        _from_arrays(f"DELETE FROM {table(model)} t USING", model, keys, rows, _matching_keys(keys))
    else:
        _one_by_one(f"DELETE FROM {table(model)} WHERE", keys, rows)


def _matching_keys(keys: Sequence[str]) -> str:
    return " WHERE " + " AND ".join(f"t.{key} = given.{key}" for key in keys)


def _from_arrays(
    head: str, model: type[models.Model], columns: Sequence[str], rows: Sequence[Row], tail: str = ""
) -> None:
    """One statement of PostgreSQL; between head and tail stands the table `given`, which holds these rows."""
    kinds = _kinds(model)
    arrays = ", ".join(f"%b::{kinds[column]}[]" for column in columns)
    with _binary() as cursor:
        cursor.execute(f"{head} unnest({arrays}) given({', '.join(columns)}){tail}", _columns(rows))


@contextmanager
def _binary() -> Iterator[Any]:
    """A cursor of the driver's own, which sends arrays in binary (`%b`): as text they take twice as long."""
    connection.ensure_connection()
    driver = connection.Database  # type: ignore[attr-defined]
    with connection.wrap_database_errors, driver.Cursor(connection.connection) as cursor:
        yield cursor


@contextmanager
def pipelined() -> Iterator[None]:
    """While this lasts, PostgreSQL does what it was sent while the next is prepared here.

    A statement then returns before it is done, without knowing how many rows it touched, so that no model can
    be saved; where one fails, that may be told by a later one, or at the end. Foreign keys are checked with
    each statement: that takes as long as the rows themselves, and would come when nothing is left to prepare.
    """
    if connection.vendor != "postgresql":
        yield
        return
    write("SET CONSTRAINTS ALL IMMEDIATE")
    with connection.wrap_database_errors, connection.connection.pipeline():
        yield


@cache
def _kinds(model: type[models.Model]) -> dict[str, str]:
    """The types of a table's columns, without their lengths: a cast to one would cut what is too long."""
    return {
        field.column: (field.db_type(connection) or "").partition("(")[0]
        for field in model._meta.concrete_fields
    }


def _columns(rows: Sequence[Row]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _one_by_one(head: str, keys: Sequence[str], rows: Sequence[Row]) -> None:
    """A prepared statement of SQLite for each row found by `keys`."""
    found = " AND ".join(f"{key} = %s" for key in keys)
    with connection.cursor() as cursor:
        cursor.executemany(f"{head} {found}", rows)


def reserve_ids(model: type[models.Model], number: int) -> range | list[int]:
    """Primary keys for `number` rows about to be inserted in this transaction; never used before."""
    if number == 0:
        return []
    name = model._meta.db_table
    if connection.vendor == "postgresql":
        [(sequence,)] = read("SELECT pg_get_serial_sequence(%s, 'id')", [name])
        numbers = read("SELECT nextval(%s::regclass) FROM generate_series(1, %s)", [sequence, number])
        return [int(row[0]) for row in numbers]
    given = read("SELECT seq FROM sqlite_sequence WHERE name = %s", [name])
    first = (int(given[0][0]) if given else 0) + 1
    return range(first, first + number)


def table(model: type[models.Model]) -> str:
    """The model's table, quoted."""
    return connection.ops.quote_name(model._meta.db_table)


def disable_seqscan() -> None:
    """Let PostgreSQL find rows by index until the transaction ends, also when it checks foreign keys.

    It plans a check once for a connection. Where it does so while a table is young and small, it would read
    that whole table for each row ever after, and a first sync of a fleet take several times as long.
    """
    if connection.vendor == "postgresql":
        write("SET LOCAL enable_seqscan = off")


def in_clause(values: Collection[Any]) -> tuple[str, list[Any]]:
    """The end of a condition that a column is one of these values, and its parameters.

    To PostgreSQL they travel as one, and numbers as a text: its driver would take longer over each of them
    than the server over the query.
    """
    if values and connection.vendor == "postgresql":
        if isinstance(next(iter(values)), int):
            return "= ANY(%s::bigint[])", [f"{{{','.join(map(str, values))}}}"]
        return "= ANY(%s)", [list(values)]
    return f"IN ({', '.join(['%s'] * len(values)) or 'NULL'})", list(values)


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


def instant(seconds: str) -> str:
    """The instant so many whole seconds (an expression) after 1970 began, as Django writes it."""
    return (
        f"datetime({seconds}, 'unixepoch')" if connection.vendor == "sqlite" else f"to_timestamp({seconds})"
    )


def batches(values: Iterable[T], size: int) -> Iterator[list[T]]:
    """The values in lists of at most `size`."""
    left = iter(values)
    while batch := list(islice(left, size)):
        yield batch
