"""The disks: is there room where the database and temporary files live?"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from django.db import connection

from parkway.config.doctor.findings import Finding, Level

AREA = "disk"
LEAST = 200_000_000  # bytes: an import, a backup's journal, and time to act
LITTLE = 1_000_000_000


def look() -> Iterator[Finding]:
    """Every disk that this process writes to."""
    try:
        places = {Path(tempfile.gettempdir()): "temporary files"}
    except FileNotFoundError:
        told = "There is no folder for temporary files that can be written."
        yield Finding(AREA, Level.BAD, told, "Make room in /tmp, or name a folder with TMPDIR.")
        places = {}
    if connection.vendor == "sqlite":
        places[Path(str(connection.settings_dict["NAME"])).absolute().parent] = "the database"
    else:
        told = "The disk of the database server cannot be seen from here."
        yield Finding(AREA, Level.UNSEEN, told, "Watch it there.")
    for place, what in places.items():
        yield _room(place, what)


def _room(place: Path, what: str) -> Finding:
    free = shutil.disk_usage(place).free
    told = f"{_size(free)} free for {what} in {place}."
    if not os.access(place, os.W_OK):
        return Finding(AREA, Level.BAD, f"This user may not write {what} in {place}.", f"chmod u+w {place}")
    if free < LEAST:
        return Finding(AREA, Level.BAD, told, "Make room there, or move it to a larger disk.")
    return Finding(
        AREA, Level.LOOK if free < LITTLE else Level.FINE, told, "Make room soon." * (free < LITTLE)
    )


def _size(size: int) -> str:
    return f"{size / 1e9:,.1f} GB" if size >= 1e9 else f"{size / 1e6:,.0f} MB"
