"""Children and their status as a table for other programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date

from parkway.domain import SYNCED_FIELDS, FieldKind, SyncedField
from parkway.manage import listing
from parkway.manage.models import Child
from parkway.tenancy.models import Service

COLUMNS = (
    "child_id",
    *(field.column for field in SYNCED_FIELDS),
    *("archived_on", "status", "next_change"),
)
FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def children_csv(service: Service, today: date) -> Iterator[str]:
    """Every child of a service, line by line, with the columns that an import reads, and the status.

    A value that a spreadsheet would take for a formula gets an apostrophe in front.
    """
    yield "\ufeff"  # so that spreadsheets read it as UTF-8
    yield _line(COLUMNS)
    for child in listing.children(service, today).iterator(chunk_size=500):
        yield _line(
            (
                child.reference,
                *(_cell(child, field) for field in SYNCED_FIELDS),
                _day(child.archived_on),
                child.status,
                _day(child.next_change),
            )
        )


def harmless(value: str) -> str:
    """A value that no spreadsheet runs as a formula."""
    return f"'{value}" if value.startswith(FORMULAS) else value


def _cell(child: Child, field: SyncedField) -> str:
    """The value of a synced field as an import reads it."""
    if field.kind is FieldKind.ROOMS:
        return ";".join(harmless(room.name) for room in child.rooms.all())
    value = getattr(child, field.name)
    return _day(value) if field.kind is FieldKind.DAY else str(value)


def _day(value: date | None) -> str:
    return value.isoformat() if value else ""


def _line(values: tuple[str, ...]) -> str:
    line = io.StringIO()
    csv.writer(line, quoting=csv.QUOTE_ALL).writerow([harmless(value) for value in values])
    return line.getvalue()
