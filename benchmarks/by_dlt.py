"""dlt with its scd2 merge: the children who shall have a live profile are loaded into a staging table, and
merged into a table that keeps history.

It keeps that table in step, in place of profiles, in one load for the fleet. The queue for spaces is worked
out for it in SQL. It writes no profiles, rooms, links, journal or runs, archives nothing by name (a row is
closed), and keeps nothing by which a next pass could be shorter. On SQLite its table is a file of its own.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")
os.environ.setdefault("RUNTIME__LOG_LEVEL", "ERROR")

import dlt

from benchmarks import statements as sql
from benchmarks.fleet import FIRST_SYNC
from benchmarks.limit import Limit

COLUMNS = ("service", "child", *sql.FIELDS, "rooms")
TYPES = {name: {"data_type": "bigint" if name == "service" else "text"} for name in COLUMNS}
SCD2 = {"disposition": "merge", "strategy": "scd2"}
A_PAGE = 5000


def sync(url: str, today: date) -> None:
    """Bring the table of a database into step."""
    limit = Limit(url, FIRST_SYNC, today)
    with closing(limit.connection), tempfile.TemporaryDirectory() as state:

        @dlt.resource(name="child", write_disposition=SCD2, columns=TYPES)
        def children() -> Iterator[list[dict[str, Any]]]:
            found = limit.run(sql.SHALL_BE_LIVE)
            while rows := found.fetchmany(A_PAGE):
                yield [dict(zip(COLUMNS, row, strict=True)) | {"date_of_birth": str(row[5])} for row in rows]

        if limit.kind == "sqlite":
            destination = dlt.destinations.sqlalchemy(url)
        else:
            destination = dlt.destinations.postgres(url.replace("postgres://", "postgresql://"))
        made = dlt.pipeline("fleet", pipelines_dir=state, destination=destination, dataset_name="fleet")
        made.run(children())


def live(url: str) -> list[Any]:
    """The children in its table who have a live profile, in an order."""
    limit = Limit(url, FIRST_SYNC, date.max.replace(year=2026))
    with closing(limit.connection):
        if limit.kind == "sqlite":
            file = Path(url.removeprefix("sqlite:///"))
            limit.connection.execute(
                f"ATTACH DATABASE '{file.with_name(f'{file.stem}__fleet.sqlite3')}' AS fleet"
            )
        columns = ", ".join(COLUMNS)
        found = limit.rows(f"SELECT {columns} FROM fleet.child WHERE _dlt_valid_to IS NULL")
    return sorted(found, key=lambda row: (row[0], row[1]))
