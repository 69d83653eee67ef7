"""Who comes from the version before keeps everything: why each child was where, day by day, word by word."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.operating.installation import Installation
from tests.postgres import APPLICATION, OWNER, SUPERUSER, Cluster, cluster
from tests.upgrade.restoring import HERE, restore_postgresql, restore_sqlite

pytestmark = pytest.mark.deep
BEFORE: dict[str, Any] = json.loads((HERE / "before.json").read_text(encoding="utf-8"))
SERVICES: dict[str, Any] = BEFORE["services"]
KEY = "a-key-that-is-long-enough-and-has-many-signs"
ALL = {"entry": "SELECT * FROM sync_entry ORDER BY id", "run": "SELECT * FROM sync_run ORDER BY id"}

RULES = [
    "active",
    "inactive-stays",
    "inactive-leaves",
    "archived",
    "kept",
    "keep-until",
    "dont-add",
    "no-space",
    "please-check",
    "missing-from-source",
    "missing-kept",
    "missing-let-go",
]
STEPS = ["create", "link", "restore", "update", "keep", "archive", "leave_out", "wait", "hold"]

Rows = dict[int, dict[str, Any]]


class Upgraded:
    """A database of the version before that the present one migrated: how it was, and what it answers."""

    def __init__(
        self, owner: Installation, installation: Installation, query: Callable[[str], list[dict[str, Any]]]
    ) -> None:
        self.installation, self._query = installation, query
        self.before = self.journal()
        owner.done("migrate", *(["--application-role", APPLICATION] if installation.env != owner.env else []))
        self.after = self.journal()
        asked = subprocess.run(
            [sys.executable, str(HERE / "answers.py"), *BEFORE["days"]],
            cwd=installation.folder,
            env=installation.env,
            check=True,
            capture_output=True,
            text=True,
        )
        self.answers: dict[str, Any] = json.loads(asked.stdout)["services"]

    def journal(self) -> dict[str, Rows]:
        """Entries and runs as they lie in the database, by id."""
        return {name: {row["id"]: row for row in self._query(select)} for name, select in ALL.items()}


@pytest.fixture(params=["sqlite", "postgresql"])
def upgraded(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Upgraded]:
    if request.param == "sqlite":
        installation = Installation(tmp_path)
        restore_sqlite(installation.database)
        yield Upgraded(installation, installation, lambda select: of_sqlite(installation.database, select))
        return
    with cluster() as server:
        restore_postgresql(server.url(OWNER))
        owner, installation = (
            Installation(tmp_path, server.url(role), PARKWAY_SECRET_KEY=KEY) for role in (OWNER, APPLICATION)
        )
        yield Upgraded(owner, installation, lambda select: of_postgresql(server, select))


def of_sqlite(path: Path, select: str) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(path)) as db:
        db.row_factory = sqlite3.Row
        return [dict(row) for row in db.execute(select)]


def of_postgresql(server: Cluster, select: str) -> list[dict[str, Any]]:
    """As one who sees behind the wall."""
    with psycopg.connect(server.url(SUPERUSER), row_factory=psycopg.rows.dict_row) as db:
        return db.execute(select).fetchall()


def test_the_version_before_decided_by_every_rule_and_took_every_step() -> None:
    said = [answer for each in SERVICES.values() for turns in each["why"].values() for _, answer in turns]
    steps = {(answer["rule"], answer["step"]) for answer in said if answer}
    assert {rule for rule, _ in steps} == {*RULES}
    assert {step for _, step in steps} == {*STEPS}
    assert {answer["trigger"] for answer in said if answer} >= {"setup", "switch", "rejection", "approval"}


def test_everything_is_as_it_was_and_syncing_goes_on(upgraded: Upgraded) -> None:
    """In one test, for the database is asked about every child and every day."""
    assert upgraded.answers.keys() == SERVICES.keys()
    for service, before in SERVICES.items():
        now = upgraded.answers[service]
        assert now["why"] == before["why"], "why, for every child and every day"
        for what in ("statuses", "links", "room_links", "choices", "paid_children"):
            assert now[what] == before[what], f"{what} of {service}"
        for what in ("service", "integration"):
            assert before[what] == (before[what] and {name: now[what][name] for name in before[what]})
        the_command_says_the_same(upgraded, service)
    nothing_in_the_journal_was_touched(upgraded)
    syncing_goes_on(upgraded)


def the_command_says_the_same(upgraded: Upgraded, service: str) -> None:
    """Everybody's whole history; and two days of the child with the longest, in a process of its own."""
    turns_of = {child: turns for child, turns in SERVICES[service]["why"].items() if turns[-1][1]}
    if not turns_of:
        assert set(map(str, upgraded.answers[service]["told"].values())) <= {"[]"}
        return
    for child_id, turns in turns_of.items():
        told = [as_program(each) for each in upgraded.answers[service]["told"][child_id]]
        assert told[0] == as_program(turns[-1][1])
        assert all(as_program(answer) in told for _, answer in turns if answer)
    child_id, turns = max(turns_of.items(), key=lambda item: len(item[1]))
    early = upgraded.installation.run("why", service, child_id, "--on", turns[0][0])
    assert (early.returncode, "The first decision for" in early.stderr) == (2, True)
    day, answer = turns[len(turns) // 2]
    asked = upgraded.installation.done("why", service, child_id, "--on", day, "--format", "json")
    assert as_program(json.loads(asked)) == as_program(answer)


def as_program(said: dict[str, Any]) -> dict[str, Any]:
    """An answer of the journal or of the command, in one form."""
    told = dict(said)
    told.pop("child_id", None)
    for name in ("facts", "changes"):
        told[name] = json.loads(told[name] or "{}") if isinstance(told[name], str) else told[name]
    told["at"] = told["at"].replace("Z", "+00:00")
    told["run"] = str(told["run"])
    return {name: value or None for name, value in told.items()}


def nothing_in_the_journal_was_touched(upgraded: Upgraded) -> None:
    assert len(upgraded.before["entry"]) > 200
    for what in ALL:
        for number, row in upgraded.before[what].items():
            assert row.items() <= upgraded.after[what][number].items()
        assert upgraded.before[what].keys() == upgraded.after[what].keys()


def syncing_goes_on(upgraded: Upgraded) -> None:
    """Every service that is on gets a run that ends. It may retire an old decision, and never rewords it."""
    said = upgraded.installation.done("fleet", "--all", "--full")
    on = {
        each["integration"]["service_id"]
        for each in SERVICES.values()
        if (each["integration"] or {}).get("stage") == "on"
    }
    assert f"Synced {len(on)} services" in said
    now = upgraded.journal()
    new = {number: run for number, run in now["run"].items() if number not in upgraded.before["run"]}
    assert {run["service_id"] for run in new.values()} == on
    assert {run["state"] for run in new.values()} <= {"done", "held"}
    for what in ALL:
        for number, row in upgraded.after[what].items():
            then = {name: value for name, value in row.items() if name != "current"}
            assert then.items() <= now[what][number].items()
    current = [row for row in now["entry"].values() if row["current"]]
    assert len({(row["service_id"], row["child_id"]) for row in current}) == len(current)
