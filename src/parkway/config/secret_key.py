"""The key that signs people's sessions, kept from one start of `parkway serve` to the next."""

from __future__ import annotations

import logging
import os
import secrets
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings

log = logging.getLogger("parkway.front")


def keep_secret_key(database: Mapping[str, Any]) -> None:
    """Sign people's sessions with the same key after a restart: on SQLite it is kept beside the database,
    for this user alone to read. The environment wins; on a server of databases it has to come from there, and
    the log says so when it does not.
    """
    if os.environ.get("PARKWAY_SECRET_KEY"):
        return
    if "sqlite3" not in database["ENGINE"]:
        log.warning(
            "PARKWAY_SECRET_KEY is not set: people are signed out when this process ends, and can't sign in "
            "where several serve. `parkway doctor` tells how to make one"
        )
        return
    path = Path(f"{database['NAME']}.secret-key")
    with suppress(FileNotFoundError):
        if path.stat().st_mode & 0o077:
            path.unlink()  # others may have read it
    made, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(made, "w") as stream:
            stream.write(secrets.token_urlsafe(48))
        with suppress(FileExistsError):
            os.link(name, path)  # whole, or not there at all
    finally:
        os.unlink(name)
    settings.SECRET_KEY = path.read_text().strip()
