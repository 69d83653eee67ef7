"""Copies that are made while syncing goes on are whole, closed to others, and can be worked on elsewhere."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.operating.installation import PATIENCE, Installation
from tests.postgres import APPLICATION, OWNER, Cluster, cluster

COPIES = 3
DOCS = Path(__file__).parents[2] / "docs/operating.md"


def python(installation: Installation, module: str, **more: Any) -> subprocess.Popen[str]:
    env = {**installation.env, "DJANGO_SETTINGS_MODULE": "parkway.config.settings"}
    words = [sys.executable, "-m", f"tests.operating.{module}"]
    root = Path(__file__).parents[2]
    return subprocess.Popen(words, cwd=root, env=env, stdout=subprocess.PIPE, text=True, **more)


@contextmanager
def lived_in(installation: Installation) -> Iterator[Any]:
    """While this lasts, `parkway serve` runs what is due, and people change and ask; a call waits a turn."""
    with installation.served():
        busy = python(installation, "busy_fleet", stdin=subprocess.PIPE)
        assert busy.stdout is not None
        assert busy.stdin is not None
        said = busy.stdout
        yield lambda: int(re.fullmatch(r"turn (\d+)\n", said.readline())[1])  # type: ignore[index]
        busy.stdin.close()
        said.read()
        said.close()
        assert busy.wait(PATIENCE) == 0


def proof(installation: Installation) -> dict[str, Any]:
    """What `check_copy` finds on a copy."""
    checking = python(installation, "check_copy")
    told, _ = checking.communicate(timeout=5 * PATIENCE)
    assert checking.returncode == 0, told
    found: dict[str, Any] = json.loads(told)
    return found


def assert_sound(copies: list[Installation], known: list[int]) -> None:
    """`known`: how many runs there were before each copy was begun."""
    found = [proof(copy) for copy in copies]
    assert [each["wrong"] for each in found] == [[]] * COPIES
    assert all(each["services"] == 18 > each["due"] for each in found)
    runs = [each["runs"] for each in found]
    assert runs == sorted(set(runs)), "syncing went on between the copies"
    assert all(copied >= before for copied, before in zip(runs, known, strict=True)), "nothing done is lost"
    for copy in copies:
        bad = [each for each in json.loads(copy.run("doctor", "--json").stdout) if each["level"] == "bad"]
        assert {each["area"] for each in bad} <= {"queue"}, bad


def rows(database: Path, sql: str) -> list[Any]:
    with closing(sqlite3.connect(database)) as db:
        return db.execute(sql).fetchall()


@pytest.mark.deep
def test_copies_of_a_sqlite_database_at_work(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    installation, copies, known = Installation(tmp_path / "here"), [], []
    installation.done("demo")
    with lived_in(installation) as turn:
        while turn() < 3:
            pass
        for number in range(COPIES):
            there = tmp_path / f"there-{number}"
            there.mkdir()
            known.append(rows(installation.database, "SELECT count(*) FROM sync_run")[0][0])
            installation.done("backup", str(there / "parkway.sqlite3"))
            copies.append(Installation(there))
            before = turn()
            while turn() < before + 3:
                pass
    for copy in copies:
        assert copy.database.stat().st_mode & 0o777 == 0o600
        assert [path.name for path in copy.folder.iterdir()] == ["parkway.sqlite3"]
        assert rows(copy.database, "PRAGMA integrity_check") == [("ok",)]
    assert_sound(copies, known)


def shell(heading: str) -> str:
    """The commands that docs/operating.md gives under a heading."""
    section = DOCS.read_text(encoding="utf-8").split(f"### {heading}\n")[1].split("\n##")[0]
    return "\n".join(re.findall(r"^    (.*)", section, re.MULTILINE))


@pytest.mark.deep
def test_copies_of_a_postgresql_database_at_work(tmp_path: Path) -> None:
    """With the very commands of the documentation, for the role and for restoring."""
    (tmp_path / "copies").mkdir()
    with cluster() as server:
        admin = {"PGHOST": "127.0.0.1", "PGPORT": str(server.port), "PGUSER": "postgres"}
        env = {**os.environ, **admin, "PGPASSWORD": server.password}
        Installation(tmp_path, server.url(OWNER)).done("migrate", "--application-role", APPLICATION)
        Installation(tmp_path, server.url(OWNER)).done("demo")
        installation = Installation(tmp_path, server.url(APPLICATION))
        with psycopg.connect(server.url("postgres"), autocommit=True) as db:
            db.execute(f"CREATE ROLE parkway_backup LOGIN BYPASSRLS PASSWORD '{server.password}'")
        role = shell("The role that makes copies").replace("PASSWORD", server.password)
        role = role.replace("createuser --pwprompt", "true")
        subprocess.run(["bash", "-ec", role], env=env, check=True, stdout=subprocess.DEVNULL)
        backup, known = {"DATABASE_URL": server.url("parkway_backup")}, list[int]()
        with lived_in(installation) as turn:
            while turn() < 3:
                pass
            for _ in range(COPIES):
                with psycopg.connect(server.url("postgres")) as db:
                    known += db.execute("SELECT count(*) FROM sync_run").fetchone() or ()
                installation.done("backup", str(tmp_path / "copies"), **backup)
                before = turn()
                while turn() < before + 3:
                    pass
        made = sorted((tmp_path / "copies").iterdir())
        assert [path.stat().st_mode & 0o777 for path in made] == [0o600] * COPIES
        assert_sound([_restored(server, copy, number, env) for number, copy in enumerate(made)], known)


def _restored(server: Cluster, copy: Path, number: int, env: dict[str, str]) -> Installation:
    commands = shell("Restoring PostgreSQL").replace("COPY.dump", str(copy))
    commands = commands.replace("parkway_restored", f"restored_{number}")
    subprocess.run(["bash", "-ec", commands], env=env, check=True)
    url = f"{server.url(APPLICATION).rpartition('/')[0]}/restored_{number}"
    return Installation(copy.parent, url, PARKWAY_SECRET_KEY="a-key-that-is-long-enough-and-has-many-signs")


# What goes wrong ------------------------------------------------------------------------------------------


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    (tmp_path / "here").mkdir()
    made = Installation(tmp_path / "here")
    made.done("migrate")
    return made


def refused(installation: Installation, to: Path, code: int = 6, **env: str) -> str:
    """What a backup that is not made says; it leaves nothing behind."""
    before = {path: path.read_bytes() for path in to.parent.iterdir() if path.is_file()}
    result = installation.run("backup", str(to), **env)
    assert (result.returncode, result.stdout) == (code, ""), result.stderr
    assert "Traceback" not in result.stderr
    assert {path: path.read_bytes() for path in to.parent.iterdir() if path.is_file()} == before
    return result.stderr


def test_nothing_is_overwritten(installation: Installation, tmp_path: Path) -> None:
    (tmp_path / "copy").write_text("precious")
    assert "nothing is overwritten" in refused(installation, tmp_path / "copy")


def test_a_folder_that_is_not_there_is_made_for_its_user_alone(
    installation: Installation, tmp_path: Path
) -> None:
    for _ in range(2):  # it is there the second time
        installation.done("backup", f"{tmp_path / 'copies'}/")
        assert (tmp_path / "copies").stat().st_mode & 0o777 == 0o700
        for copy in (tmp_path / "copies").iterdir():
            assert copy.name.startswith("parkway-")
            copy.unlink()
    (tmp_path / "file").write_text("precious")
    assert "Traceback" not in installation.run("backup", f"{tmp_path / 'file'}/").stderr
    assert (tmp_path / "file").read_text() == "precious"


def test_what_was_done_is_in_the_copy_and_what_is_under_way_is_not(
    installation: Installation, tmp_path: Path
) -> None:
    """Also while it stands in the journal beside the database's file alone."""
    with closing(sqlite3.connect(installation.database, isolation_level=None)) as db:
        db.execute("PRAGMA wal_autocheckpoint = 0")
        db.execute("INSERT INTO tenancy_organisation (name) VALUES ('done')")
        db.execute("BEGIN IMMEDIATE")
        db.execute("INSERT INTO tenancy_organisation (name) VALUES ('under way')")
        installation.done("backup", str(tmp_path / "copy"))
        db.execute("COMMIT")
    assert rows(tmp_path / "copy", "SELECT name FROM tenancy_organisation") == [("done",)]


