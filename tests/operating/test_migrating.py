"""Migrations while others work: one at a time, and nobody waits behind one that waits."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.operating.installation import PARKWAY, Installation
from tests.postgres import OWNER, cluster

pytestmark = pytest.mark.deep


def test_a_program_works_on_a_database_ahead_of_it_and_not_on_one_behind(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    installation.done("migrate")
    for change, code in (
        ("INSERT INTO django_migrations (app, name, applied) VALUES ('sync', '9999_new', 'now')", 0),
        ("DELETE FROM django_migrations WHERE app = 'sync'", 6),
    ):
        db = sqlite3.connect(installation.database)
        db.execute(change)
        db.commit()
        db.close()
        for command in (("status",), ("fleet",)):
            assert installation.run(*command).returncode == code


def test_several_processes_migrate_one_empty_database(tmp_path: Path) -> None:
    with cluster() as server:
        installation = Installation(tmp_path, server.url(OWNER))
        several = [
            subprocess.Popen([*PARKWAY, "migrate"], env=installation.env, stdout=subprocess.PIPE, text=True)
            for _ in range(3)
        ]
        told = [process.communicate()[0] for process in several]
        assert [process.returncode for process in several] == [0, 0, 0]
        assert told == ["The database is up to date.\n"] * 3
        with psycopg.connect(server.url(OWNER)) as db:
            twice = "SELECT app, name FROM django_migrations GROUP BY app, name HAVING count(*) > 1"
            assert db.execute(twice).fetchall() == []


def test_a_table_that_somebody_reads_for_long_is_not_waited_for(tmp_path: Path) -> None:
    with cluster() as server:
        installation = Installation(tmp_path, server.url(OWNER))
        installation.done("migrate")
        back = [sys.executable, "-m", "django", "migrate", "mfa", "0002"]
        env = {**installation.env, "DJANGO_SETTINGS_MODULE": "parkway.config.settings"}
        subprocess.run(back, env=env, check=True, stdout=subprocess.DEVNULL)
        with psycopg.connect(server.url(OWNER)) as reader:
            reader.execute("SELECT count(*) FROM mfa_authenticator")
            result = installation.run("migrate")
            assert result.returncode == 6
            assert "held a table for more than 5s" in result.stderr
            assert installation.run("status").returncode == 6, "what is missing is missing"
        installation.done("migrate")
        installation.done("status")
