"""The limit: set-based SQL by hand, in one transaction for the fleet or in one for each service, with
the same reads and the same writes.

It reads every child at every pass, decides in the scan, and writes profiles, rooms, links, journal entries
with their sentences and facts, runs, and what the next pass compares. It leaves out what the measured fleet
has no case of: profiles that nobody is linked to, renamed rooms, held runs, tombstones.
"""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

from benchmarks import statements as sql
from parkway.engine import wording

SQLITE = """PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA temp_store=MEMORY;
PRAGMA cache_size=-65536; PRAGMA foreign_keys=ON;"""

WORDS = {
    "sqlite": {
        "MOST": "max",
        "JSON_ARRAY": "json_array",
        "JSON_LIST": "json_group_array",
        "JSON_OBJECT": "json_object",
        "LIST_OF(name)": "group_concat(name, '|')",
        "BYTES": "BINARY",
        "FENCE": "LIMIT -1",
        "INSTANT": "datetime",
        "MOVED": sql.MOVED_ALONE,
        "ROOMS": "",
    },
    "postgresql": {
        "MOST": "greatest",
        "JSON_ARRAY": "json_build_array",
        "JSON_LIST": "json_agg",
        "JSON_OBJECT": "json_build_object",
        "LIST_OF(name)": "string_agg(name, '|')",
        "BYTES": '"C"',
        "FENCE": "OFFSET 0",
        "INSTANT": "pg_temp.instant",
        "MOVED": "here.targets IS DISTINCT FROM there.targets",
        "ROOMS": f"LEFT JOIN {sql.HERE} here ON here.child_id = c.id "
        f"LEFT JOIN {sql.THERE} there ON there.profile_id = p.id",
    },
}
ONE_BY_ONE = {
    "sqlite": WORDS["sqlite"],
    "postgresql": WORDS["postgresql"]
    | {
        "ROOMS": f"LEFT JOIN {sql.HERE_ALONE} here ON TRUE LEFT JOIN {sql.THERE_ALONE} there ON TRUE",
    },
}
TABLES = {
    "sqlite": """
CREATE TEMP TABLE plan(id INTEGER PRIMARY KEY, pk, service, child, profile_pk, profile, entry, status,
  next_change, rule, step, facts, position, paid, was);
CREATE TEMP TABLE room_left(service INTEGER PRIMARY KEY, paid, free);
CREATE TEMP TABLE run(service INTEGER PRIMARY KEY, run);
CREATE TEMP TABLE change(id INTEGER PRIMARY KEY, changes);
CREATE TEMP TABLE place(room INTEGER PRIMARY KEY, target);
CREATE TEMP TABLE day(day DATE PRIMARY KEY, words) WITHOUT ROWID;
""",
    "postgresql": """
CREATE TEMP TABLE plan(id bigserial, pk bigint, service bigint, child text, profile_pk bigint, profile text,
  entry bigint, status text, next_change date, rule text, step text, facts text, position int, paid int,
  was text);
CREATE TEMP TABLE room_left(service bigint PRIMARY KEY, paid int, free int);
CREATE TEMP TABLE run(service bigint PRIMARY KEY, run bigint);
CREATE TEMP TABLE change(id bigint PRIMARY KEY, changes text);
CREATE TEMP TABLE place(room bigint PRIMARY KEY, target bigint);
CREATE TEMP TABLE day(day date PRIMARY KEY, words text);
CREATE FUNCTION pg_temp.instant(bigint, text) RETURNS timestamptz LANGUAGE sql AS 'SELECT to_timestamp($1)';
""",
}
EMPTIED = ("plan", "room_left", "run", "change", "place")
EVERYBODY = "TRUE"


def sync(url: str, now: datetime, today: date, alone: bool = False) -> None:
    """Bring the whole fleet of a database into step, all services together or each `alone`."""
    limit = Limit(url, now, today)
    with closing(limit.connection):
        if not alone:
            limit.pass_over()
            return
        limit.of_one_service()
        for (service,) in limit.rows("SELECT id FROM tenancy_service ORDER BY id"):
            limit.pass_over(service)


