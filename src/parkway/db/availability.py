"""Whether the database can be reached, asked by many at once without all of them waiting in vain."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

from django.db import Error, connection

from parkway.db import errors

PATIENCE = 4.0  # seconds after which no further attempt begins
AGAIN_AFTER = 0.2  # seconds, beside what an attempt takes

AWAY, NONE = "the database does not answer", "there is no database"

_away = threading.Event()
_one_waits = threading.Lock()

log = logging.getLogger("parkway.db.availability")


def why_unreachable() -> str | None:
    """Why this thread cannot have a connection to the database, in a few words; None when it has one.

    A server that is away is waited for. Once that was in vain, one thread at a time waits, and all others are
    told at once, until a connection is there again. Raises an error that does not tell of such a server.
    """
    if connection.vendor == "sqlite":  # which would make a file that is not there
        return None if Path(str(connection.settings_dict["NAME"])).exists() else NONE
    alone = _away.is_set()
    if alone and not _one_waits.acquire(blocking=False):
        return AWAY
    try:
        error = _connect_patiently()
    finally:
        if alone:
            _one_waits.release()
    if error is None:
        _away.clear()
        return None
    _away.set()
    log.error("The database does not answer (%s)", errors.error_name(error))
    return AWAY


def _connect_patiently() -> Error | None:
    """The last error of a server that was waited for in vain."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            connection.ensure_connection()
            return None
        except Error as error:
            connection.close()
            if errors.database_error(error) is None:
                raise
            if time.monotonic() >= until:
                return error
        time.sleep(AGAIN_AFTER)
