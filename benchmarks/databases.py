"""Databases to measure on: a folder of SQLite files, and a throwaway PostgreSQL that writes as durably as a
real one.
"""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Protocol

from tests.postgres import APPLICATION, OWNER, Cluster, cluster

# what a server of this size is given; fsync and the rest stay as they come, so that a commit is on disk
SERVER = {
    "shared_buffers": "1GB",
    "work_mem": "64MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "30min",
    "jit": "off",
    "max_connections": 60,
}
TICKS = os.sysconf("SC_CLK_TCK")


def connect(url: str) -> Any:
    """A connection of the driver's own."""
    if url.startswith("sqlite"):
        return sqlite3.connect(url.removeprefix("sqlite:///"))
    import psycopg

    return psycopg.connect(url, autocommit=True, prepare_threshold=None)


class Database(Protocol):
    """Where databases are made and copied by name."""

    name: str

    def url(self, name: str) -> str:
        """The address of one of them."""
        ...

    def make(self, name: str) -> str:
        """An empty one; its address."""
        ...

    def copy(self, source: str, target: str) -> str:
        """A copy in the place of `target`; its address."""
        ...

    def clear(self) -> None:
        """Remove them all."""
        ...

    def of_owner(self, name: str) -> str:
        """The address of the role that owns its tables in earnest."""
        ...

    def of_application(self, name: str) -> str:
        """The address under which Parkway works there: behind the wall between tenants, if there is one."""
        ...

    def busy(self) -> float:
        """The seconds of processor time that a server has used so far."""
        ...


class SQLite:
    """Files in a folder."""

    name = "SQLite"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def url(self, name: str) -> str:
        return f"sqlite:///{self.folder / name}.sqlite3"

    def make(self, name: str) -> str:
        self._remove(name)
        return self.url(name)

    def copy(self, source: str, target: str) -> str:
        self._remove(target)
        for file in self.folder.glob(f"{source}*"):  # the log beside it, and what a peer keeps beside it
            shutil.copyfile(file, self.folder / file.name.replace(source, target, 1))
        os.sync()  # else whoever works on the copy waits until the copy itself is on the disk
        return self.url(target)

    def clear(self) -> None:
        for file in self.folder.glob("*.sqlite3*"):
            file.unlink()

    def of_owner(self, name: str) -> str:
        return self.url(name)

    def of_application(self, name: str) -> str:
        return self.url(name)

    def busy(self) -> float:
        return 0.0  # it has no server

    def _remove(self, name: str) -> None:
        for file in self.folder.glob(f"{name}*"):
            file.unlink()


class PostgreSQL:
    """Databases of one server."""

    name = "PostgreSQL"

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    def url(self, name: str) -> str:
        return f"{self.cluster.url('postgres').rpartition('/')[0]}/{name}"

    def of_owner(self, name: str) -> str:
        return f"{self.cluster.url(OWNER).rpartition('/')[0]}/{name}"

    def of_application(self, name: str) -> str:
        return f"{self.cluster.url(APPLICATION).rpartition('/')[0]}/{name}"

    def make(self, name: str) -> str:
        self._administer(
            f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name} OWNER {OWNER}"
        )
        return self.url(name)

    def copy(self, source: str, target: str) -> str:
        self._administer(
            f"DROP DATABASE IF EXISTS {target} WITH (FORCE)",
            f"CREATE DATABASE {target} TEMPLATE {source} STRATEGY file_copy",
            "CHECKPOINT",
        )
        return self.url(target)

    def clear(self) -> None:
        with closing(connect(self.url("postgres"))) as connection:
            found = connection.execute("SELECT datname FROM pg_database WHERE datname ~ '^bench_'").fetchall()
        self._administer(*(f"DROP DATABASE {name} WITH (FORCE)" for (name,) in found))

    def busy(self) -> float:
        """Of the server's process, and of those it started, whether they live or have ended."""
        server = int((self.cluster.data / "postmaster.pid").read_text().split()[0])
        seconds = 0.0
        for process in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = process.read_text().rpartition(")")[2].split()
            except OSError:  # it has just ended
                continue
            if process.parent.name == str(server):
                seconds += sum(map(int, fields[11:15])) / TICKS
            elif int(fields[1]) == server:
                seconds += sum(map(int, fields[11:13])) / TICKS
        return seconds

    def _administer(self, *statements: str) -> None:
        with closing(connect(self.url("postgres"))) as connection:
            for statement in statements:
                connection.execute(statement)


@contextmanager
def opened(kind: str) -> Iterator[Database]:
    """The databases of a kind, of which nothing is left behind, also when the command is asked to end."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    if kind == "sqlite":
        with tempfile.TemporaryDirectory(prefix="parkway-bench-") as folder:
            yield SQLite(Path(folder))
    else:
        with cluster(SERVER) as made:
            yield PostgreSQL(made)
