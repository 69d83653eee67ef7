"""Three real workers on a real server, and what can happen to them.

Whatever it is, in the end every service is as after an undisturbed pass, and no run happened twice. The
workers are caught in the middle of a run, after it has written profiles and links, by a lock on the journal.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest
from django.db import connection

from tests.postgres import APPLICATION, OWNER, Cluster, cluster
from tests.waiting import wait_for

DEADLINE = 90.0  # seconds after which something counts as stuck; nothing is said about how fast it is
DUE = "stage = 'on' AND (next_run_at IS NULL OR next_run_at <= now())"
PROFILES = """SELECT l.service_id, l.child_id, p.state, p.first_name, p.last_name, p.preferred_name,
                     p.date_of_birth, p.gender, p.managed_link
              FROM sync_link l JOIN storypark_profile p
                ON p.service_id = l.service_id AND p.reference = l.profile_id ORDER BY 1, 2"""
NOT_LINKED = """SELECT service_id, reference, state FROM storypark_profile p WHERE NOT EXISTS (
                  SELECT 1 FROM sync_link l WHERE l.service_id = p.service_id AND l.profile_id = p.reference)
                ORDER BY 1, 2"""
ENTRIES = """SELECT service_id, child_id, step, rule, facts, changes, current FROM sync_entry
             ORDER BY service_id, child_id, at, id"""
RUNS = "SELECT service_id, state, count(*) FROM sync_run GROUP BY 1, 2 ORDER BY 1, 2"

pytestmark = [
    pytest.mark.deep,
    pytest.mark.skipif(connection.vendor != "sqlite", reason="has a server of its own, and runs once"),
]


class Database:
    """A fleet on the server, seen by the server's own user, for whom no wall stands."""

    def __init__(self, server: Cluster, name: str) -> None:
        self.server, self.name = server, name

    def connect(self) -> psycopg.Connection:
        where = f"host=127.0.0.1 port={self.server.port} user=postgres dbname={self.name}"
        return psycopg.connect(where, password=self.server.password, autocommit=True)

    def ask(self, sql: str) -> list[tuple[object, ...]]:
        with self.connect() as server:
            return server.execute(sql).fetchall()

    def tell(self, sql: str) -> None:
        with self.connect() as server:
            server.execute(sql)

    def number(self, sql: str) -> int:
        return int(str(self.ask(f"SELECT count(*) FROM {sql}")[0][0]))

    def due(self) -> int:
        return self.number(f"sync_integration WHERE {DUE}")

    def state(self) -> list[list[tuple[object, ...]]]:
        """Everything that runs leave behind, and how many there were."""
        return [self.ask(sql) for sql in (PROFILES, NOT_LINKED, ENTRIES, RUNS)]

    def waiting(self) -> int:
        """How many transactions wait for a lock."""
        return self.number(f"pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = '{self.name}'")

    @contextmanager
    def journal_closed(self) -> Iterator[None]:
        """While this lasts, a run comes as far as its journal."""
        with self.connect() as lock, lock.transaction():
            lock.execute("LOCK TABLE sync_entry IN SHARE MODE")
            yield

    def environment(self, role: str = APPLICATION) -> dict[str, str]:
        address = self.server.url(role).rpartition("/")[0]
        return {**os.environ, "DATABASE_URL": f"{address}/{self.name}", "PARKWAY_LOGS": ""}

    def run(self, *words: str, role: str = APPLICATION) -> None:
        subprocess.run(
            [sys.executable, *words], env=self.environment(role), check=True, stdout=subprocess.DEVNULL
        )

    def next_minute(self, then: str = "dispatch") -> None:
        """What the minute brings, without waiting for it."""
        self.run(
            "-c",
            "import parkway.cli.setup_django; from parkway.jobs import queue; "
            f"queue.{then}.defer(timestamp=0)",
        )


