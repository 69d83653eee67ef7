"""The schema of a database, as the database itself tells it: two that differ in nothing compare as equal."""

from __future__ import annotations

import re
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg

from tests.postgres import programs

Schema = dict[str, set[tuple[Any, ...]]]

POSTGRESQL = {
    "tables": """SELECT relname, relkind, relrowsecurity, relforcerowsecurity FROM pg_class
                 WHERE relnamespace = 'public'::regnamespace""",
    "columns": """SELECT table_name, column_name, udt_name, character_maximum_length, is_nullable,
                         column_default, identity_generation, collation_name
                  FROM information_schema.columns WHERE table_schema = 'public'""",
    "constraints": """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), convalidated
                      FROM pg_constraint WHERE connamespace = 'public'::regnamespace""",
    "indexes": "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "policies": """SELECT tablename, policyname, permissive, roles::text, cmd, qual, with_check
                   FROM pg_policies""",
    "sequences": """SELECT sequencename, data_type::text, start_value, increment_by, max_value, cycle
                    FROM pg_sequences""",
    "functions": """SELECT oid::regprocedure::text, md5(prosrc) FROM pg_proc
                    WHERE pronamespace = 'public'::regnamespace""",
    "triggers": """SELECT tgrelid::regclass::text, pg_get_triggerdef(oid) FROM pg_trigger
                   WHERE NOT tgisinternal""",
}


def of_postgresql(url: str, copy: str) -> Schema:
    """Tables and their walls, columns, constraints, indexes, policies and the rest, by name.

    They are read in a copy, made in the empty database `copy`: a condition that was written down and read
    again is told in other words than one that a program made, and in the same however often that happens.
    """
    command = [programs() / "pg_dump", "--schema-only", "--no-owner", "--no-privileges", url]
    dump = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    with psycopg.connect(copy) as db:
        db.execute("".join(line for line in dump.splitlines(True) if not line.startswith("\\")).encode())
    with psycopg.connect(copy) as db:
        return {what: set(db.execute(select).fetchall()) for what, select in POSTGRESQL.items()}


def of_sqlite(path: Path) -> Schema:
    """The same of a file. SQLite knows the checks as text alone."""
    found: Schema = {"tables": set(), "columns": set(), "constraints": set(), "indexes": set()}
    with closing(sqlite3.connect(path)) as db:
        tables = dict(db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'"))
        conditions = dict(db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index'"))
        for table, sql in tables.items():
            found["tables"].add((table, "AUTOINCREMENT" in sql))
            for _, *column in db.execute(f"PRAGMA table_info({table})"):
                found["columns"].add((table, *column))
            for _, _, *key in db.execute(f"PRAGMA foreign_key_list({table})"):
                found["constraints"].add((table, "FOREIGN KEY", *key))
            found["constraints"] |= {(table, check) for check in checks(sql)}
            for _, index, unique, origin, partial in db.execute(f"PRAGMA index_list({table})"):
                columns = [column for _, _, *column in db.execute(f"PRAGMA index_xinfo({index})")]
                named = [(name, *more) for name, *more in columns]
                condition = (conditions[index] or "").partition(" WHERE ")[2]
                name = "" if index.startswith("sqlite_autoindex") else index
                found["indexes"].add((table, name, unique, origin, partial, str(named), condition))
    return found


def checks(sql: str) -> set[str]:
    """The names and conditions of the checks in the statement that makes a table."""
    found = set()
    for match in re.finditer(r'(CONSTRAINT "\w+" )?CHECK (?=\()', sql):
        depth, end = 0, match.end()
        while depth or end == match.end():
            depth += {"(": 1, ")": -1}.get(sql[end], 0)
            end += 1
        found.add(f"{match[1] or ''}{sql[match.end() : end]}")
    return found
