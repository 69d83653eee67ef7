"""`parkway serve` runs the syncs in its own process: two at once, one that is ended, a locked database."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from django.db import connection

from tests.sync.test_crash import Database, Place, due, finish, place, rows, state
from tests.waiting import wait_for

__all__ = ["due", "place"]  # fixtures

DEADLINE = 120.0  # seconds after which something counts as stuck; nothing is said about how fast it is
DUE = "sync_integration WHERE stage = 'on' AND (next_run_at IS NULL OR next_run_at <= {now})"
RUNS = "SELECT service_id, state, count(*) FROM sync_run GROUP BY 1, 2 ORDER BY 1, 2"

pytestmark = [pytest.mark.deep, pytest.mark.each_database]


class Serving:
    """A process that serves, and what it logs."""

    def __init__(self, database: Database, log: Path) -> None:
        self.log = log
        with log.open("wb") as into:
            command = [sys.executable, "-m", "parkway", "serve", "--port", "0"]
            environment = {**os.environ, "DATABASE_URL": database.url}
            self.process = subprocess.Popen(command, env=environment, stdout=into, stderr=into)

    def end(self) -> None:
        """Ask it to end, and see it do so in peace."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(DEADLINE) == 0, self.log.read_text()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


Serve = Callable[[Database], Serving]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts processes, of which none is left behind."""
    with ExitStack() as stack:
        number = iter(range(9))

        def starts(database: Database) -> Serving:
            made = Serving(database, tmp_path / f"log-{next(number)}")
            stack.callback(made.stop)
            return made

        yield starts


def number_due(database: Database) -> int:
    now = "datetime('now')" if connection.vendor == "sqlite" else "now()"
    return int(str(rows(database, f"SELECT count(*) FROM {DUE.format(now=now)}")[0][0]))


@pytest.fixture(scope="module")
def undisturbed(place: Place, due: Database) -> Database:
    made = place.database("undisturbed", like=due)
    finish(made, "fleet")
    return made


def as_undisturbed(database: Database, undisturbed: Database) -> None:
    assert state(database) == state(undisturbed)
    assert rows(database, RUNS) == rows(undisturbed, RUNS)


def test_two_that_serve_one_database_share_its_syncs(
    place: Place, due: Database, undisturbed: Database, serve: Serve
) -> None:
    database = place.database("shared", like=due)
    both = [serve(database), serve(database)]
    for each in both:
        wait_for("it serves", lambda log=each.log: "Parkway is at" in log.read_text(), DEADLINE)
    wait_for("everything is done", lambda: number_due(database) == 0, DEADLINE)
    for each in both:
        each.end()
    as_undisturbed(database, undisturbed)


def test_one_that_is_ended_in_mid_run_leaves_nothing_half_done(
    place: Place, due: Database, undisturbed: Database, serve: Serve
) -> None:
    database = place.database("ended", like=due)
    before = rows(database, RUNS)
    serving = serve(database)
    wait_for("the first runs", lambda: rows(database, RUNS) != before, DEADLINE)
    serving.end()
    assert "finished first" in serving.log.read_text()
    finish(database, "fleet")
    as_undisturbed(database, undisturbed)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite is locked as a whole")
def test_a_locked_database_is_waited_for_and_told_without_a_traceback(
    place: Place, due: Database, undisturbed: Database, serve: Serve
) -> None:
    database = place.database("locked", like=due)
    impatient = Database(f"{database.url}?timeout=1")
    lock = sqlite3.connect(database.url.removeprefix("sqlite:///"), isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    serving = serve(impatient)
    wait_for("it meets the lock", lambda: "(SQLITE_BUSY)" in serving.log.read_text(), DEADLINE)
    assert "serving.py" not in serving.log.read_text()
    assert number_due(database) > 0
    lock.execute("ROLLBACK")
    lock.close()
    wait_for("everything is done", lambda: number_due(database) == 0, DEADLINE)
    serving.end()
    as_undisturbed(database, undisturbed)