class Workers:
    """Processes, of which none is left behind."""

    def __init__(self, database: Database, log: Path) -> None:
        self.database, self.log = database, log
        self.processes = [self._start() for _ in range(3)]

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.jobs.small_batch_worker"]
        here, environment = Path(__file__).parents[2], self.database.environment()
        with self.log.open("ab") as log:
            return subprocess.Popen(command, cwd=here, env=environment, stdout=log, stderr=log)

    def caught(self) -> None:
        """Wait until each is in the middle of a run."""
        wait_for("three workers at the journal", lambda: self.database.waiting() == 3, DEADLINE)

    def end(self, *which: int) -> None:
        """Ask these, or all that live, to end, and see them do so in peace."""
        asked = [self.processes[each] for each in which] or [p for p in self.processes if p.poll() is None]
        for process in asked:
            process.send_signal(signal.SIGTERM)
        for process in asked:
            assert process.wait(DEADLINE) == 0, self.log.read_text()
        frames = [line for line in self.log.read_text().splitlines() if line.startswith("  ")]
        assert frames == [], "what happens to a database or a worker is no defect of the program"

    def stop(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.wait()


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    with cluster() as made:
        yield made


@pytest.fixture(scope="module")
def fleet(server: Cluster) -> Database:
    """The demo, with every service due."""
    made = Database(server, "parkway")
    made.run("-m", "parkway", "migrate", "--application-role", APPLICATION, role=OWNER)
    made.run("-m", "parkway", "demo", role=OWNER)
    return made


@pytest.fixture(scope="module")
def expected(fleet: Database) -> list[list[tuple[object, ...]]]:
    """What an undisturbed pass makes of it."""
    undisturbed = copy(fleet, "undisturbed")
    before = undisturbed.state()
    undisturbed.run("-m", "parkway", "fleet")
    state = undisturbed.state()
    assert before[0] != state[0], "the pass had nothing to do"
    return state


def copy(fleet: Database, name: str, where: str = "") -> Database:
    admin = Database(fleet.server, "postgres")
    admin.tell(f"CREATE DATABASE {name} TEMPLATE {fleet.name} OWNER {OWNER} {where}")
    return Database(fleet.server, name)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[Database], Workers]]:
    with ExitStack() as stack:

        def starts(database: Database) -> Workers:
            made = Workers(database, tmp_path / "log")
            stack.callback(made.stop)
            return made

        yield starts


Start = Callable[[Database], Workers]
Expected = list[list[tuple[object, ...]]]


def everything_is_done(database: Database, expected: Expected) -> None:
    working = f"pg_stat_activity WHERE xact_start < now() AND datname = '{database.name}'"
    wait_for("everything is done", lambda: not database.due() and not database.number(working), DEADLINE)
    assert database.state() == expected


def test_three_workers_share_a_fleet_and_end_in_peace(
    fleet: Database, expected: Expected, start: Start
) -> None:
    database = copy(fleet, "shared")
    with database.journal_closed():
        workers = start(database)
        workers.caught()
        workers.processes[0].send_signal(signal.SIGTERM)
    assert workers.processes[0].wait(DEADLINE) == 0, "it finishes its batch"
    everything_is_done(database, expected)
    workers.end()
    assert database.state() == expected
    assert database.number("procrastinate_jobs WHERE status = 'doing'") == 0
    assert database.number("procrastinate_workers") == 0


def test_a_worker_that_is_killed_in_mid_run(fleet: Database, expected: Expected, start: Start) -> None:
    database = copy(fleet, "killed")
    with database.journal_closed():
        workers = start(database)
        workers.caught()
        workers.processes[0].kill()
        assert workers.processes[0].wait() == -signal.SIGKILL
    wait_for(
        "nobody works any more",
        lambda: (
            not database.number(f"pg_stat_activity WHERE xact_start < now() AND datname = '{database.name}'")
        ),
        DEADLINE,
    )
    database.next_minute()
    everything_is_done(database, expected)
    database.tell("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 hour'")
    database.next_minute("tidy_queue")
    wait_for(
        "its job is dropped",
        lambda: not database.number("procrastinate_jobs WHERE status = 'doing'"),
        DEADLINE,
    )
    workers.end()


