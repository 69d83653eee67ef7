"""The disks: is there room where the database and temporary files live?"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from django.core.checks import CheckMessage
from django.db import connection

from parkway.config.doctor.findings import Area

AREA = Area("disk", "parkway.disk")
LEAST = 200_000_000  # bytes: an import, a backup's journal, and time to act
LITTLE = 1_000_000_000


@AREA.check
def rooms() -> Iterator[CheckMessage]:
    """Look at every disk that this process writes to."""
    try:
        places = {Path(tempfile.gettempdir()): "temporary files"}
    except FileNotFoundError:
        text = "There is no folder for temporary files that can be written."
        yield AREA.bad(1, text, "Make room in /tmp, or name a folder with TMPDIR.")
        places = {}
    if connection.vendor == "sqlite":
        places[Path(str(connection.settings_dict["NAME"])).absolute().parent] = "the database"
    else:
        text = "The disk of the database server cannot be seen from here."
        yield AREA.unseen(2, text, "Watch it there.")
    for place, what in places.items():
        yield _room(place, what)


def _room(place: Path, what: str) -> CheckMessage:
    free = shutil.disk_usage(place).free
    text = f"{_size(free)} free for {what} in {place}."
    if not os.access(place, os.W_OK):
        return AREA.bad(3, f"This user may not write {what} in {place}.", f"chmod u+w {place}")
    if free < LEAST:
        return AREA.bad(4, text, "Make room there, or move it to a larger disk.")
    return AREA.look(5, text, "Make room soon.") if free < LITTLE else AREA.fine(6, text)


def _size(size: int) -> str:
    return f"{size / 1e9:,.1f} GB" if size >= 1e9 else f"{size / 1e6:,.0f} MB"
