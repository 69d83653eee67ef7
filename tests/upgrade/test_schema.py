"""A database from the version before and a new one are alike, and one that is older is left alone."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from tests.operating.installation import Installation
from tests.postgres import OWNER, cluster
from tests.upgrade import schema
from tests.upgrade.restoring import restore_postgresql, restore_sqlite

ROOMS = ("tenancy", "manage", "storypark", "sync")


@pytest.fixture
def old(tmp_path: Path) -> Installation:
    """A SQLite file of the version before."""
    (tmp_path / "old").mkdir()
    installation = Installation(tmp_path / "old")
    restore_sqlite(installation.database)
    return installation


@pytest.mark.deep
def test_an_upgraded_and_a_new_database_are_alike_on_sqlite(old: Installation, tmp_path: Path) -> None:
    new = Installation(tmp_path)
    for installation in (old, new):
        installation.done("migrate")
    assert_alike(schema.of_sqlite(old.database), schema.of_sqlite(new.database))
    assert known(old.database) == known(new.database)


@pytest.mark.deep
def test_an_upgraded_and_a_new_database_are_alike_on_postgresql(tmp_path: Path) -> None:
    with cluster() as server:
        old = server.url(OWNER)
        new, *copies = (f"{old.rpartition('/')[0]}/{name}" for name in ("new", "old_again", "new_again"))
        with psycopg.connect(old, autocommit=True) as db:
            for name in ("new", "old_again", "new_again"):
                db.execute(f"CREATE DATABASE {name}")
        restore_postgresql(old)
        for url in (old, new):
            Installation(tmp_path, url).done("migrate")
        assert_alike(*map(schema.of_postgresql, (old, new), copies))


def assert_alike(old: schema.Schema, new: schema.Schema) -> None:
    for what, expected in new.items():
        assert expected, f"no {what} were found"
        assert old[what] - expected == set(), f"{what} that a new database has not"
        assert expected - old[what] == set(), f"{what} that an upgraded database has not"


def known(path: Path) -> set[tuple[str, str]]:
    """The migrations of the rooms that a database knows."""
    with closing(sqlite3.connect(path)) as db:
        found = db.execute("SELECT app, name FROM django_migrations").fetchall()
    return {(app, name) for app, name in found if app in ROOMS}


@pytest.mark.deep
@pytest.mark.parametrize("left", ["0001_initial", "0005_settled", "0008_a_new_room"])
def test_a_database_that_is_older_is_told_the_way_and_left_alone(old: Installation, left: str) -> None:
    """Whether a room had one of its migrations, some of them or all but one."""
    with sqlite3.connect(old.database) as db:
        db.execute("DELETE FROM django_migrations WHERE app = 'sync' AND name > ?", [left])
    db.close()
    before = schema.of_sqlite(old.database), known(old.database)
    for command in ("migrate", "status", "fleet", "demo"):
        result = old.run(command)
        assert result.returncode == 6
        assert "Install the version before this one and run its `parkway migrate`." in result.stderr
        assert "Traceback" not in result.stderr
    assert (schema.of_sqlite(old.database), known(old.database)) == before