class Limit:
    """A connection to one of the two databases, which gets the statements in its own words."""

    def __init__(self, url: str, now: datetime, today: date) -> None:
        self.today, self.kind = today, "sqlite" if url.startswith("sqlite") else "postgresql"
        self.values = {
            "now": _instant(now),
            "second": int(now.timestamp()),
            "midnight": _instant(now + timedelta(hours=12)),
            "today": today.isoformat(),
        }
        self.connection: Any
        if self.kind == "sqlite":
            self.connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
            self.connection.executescript(SQLITE + TABLES[self.kind])
        else:
            import psycopg

            self.connection = psycopg.connect(url, autocommit=True, prepare_threshold=None)
            self.connection.execute(TABLES[self.kind])
        days = [today + timedelta(number) for number in range(-1500, 500)]
        words = ", ".join(f"('{day}', '{wording.day(day, today)}')" for day in days)
        self.connection.execute(f"INSERT INTO day VALUES {words}")
        self._known("day")

    def of_one_service(self) -> None:
        """Tell PostgreSQL that each time it is about a few rows: it would look at every row of the fleet."""
        if self.kind == "postgresql":
            self.run("SET enable_hashjoin = off")
            self.run("SET enable_mergejoin = off")
            self.run("SET enable_seqscan = off")

    def pass_over(self, service: int | None = None) -> None:
        """All services, or one, in one transaction."""
        self.run("BEGIN IMMEDIATE" if self.kind == "sqlite" else "BEGIN")
        if service is not None:
            for name in EMPTIED:
                self.run(f"DELETE FROM {name}")
        self.values["service"] = service
        self._decide_and_write()
        self.run("COMMIT")

    def _decide_and_write(self) -> None:
        for statement in sql.NEW_ROOMS:
            self.run(statement)
        self._known("place")
        self.run(sql.PLAN)
        if self.rows("SELECT EXISTS (SELECT 1 FROM plan)")[0][0]:
            self._known("plan")
            for statement in (sql.FULL, sql.QUEUE, sql.STILL_WAITING, sql.CHANGED):
                self.run(statement)
            self._known("change")
            self.values["runs"] = self.rows("SELECT coalesce(max(id), 0) FROM sync_run")[0][0]
            self.run(sql.RUNS)
            self.run("INSERT INTO run SELECT service_id, id FROM sync_run WHERE id > :runs")
            self._known("run")
            self.values["base"] = self._base()
            for statement in sql.WRITES:
                self.run(statement)
        self.run(sql.SEEN)

    def _base(self) -> int:
        """What a line of the plan adds to its own number to number a new profile."""
        if self.kind == "sqlite":
            return int(self.rows("SELECT coalesce(max(id), 0) FROM storypark_profile")[0][0])
        first, last = self.rows("SELECT coalesce(min(id), 0), coalesce(max(id), 0) FROM plan")[0]
        given = self.rows("SELECT nextval('storypark_profile_id_seq')")[0][0]
        self.rows(f"SELECT setval('storypark_profile_id_seq', {given + last - first})")
        return int(given - first)

    def _known(self, table: str) -> None:
        """Let PostgreSQL's planner know how many rows a table has now; of one service, it need not."""
        if self.kind == "postgresql" and self.values.get("service") is None:
            self.run(f"ANALYZE {table}")

    def run(self, statement: str) -> Any:
        """Run a statement."""
        text = _in_words(statement, self.kind, self.values.get("service") is not None)
        if self.kind == "sqlite":
            return self.connection.execute(text, self.values)
        return self.connection.execute(re.sub(r"(?<!:):([a-z]+)", lambda name: self._literal(name[1]), text))

    def rows(self, query: str) -> list[Any]:
        """What a query finds."""
        found: list[Any] = self.run(query).fetchall()
        return found

    def _literal(self, name: str) -> str:
        value = self.values[name]
        if name in ("now", "midnight"):
            return f"timestamptz '{value}+00'"
        return f"date '{value}'" if name == "today" else str(value)


@cache
def _in_words(statement: str, kind: str, of_one: bool) -> str:
    """A statement as a database understands it, of one service or of everybody."""
    for word, meaning in (ONE_BY_ONE if of_one else WORDS)[kind].items():
        statement = statement.replace(word, meaning)
    return re.sub(r"\bOF\(([a-z_.]+)\)", r"\1 = :service" if of_one else EVERYBODY, statement)


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ")
