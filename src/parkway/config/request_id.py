"""The front of every request: its id for the log, and the two addresses that load balancers ask."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Callable
from functools import cache
from http import HTTPStatus

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse

from parkway.config import logs
from parkway.config.health_endpoints import ALIVE, READY, _plain, known_migrations, why_not_ready
from parkway.db import availability
from parkway.engine.wording import count

log = logging.getLogger("parkway.front")

ALIVE, READY = "/healthz", "/readyz"
AN_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


class RequestId:
    """Gives each request an id: that of the proxy when it is trusted, else a new one. The answer bears it.

    `/healthz` and `/readyz` are answered here, before anything looks at the host, the cookies or HTTPS: a
    load balancer asks by an address of its own. They say nothing about anybody.
    """

    def __init__(self, answer: Callable[[HttpRequest], HttpResponse]) -> None:
        self._answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "") if settings.BEHIND_PROXY else ""
        number = given if AN_ID.fullmatch(given) else secrets.token_hex(8)
        setattr(request, logs.NUMBER, number)  # what Django logs of an answer it logs after this
        token = logs.request_id.set(number)
        try:
            response = self._at_the_door(request) or self._answer(request)
        finally:
            logs.request_id.reset(token)
        response["X-Request-ID"] = number
        return response

    def _at_the_door(self, request: HttpRequest) -> HttpResponse | None:
        if request.path not in (ALIVE, READY):
            return None
        if request.method not in ("GET", "HEAD"):
            return _plain("only GET and HEAD", HTTPStatus.METHOD_NOT_ALLOWED, Allow="GET, HEAD")
        trouble = why_not_ready() if request.path == READY else None
        if trouble:
            log.warning("Not ready: %s", trouble)
        return _plain(trouble, HTTPStatus.SERVICE_UNAVAILABLE) if trouble else _plain("ok", HTTPStatus.OK)


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
