"""A run that is killed at any moment leaves a database that the next run brings to the same state."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest
from django.db import connection

from parkway.sync.events import MOVED, OF_CHILDREN, WITHHELD

KILLS = 50
NAME_ALL = "SELECT set_config('parkway.services', string_agg(id::text, ','), false) FROM tenancy_service"

pytestmark = [pytest.mark.deep, pytest.mark.each_database]


class Database(NamedTuple):
    """A database that processes run on."""

    url: str


class Place:
    """Where databases are made: files in a folder, or databases of the server at hand."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.server = folder, os.environ.get("DATABASE_URL", "")
        self.made: set[str] = set()

    def database(self, name: str, like: Database | None = None) -> Database:
        """An empty database, or one that begins as a copy of another; in the place of one of that name."""
        if connection.vendor == "sqlite":
            return self._file(name, like)
        name = f"{name}_{os.getpid()}"  # other processes test on the same server
        with psycopg.connect(self.server, autocommit=True) as server:
            server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            template = like.url.rpartition("/")[2] if like else "template0"
            server.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        self.made.add(name)
        return Database(f"{self.server.rpartition('/')[0]}/{name}")

    def _file(self, name: str, like: Database | None) -> Database:
        made = self.folder / f"{name}.sqlite3"
        for old in self.folder.glob(f"{made.name}*"):
            old.unlink()
        if like is not None:
            shutil.copyfile(like.url.removeprefix("sqlite:///"), made)
        return Database(f"sqlite:///{made}")

    def tidy(self) -> None:
        for name in self.made:
            with psycopg.connect(self.server, autocommit=True) as server:
                server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def parkway(database: Database, *words: str, told: Path | None = None) -> subprocess.Popen[bytes]:
    """A command; events of which it tells the readers of the outbox are recorded in a file."""
    env = {**os.environ, "DATABASE_URL": database.url}
    program = ["parkway"] if told is None else ["tests.sync.recording", str(told)]
    command = [sys.executable, "-m", *program, *words]
    return subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def finish(database: Database, *words: str, told: Path | None = None) -> float:
    """Run a command to its end; the seconds that it took."""
    began = time.monotonic()
    assert parkway(database, *words, told=told).wait() == 0
    return time.monotonic() - began


def rows(database: Database, sql: str) -> list[tuple[object, ...]]:
    if connection.vendor == "sqlite":
        with sqlite3.connect(database.url.removeprefix("sqlite:///")) as db:
            return db.execute(sql).fetchall()
    with psycopg.connect(database.url) as server:
        server.execute(NAME_ALL)
        return server.execute(sql).fetchall()


def state(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """Everything a run leaves behind, by child: profiles, links, and the decisions in force."""
    profile = """SELECT l.service_id, l.child_id, p.state, p.first_name, p.last_name, p.preferred_name,
                        p.date_of_birth, p.gender, p.managed_link
                 FROM sync_link l JOIN storypark_profile p
                   ON p.service_id = l.service_id AND p.reference = l.profile_id ORDER BY 1, 2"""
    unlinked = """SELECT service_id, reference, state FROM storypark_profile p WHERE NOT EXISTS (
                    SELECT 1 FROM sync_link l
                    WHERE l.service_id = p.service_id AND l.profile_id = p.reference) ORDER BY 1, 2"""
    entries = """SELECT service_id, child_id, step, rule, facts, changes FROM sync_entry
                 ORDER BY service_id, child_id, at, id"""
    asked = {"profiles": profile, "unlinked": unlinked, "entries": entries}
    return {name: rows(database, sql) for name, sql in asked.items()}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    made = Place(tmp_path_factory.mktemp("crash"))
    yield made
    made.tidy()


@pytest.fixture(scope="module")
def due(place: Place) -> Database:
    """The demo fleet with every service due, before its run."""
    database = place.database("due")
    finish(database, "demo")
    if connection.vendor == "sqlite":
        rows(database, "PRAGMA wal_checkpoint(TRUNCATE)")
    return database


def happened(database: Database) -> set[str]:
    """The ids of all events of runs and of children, as runs and the journal tell of them."""
    runs = rows(database, "SELECT id FROM sync_run")
    steps = ", ".join(f"'{step}'" for step in OF_CHILDREN)
    entries = f"SELECT run_id, step, child_id, facts FROM sync_entry WHERE step IN ({steps})"
    notices = rows(database, "SELECT id FROM sync_notice")
    found = {f"run-{run}/ended" for (run,) in runs} | {f"notice-{notice}/given" for (notice,) in notices}
    for run, step, child_id, facts in rows(database, entries):
        name = WITHHELD if '"withheld"' in str(facts) else step
        found.add(f"run-{run}/{name}/{child_id}")
    return found


def let_time_pass(database: Database) -> None:
    """What a process left, others carry on after a minute."""
    sql = "UPDATE sync_outbox SET not_before = '2020-01-01 00:00:00'"
    if connection.vendor == "sqlite":
        with sqlite3.connect(database.url.removeprefix("sqlite:///")) as db:
            db.execute(sql)
    else:
        with psycopg.connect(database.url) as server:
            server.execute(NAME_ALL)
            server.execute(sql)


def test_a_killed_run_leaves_nothing_half_done(place: Place, due: Database, tmp_path: Path) -> None:
    """D13. And every event of every run is told, at least once."""
    undisturbed = place.database("undisturbed", like=due)
    seconds = finish(undisturbed, "fleet")
    expected = state(undisturbed)
    assert state(due)["entries"] != expected["entries"], "the run had nothing to do"
    moments = random.Random(13)
    killed = 0
    earlier, told = happened(due), tmp_path / "told"
    for _ in range(4 * KILLS):
        database = place.database("killed", like=due)
        told.unlink(missing_ok=True)
        process, began = parkway(database, "fleet", told=told), time.monotonic()
        try:
            process.wait(moments.uniform(0, seconds))
            seconds = min(seconds, time.monotonic() - began)  # the machine is quicker now than it was
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            killed += process.wait() == -signal.SIGKILL
        let_time_pass(database)
        finish(database, "fleet", told=told)
        assert state(database) == expected
        ids = {
            each for each in told.read_text().split() if f"/{MOVED}/" not in each
        }  # the links tell of those
        assert ids == happened(database) - earlier
        assert rows(database, "SELECT count(*) FROM sync_outbox") == [(0,)]
        if killed == KILLS:
            break
    assert killed == KILLS
