"""The two addresses that load balancers ask: whether this process lives, and whether it can answer people."""

from __future__ import annotations

from functools import cache
from http import HTTPStatus

from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpResponse

from parkway.db import availability
from parkway.engine.wording import count

ALIVE, READY = "/healthz", "/readyz"


def _plain(text: str, status: HTTPStatus, **headers: str) -> HttpResponse:
    headers["Cache-Control"] = "no-store"
    made = HttpResponse(f"{text}\n", status=status, content_type="text/plain", headers=headers)
    setattr(made, "_has_been_logged", True)  # noqa: B010 - Django would call it an error, at an unknown address
    return made


def why_not_ready() -> str | None:
    """Why this process cannot answer people now, in a few words that give nothing away; None when it can."""
    if trouble := availability.why_unreachable():
        return trouble
    try:
        applied = MigrationRecorder(connection).applied_migrations()
    except DatabaseError:
        connection.close()
        return availability.AWAY
    if missing := known_migrations() - applied.keys():
        return f"the database is {count(len(missing), 'migration')} behind"
    return None


@cache
def known_migrations() -> frozenset[tuple[str, str]]:
    """The migrations of this program, and those that they stand for: they do not change while it runs."""
    migrations = MigrationLoader(None).disk_migrations
    return frozenset(migrations).union(*(each.replaces for each in migrations.values()))