def test_a_worker_that_sleeps_and_wakes_up_as_a_zombie(
    fleet: Database, expected: Expected, start: Start
) -> None:
    database = copy(fleet, "zombie")
    with database.journal_closed():
        workers = start(database)
        workers.caught()
        workers.processes[0].send_signal(signal.SIGSTOP)
    free = f"(SELECT 1 FROM sync_integration WHERE {DUE} FOR NO KEY UPDATE SKIP LOCKED) AS free"
    wait_for(
        "nothing is left but what it holds", lambda: database.due() and not database.number(free), DEADLINE
    )
    asleep = "procrastinate_jobs WHERE status = 'doing'"
    wait_for("only it is at work", lambda: database.number(asleep) == 1, DEADLINE)
    held = "state = 'idle in transaction'"
    here = f"pg_stat_activity WHERE {held} AND datname = '{database.name}'"
    wait_for("only it says nothing in a transaction", lambda: database.number(here) == 1, DEADLINE)
    database.tell(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {held}"
    )  # as after five minutes
    database.next_minute()
    everything_is_done(database, expected)

    its_own = f"WHERE id = (SELECT worker_id FROM {asleep})"
    database.tell(f"UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 hour' {its_own}")
    database.next_minute("tidy_queue")
    wait_for("its job is dropped", lambda: not database.number(asleep), DEADLINE)
    database.tell("SELECT procrastinate_prune_stalled_workers_v1(30)")  # as a worker does that starts
    workers.end(1, 2)
    workers.processes[0].send_signal(signal.SIGCONT)
    database.next_minute()
    wait_for("it begins anew", lambda: database.number("procrastinate_workers") == 1, DEADLINE)
    database.tell("UPDATE sync_integration SET next_run_at = now() WHERE stage = 'on'")
    database.next_minute()
    everything_is_done(database, expected)
    workers.end(0)
    assert database.state() == expected


def test_the_database_is_started_anew_in_mid_run(fleet: Database, expected: Expected, start: Start) -> None:
    database = copy(fleet, "anew")
    lock = database.journal_closed()
    lock.__enter__()
    workers = start(database)
    workers.caught()
    database.server.stop()
    wait_for("all have lost it", lambda: workers.log.read_text().count("The queue was lost") >= 3, DEADLINE)
    database.server.go_on()
    with pytest.raises(psycopg.OperationalError):
        lock.__exit__(None, None, None)
    wait_for("each is known anew", lambda: database.number("procrastinate_workers") == 3, DEADLINE)
    database.next_minute()
    everything_is_done(database, expected)
    assert database.number("procrastinate_workers") == 3, "and not by what it was before"
    workers.end()
    assert database.state() == expected


def test_workers_end_while_the_database_is_away(fleet: Database, start: Start) -> None:
    database = copy(fleet, "away")
    workers = start(database)
    lives = f"pg_stat_activity WHERE datname = '{database.name}' AND query LIKE 'LISTEN %'"
    wait_for("three workers listen", lambda: database.number(lives) == 3, DEADLINE)
    database.server.stop("fast")
    try:
        workers.end()
    finally:
        database.server.go_on()


@pytest.fixture
def small_disk(server: Cluster) -> Iterator[Path]:
    """A disk of 48 MB, on which databases can be made."""
    place = server.folder / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", place], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("only root may mount a small disk")
    try:
        if server.user:
            os.chown(place, server.user["user"], server.user["group"])
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


def test_a_full_disk(fleet: Database, expected: Expected, start: Start, small_disk: Path) -> None:
    Database(fleet.server, "postgres").tell(f"CREATE TABLESPACE small LOCATION '{small_disk}'")
    database = copy(fleet, "narrow", "TABLESPACE small")
    filler, log = small_disk / "filler", fleet.server.folder / "log"
    database.tell("CHECKPOINT")
    room = os.statvfs(small_disk)
    filler.write_bytes(bytes(room.f_bavail * room.f_frsize - 64 * 1024))
    workers = start(database)
    wait_for(
        "a run meets the full disk", lambda: re.search("No space left on device", log.read_text()), DEADLINE
    )
    assert database.due() > 0
    filler.unlink()
    database.next_minute()
    everything_is_done(database, expected)
    workers.end()
    assert database.state() == expected
    Database(fleet.server, "postgres").tell("DROP DATABASE narrow")
    Database(fleet.server, "postgres").tell("DROP TABLESPACE small")