def test_a_damaged_database_is_found_and_the_copy_not_kept(
    installation: Installation, tmp_path: Path
) -> None:
    with sqlite3.connect(installation.database) as db:
        db.execute("PRAGMA foreign_keys = OFF")
        db.execute("INSERT INTO tenancy_role (person_id, service_id, role) VALUES (1, 99, 'educator')")
    db.close()
    assert "is damaged" in refused(installation, tmp_path / "copy")


def test_no_database_and_no_folder(installation: Installation, tmp_path: Path) -> None:
    assert (
        "No such file or directory" in installation.run("backup", str(tmp_path / "nowhere" / "copy")).stderr
    )
    installation.database.unlink()
    assert "There is no database" in refused(installation, tmp_path / "copy", code=2)
    assert not installation.database.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts disks")
def test_a_disk_that_is_too_small(installation: Installation, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "none", disk], check=False).returncode:
        pytest.skip("no disk can be mounted here")
    try:
        assert "disk is full" in refused(installation, disk / "copy", code=2)
    finally:
        subprocess.run(["umount", disk], check=True)


@pytest.mark.deep
def test_a_role_that_the_wall_holds_back_is_told_of_the_one_that_it_does_not(tmp_path: Path) -> None:
    with cluster() as server:
        installation = Installation(tmp_path, server.url(OWNER))
        assert "has no tables of Parkway" in refused(installation, tmp_path / "copy", code=2)
        installation.done("migrate")
        assert "Name a role that may read everything" in refused(installation, tmp_path / "copy")
        path = str(tmp_path / "bin")
        Path(path).mkdir()
        (Path(path) / "python").symlink_to(shutil.which("true") or "/bin/true")
        assert "pg_dump is not installed" in refused(installation, tmp_path / "copy", code=2, PATH=path)
        server.stop("fast")
        assert "Connection refused" in refused(installation, tmp_path / "copy", code=2)
