"""Whether the database can be reached, asked by many at once without all of them waiting in vain."""

from __future__ import annotations

import threading
from pathlib import Path

from django.db import DatabaseError, connection

AWAY, NONE = "the database does not answer", "there is no database"

_away = threading.Event()
_one_waits = threading.Lock()


def unreachable() -> str | None:
    """Why this thread cannot have a connection to the database, in a few words; None when it has one.

    A server that is away is waited for, as long as the settings say. Once that was in vain, one thread at a
    time waits, and all others are told at once, until a connection is there again.
    """
    if connection.vendor == "sqlite":  # which would make a file that is not there
        return None if Path(str(connection.settings_dict["NAME"])).exists() else NONE
    alone = _away.is_set()
    if alone and not _one_waits.acquire(blocking=False):
        return AWAY
    try:
        connection.ensure_connection()
    except DatabaseError:
        connection.close()
        _away.set()
        return AWAY
    finally:
        if alone:
            _one_waits.release()
    _away.clear()
    return None
