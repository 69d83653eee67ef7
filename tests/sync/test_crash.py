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
from pathlib import Path

import pytest

KILLS = 50


def parkway(database: Path, *words: str) -> subprocess.Popen[bytes]:
    env = {**os.environ, "DATABASE_URL": f"sqlite:///{database}"}
    command = [sys.executable, "-m", "parkway", *words]
    return subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def finish(database: Path, *words: str) -> float:
    """Run a command to its end; the seconds that it took."""
    began = time.monotonic()
    assert parkway(database, *words).wait() == 0
    return time.monotonic() - began


def state(database: Path) -> dict[str, list[tuple[object, ...]]]:
    """Everything a run leaves behind, by child: profiles, links, and the decisions in force."""
    with sqlite3.connect(database) as db:
        profile = """SELECT l.service_id, l.child_id, p.state, p.first_name, p.last_name, p.preferred_name,
                            p.date_of_birth, p.gender, p.managed_link
                     FROM sync_link l JOIN storypark_profile p
                       ON p.service_id = l.service_id AND p.reference = l.profile_id ORDER BY 1, 2"""
        unlinked = """SELECT service_id, reference, state FROM storypark_profile p WHERE NOT EXISTS (
                        SELECT 1 FROM sync_link l
                        WHERE l.service_id = p.service_id AND l.profile_id = p.reference) ORDER BY 1, 2"""
        entries = """SELECT service_id, child_id, step, rule, facts, changes FROM sync_entry
                     ORDER BY service_id, child_id, at, id"""
        return {name: db.execute(sql).fetchall() for name, sql in (
            ("profiles", profile), ("unlinked", unlinked), ("entries", entries)
        )}  # fmt: skip


@pytest.fixture(scope="module")
def due(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo fleet with every service due, before its run."""
    database = tmp_path_factory.mktemp("crash") / "demo.sqlite3"
    finish(database, "demo")
    with sqlite3.connect(database) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return database


def copy(database: Path, to: Path) -> Path:
    for old in to.parent.glob(f"{to.name}*"):
        old.unlink()
    return Path(shutil.copyfile(database, to))


@pytest.mark.deep
def test_d13_a_killed_run_leaves_nothing_half_done(due: Path, tmp_path: Path) -> None:
    undisturbed = copy(due, tmp_path / "undisturbed.sqlite3")
    seconds = finish(undisturbed, "sync", "--due")
    expected = state(undisturbed)
    assert state(due)["entries"] != expected["entries"], "the run had nothing to do"
    moments = random.Random(13)
    killed = 0
    for _ in range(4 * KILLS):
        database = copy(due, tmp_path / "killed.sqlite3")
        process, began = parkway(database, "sync", "--due"), time.monotonic()
        try:
            process.wait(moments.uniform(0, seconds))
            seconds = min(seconds, time.monotonic() - began)  # the machine is quicker now than it was
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            killed += process.wait() == -signal.SIGKILL
        finish(database, "sync", "--due")
        assert state(database) == expected
        if killed == KILLS:
            break
    assert killed == KILLS
