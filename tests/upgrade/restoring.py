"""The database of the version before, put where it is asked for."""

from __future__ import annotations

import gzip
from pathlib import Path

import psycopg

HERE = Path(__file__).parent


def restore_sqlite(path: Path) -> None:
    path.write_bytes(gzip.decompress((HERE / "before.sqlite.gz").read_bytes()))


def restore_postgresql(url: str) -> None:
    """Into an empty database, as its owner."""
    with psycopg.connect(url) as db:
        db.execute(gzip.decompress((HERE / "before.sql.gz").read_bytes()))
