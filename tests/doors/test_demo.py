"""The demo: every rule and every step happens in it, and the same seed makes the same people."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from parkway.connectors.registry import OWN_NAMES
from parkway.domain import Step
from parkway.sync.queries.rulebook import rulebook

PEOPLE = """
    SELECT reference, first_name, last_name, preferred_name, date_of_birth, archived_on, status
        FROM manage_child
    UNION ALL SELECT child_id, kind, state, starts_on, ends_on, weekdays, '' FROM manage_booking
    UNION ALL SELECT reference, first_name, last_name, date_of_birth, state, archived_on, ''
        FROM storypark_profile
    UNION ALL SELECT child_id, kind, profile_id, keep_until, '', '', '' FROM sync_choice
    ORDER BY 1, 2, 3, 4, 5, 6, 7"""


def run(folder: Path, *words: str) -> str:
    env = {**os.environ, "DATABASE_URL": f"sqlite:///{folder / 'demo.sqlite3'}"}
    command = [sys.executable, "-m", "parkway", *words]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout


def people(folder: Path) -> str:
    with sqlite3.connect(folder / "demo.sqlite3") as connection:
        return hashlib.sha256(repr(connection.execute(PEOPLE).fetchall()).encode()).hexdigest()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    folder = tmp_path_factory.mktemp("demo")
    run(folder, "first-run")
    connection = sqlite3.connect(folder / "demo.sqlite3")
    yield connection
    connection.close()


def all_of(demo: sqlite3.Connection, sql: str) -> set[str]:
    return {value for (value,) in demo.execute(sql)}


def test_every_rule_and_every_step_occurs(demo: sqlite3.Connection) -> None:
    book = rulebook(OWN_NAMES)
    slugs = {row[0] for row in (*book.rules, *book.obstacles)}

    assert all_of(demo, "SELECT DISTINCT rule FROM sync_entry") == slugs
    assert all_of(demo, "SELECT DISTINCT step FROM sync_entry") == {step.value for step in Step}


def test_its_people_are_as_people_are(demo: sqlite3.Connection) -> None:
    names = "".join(all_of(demo, "SELECT first_name || ' ' || last_name FROM manage_child"))
    assert {"ā", "ō", "'", "\u2019", "-", "ü"} <= set(names), "macrons, apostrophes, hyphens, accents"
    for what, sql in {
        "twins": """SELECT 1 FROM manage_child a JOIN manage_child b
            ON a.service_id = b.service_id AND a.last_name = b.last_name
            AND a.date_of_birth = b.date_of_birth AND a.first_name <> b.first_name""",
        "people of one name": "SELECT 1 FROM manage_child WHERE last_name = ''",
        "two of the same name": """SELECT 1 FROM manage_child a JOIN manage_child b
            ON a.service_id = b.service_id AND a.id < b.id
            AND a.first_name = b.first_name AND a.last_name = b.last_name""",
        "offers": "SELECT 1 FROM manage_booking WHERE state = 'offered'",
        "cancelled bookings": "SELECT 1 FROM manage_booking WHERE state = 'cancelled'",
        "gaps": """SELECT 1 FROM manage_booking a JOIN manage_booking b ON a.child_id = b.child_id
            AND b.starts_on > date(a.ends_on, '+56 days') AND b.kind = 'permanent'""",
        "full plans": """SELECT 1 FROM storypark_account a WHERE paid_children = (SELECT count(*)
            FROM storypark_profile p WHERE p.service_id = a.service_id AND state = 'live')""",
        "tombstones": "SELECT 1 FROM storypark_profile WHERE state = 'deleted'",
        "drafts": "SELECT 1 FROM storypark_story WHERE state = 'draft'",
        "Inactive children who stay": "SELECT 1 FROM sync_integration WHERE inactive = 'stay'",
        "held runs": "SELECT 1 FROM sync_run WHERE state = 'held'",
        "restores": "SELECT 1 FROM sync_entry WHERE step = 'restore' AND current",
    }.items():
        assert demo.execute(sql).fetchone(), what


def test_no_run_of_it_failed_or_left_something(demo: sqlite3.Connection) -> None:
    assert all_of(demo, "SELECT DISTINCT state FROM sync_run") == {"done", "held"}
    assert all_of(demo, "SELECT DISTINCT converged FROM sync_run") == {1}


@pytest.mark.deep
def test_the_same_seed_makes_the_same_people(tmp_path: Path) -> None:
    made = []
    for number, seed in enumerate(["7", "7", "8"]):
        folder = tmp_path / str(number)
        folder.mkdir()
        run(folder, "demo", "--seed", seed)
        made.append(people(folder))

    assert made[0] == made[1]
    assert made[0] != made[2]
