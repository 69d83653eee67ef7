"""The command line as people use it: a real process, a real database file, what it prints and how it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.waiting import wait_for

CHILDREN = "child_id,first_name,last_name,date_of_birth,rooms\n"
BOOKINGS = "child_id,kind,state,starts_on,ends_on\n"


class Terminal:
    """Runs `parkway` in a folder of its own, on a database of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, *words: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        env = {**os.environ, "DATABASE_URL": f"sqlite:///{self.folder / 'parkway.sqlite3'}"}
        command = [sys.executable, "-m", "parkway", *words]
        return subprocess.run(
            command, cwd=self.folder, env=env, input=typed, capture_output=True, text=True, check=False
        )

    def json(self, *words: str) -> object:
        result = self(*words, "--format", "json")
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)

    def write(self, name: str, text: str) -> str:
        (self.folder / name).write_text(text, encoding="utf-8")
        return name


@pytest.fixture
def parkway(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path)


def test_without_a_database_every_command_says_how_to_make_one(parkway: Terminal) -> None:
    for words in (["status"], ["fleet"], ["why", "rimu", "1"], ["runs", "rimu"]):
        result = parkway(*words)
        assert result.returncode == 2
        assert "parkway migrate" in result.stderr
        assert "Traceback" not in result.stderr
    assert not (parkway.folder / "parkway.sqlite3").exists()


def test_a_file_that_is_no_database_is_told_and_left_alone(parkway: Terminal) -> None:
    parkway.write("parkway.sqlite3", "no database, but a letter to grandmother, and a long one " * 20)
    before = (parkway.folder / "parkway.sqlite3").read_bytes()
    result = parkway("status")
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    assert (parkway.folder / "parkway.sqlite3").read_bytes() == before


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """The demo, loaded and synced by the first run."""
    terminal = Terminal(tmp_path_factory.mktemp("demo"))
    first = terminal("first-run")
    assert first.returncode == 0, first.stderr
    assert "Made 3 organisations with 20 services" in first.stdout
    assert "Waiting for a space" in first.stdout
    assert "held for a person" in first.stdout
    assert "Why? For example" in first.stdout
    return terminal


def test_the_first_run_again_syncs_all_and_changes_nothing(fleet: Terminal) -> None:
    again = fleet("first-run")
    assert again.returncode == 0, again.stderr
    assert "Synced 18 services: nothing changed." in again.stdout
    assert "Made" not in again.stdout


def test_the_demo_is_not_mixed_with_what_is_there(fleet: Terminal) -> None:
    result = fleet("demo")
    assert result.returncode == 6
    assert "already has services" in result.stderr


def test_a_switch_asks_and_a_no_changes_nothing(fleet: Terminal) -> None:
    """R9."""
    before = fleet.json("status")
    result = fleet("switch", "harbour-south", "stay", typed="n\n")
    assert result.returncode == 4
    assert "Nothing was changed" in result.stdout
    assert fleet.json("status") == before


def test_yes_needs_the_fingerprint_that_was_shown(fleet: Terminal) -> None:
    """B1."""
    shown = fleet("switch", "harbour-south", "stay", typed="n\n").stdout
    fingerprint = shown.split("Fingerprint: ")[1].split()[0]
    stale = fleet("switch", "harbour-south", "stay", "--yes", "0123456789abcdef")
    assert stale.returncode == 6
    assert "nothing was done" in stale.stderr
    done = fleet("switch", "harbour-south", "stay", "--yes", fingerprint)
    assert done.returncode == 0, done.stderr
    (standing,) = fleet.json("status", "harbour-south")  # type: ignore[misc]
    assert standing["inactive"] == "stay"


def test_a_held_run_is_shown_and_approved(fleet: Terminal) -> None:
    """D12."""
    assert "would archive" in fleet("status", "nikau-nursery").stdout
    done = fleet("approve", "nikau-nursery", typed="y\n")
    assert done.returncode == 0, done.stderr
    (standing,) = fleet.json("status", "nikau-nursery")  # type: ignore[misc]
    assert (standing["held"], standing["notices"]) == (False, [])


def test_a_held_run_is_rejected_and_its_children_stay_live(fleet: Terminal) -> None:
    """D12."""
    (before,) = fleet.json("status", "saltbush-childrens-centre")  # type: ignore[misc]
    assert before["held"]
    done = fleet("reject", "saltbush-childrens-centre", typed="y\n")
    assert done.returncode == 0, done.stderr
    assert "archived" not in done.stdout.splitlines()[-1]
    (standing,) = fleet.json("status", "saltbush-childrens-centre")  # type: ignore[misc]
    assert not standing["held"]
    assert standing["live"] >= before["live"]


def test_new_spaces_let_the_waiting_in_at_once(fleet: Terminal) -> None:
    """R10."""
    (before,) = fleet.json("status", "wattle-grove-childcare")  # type: ignore[misc]
    assert before["waiting"] > 0
    number = str(before["paid_children"] + before["waiting"])
    done = fleet("paid-children", "wattle-grove-childcare", number, typed="y\n")
    assert done.returncode == 0, done.stderr
    (after,) = fleet.json("status", "wattle-grove-childcare")  # type: ignore[misc]
    assert (after["waiting"], after["live"]) == (0, int(number))


def test_the_plan_cannot_shrink_below_the_live_profiles(fleet: Terminal) -> None:
    """D6."""
    result = fleet("paid-children", "rimu-kindergarten", "1", "--yes")
    assert result.returncode == 2
    assert "live profiles" in result.stderr


def test_paid_children_unasked_need_the_fingerprint_of_what_they_bring(fleet: Terminal) -> None:
    """B1."""
    (before,) = fleet.json("status", "rimu-kindergarten")  # type: ignore[misc]
    number = str(before["paid_children"] + 1)
    result = fleet("paid-children", "rimu-kindergarten", number, "--yes")
    assert result.returncode == 2
    fingerprint = result.stderr.rpartition("--yes ")[2].strip()
    assert f"Fingerprint: {fingerprint}" in result.stdout
    assert fleet.json("status", "rimu-kindergarten") == [before]
    nobody = fleet("paid-children", "rimu-kindergarten", number)
    assert nobody.returncode == 4
    assert f"add: --yes {fingerprint}" in nobody.stdout
    done = fleet("paid-children", "rimu-kindergarten", number, "--yes", fingerprint)
    assert done.returncode == 0, done.stderr
    assert f"pays for {number} children now" in done.stdout


def settings_of(fleet: Terminal, service: str) -> tuple[object, ...]:
    """The window, the time zone and the limits of a service, as they are stored."""
    with sqlite3.connect(fleet.folder / "parkway.sqlite3") as db:
        [found] = db.execute(
            "SELECT lookback_days, lookahead_days, time_zone, limit_archives, limit_percent "
            "FROM tenancy_service JOIN sync_integration ON service_id = id WHERE slug = ?",
            [service],
        )
    return tuple(found)


CHANGED = {
    "window": (("--back", "14"), "from 8 weeks before a booking starts to 2 weeks after it ended"),
    "time-zone": (("Pacific/Chatham",), "are those of Pacific/Chatham now"),
    "limits": (("5", "30"), "held above 5 archives and 30 % from now on"),
}


@pytest.mark.parametrize("command", CHANGED)
def test_what_syncing_goes_by_is_changed_as_it_was_shown(fleet: Terminal, command: str) -> None:
    """D33, B1."""
    values, told = CHANGED[command]
    words = (command, "grevillea-street-kindy", *values)
    before = settings_of(fleet, "grevillea-street-kindy"), fleet.json("status")
    nobody = fleet(*words)
    assert nobody.returncode == 4
    assert "Nothing was changed." in nobody.stdout
    fingerprint = nobody.stdout.split("Fingerprint: ")[1].split()[0]
    assert f"add: --yes {fingerprint}" in nobody.stdout
    assert fleet(*words, typed="n\n").returncode == 4
    stale = fleet(*words, "--yes", "0123456789abcdef")
    assert (stale.returncode, f"fingerprint {fingerprint}" in stale.stderr) == (6, True)
    assert (settings_of(fleet, "grevillea-street-kindy"), fleet.json("status")) == before
    done = fleet(*words, "--yes", fingerprint)
    assert done.returncode == 0, done.stderr
    assert told in done.stdout
    assert settings_of(fleet, "grevillea-street-kindy") != before[0]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("window", "rimu-kindergarten", "--back", "3651"), "0<=x<=3650"),
        (("window", "rimu-kindergarten", "--ahead", "-1"), "0<=x<=3650"),
        (("window", "rimu-kindergarten", "--ahead", "two"), "not a valid integer"),
        (("time-zone", "rimu-kindergarten", "Auckland"), "Write one such as Pacific/Auckland."),
        (("limits", "rimu-kindergarten", "3", "101"), "0<=x<=100"),
        (("limits", "rimu-kindergarten", "3"), "Missing argument"),
    ],
)
def test_values_that_make_no_sense_change_nothing(fleet: Terminal, words: tuple[str, ...], told: str) -> None:
    """D33."""
    before = settings_of(fleet, "rimu-kindergarten")
    result = fleet(*words)
    assert (result.returncode, result.stdout) == (2, "")
    assert told in result.stderr
    assert settings_of(fleet, "rimu-kindergarten") == before


def test_without_syncing_what_it_goes_by_is_only_saved(fleet: Terminal) -> None:
    """D33."""
    before = settings_of(fleet, "lighthouse-preschool")
    commands = (
        ("window", "lighthouse-preschool", "--back", "42", "--ahead", "70"),
        ("time-zone", "lighthouse-preschool", "Australia/Perth"),
        ("limits", "lighthouse-preschool", "5", "30"),
    )
    for words in commands:
        unanswered = fleet(*words)
        assert (unanswered.returncode, "no profile changes" in unanswered.stdout) == (4, True)
        assert settings_of(fleet, "lighthouse-preschool") == before
    for words in commands:
        assert fleet(*words, "--yes").returncode == 0
    assert settings_of(fleet, "lighthouse-preschool") == (42, 70, "Australia/Perth", 5, 30)
    assert fleet.json("runs", "lighthouse-preschool") == []


IN_BATCHES_OF_TWO = """
from parkway.cli import setup_django, app
from parkway.sync.schedule import due
due.SERVICES_READ_SQLITE = 2
app.main()
"""


@pytest.mark.parametrize("words", [("--all", "--full"), ()])
def test_a_pass_that_is_ended_early_says_what_is_left(fleet: Terminal, words: tuple[str, ...]) -> None:
    with sqlite3.connect(fleet.folder / "parkway.sqlite3", isolation_level=None) as db:
        db.execute("UPDATE sync_integration SET next_run_at = '2026-01-01', version = version + 1")
        [(on,)] = db.execute("SELECT count(*) FROM sync_integration WHERE stage = 'on'")
        db.execute("BEGIN IMMEDIATE")
        running = subprocess.Popen(
            [sys.executable, "-c", IN_BATCHES_OF_TWO, "fleet", *words],
            cwd=fleet.folder,
            env={**os.environ, "DATABASE_URL": "sqlite:///parkway.sqlite3"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        wait_for("it listens to who ends it", lambda: hears(running.pid, signal.SIGTERM), 60)
        running.send_signal(signal.SIGTERM)
        db.execute("ROLLBACK")
    done, told = running.communicate()
    assert running.returncode == 130, told
    synced = int(re.findall(r"Synced (\d+) service", done)[0])
    assert synced <= 2
    assert told == f"Ended early: {on - synced} services are left.\n"
    assert fleet("fleet", *words).returncode == 0


def hears(pid: int, number: int) -> bool:
    """Whether a process does something of its own when this signal comes."""
    found = re.search(r"SigCgt:\s*(\w+)", Path(f"/proc/{pid}/status").read_text())
    return bool(found and int(found[1], 16) >> (number - 1) & 1)


def test_syncing_is_turned_off_and_on_again(fleet: Terminal) -> None:
    """D15."""
    assert fleet("off", "harbour-north").returncode == 0
    assert fleet("sync", "harbour-north").returncode == 6
    on = fleet("on", "harbour-north", typed="y\n")
    assert on.returncode == 0, on.stderr
    assert fleet("sync", "harbour-north").returncode == 0


def test_the_forecast_for_programs(fleet: Terminal) -> None:
    """B3."""
    seen = fleet.json("forecast", "rimu-kindergarten", "--weeks", "6")
    assert seen["days"], "somebody leaves in six weeks"  # type: ignore[index]


def test_ids_are_strings_in_json(fleet: Terminal) -> None:
    """D17."""
    for run in fleet.json("runs", "rimu-kindergarten"):  # type: ignore[union-attr]
        assert isinstance(run["run"], str)


def test_nobody_is_asked_for_an_unknown_child_or_service(fleet: Terminal) -> None:
    assert "No service is called" in fleet("why", "nowhere", "1").stderr
    result = fleet("why", "rimu-kindergarten", "nobody")
    assert result.returncode == 2
    assert "has no child with the id nobody, and never had" in result.stderr


BAD = {
    "empty": b"",
    "truncated": b'child_id,first_name,last_name\n1,"Ana',
    "latin-1": "child_id,first_name,last_name\n1,Zoë,Müller\n".encode("latin-1"),
    "duplicate": b"child_id,first_name,last_name\n1,Ana,Ng\n1,Ben,Ng\n",
    "nameless": b"child_id,first_name,last_name\n1,,\n",
    "date": b"child_id,first_name,last_name,date_of_birth\n1,Ana,Ng,31/12/2025\n",
    "leap": b"child_id,first_name,last_name,date_of_birth\n1,Ana,Ng,2025-02-29\n",
    "short": b"child_id,first_name,last_name\n1,Ana\n",
}


@pytest.mark.parametrize("kind", sorted(BAD))
def test_bad_input_is_told_line_by_line_and_changes_nothing(fleet: Terminal, kind: str) -> None:
    (fleet.folder / "bad.csv").write_bytes(BAD[kind])
    bookings = fleet.write("bookings.csv", BOOKINGS)
    before = fleet.json("status")
    result = fleet("import", "rimu-kindergarten", "--children", "bad.csv", "--bookings", bookings)
    assert result.returncode == 2
    assert result.stdout == ""
    assert "bad.csv:" in result.stderr
    assert "Traceback" not in result.stderr
    assert fleet.json("status") == before
    plan = ("plan", "--children", "bad.csv", "--bookings", bookings, "--inactive", "leave")
    dry = fleet(*plan, "--paid-children", "9")
    assert (dry.returncode, dry.stdout) == (2, "")


def test_import_takes_children_and_why_answers_after_a_sync(fleet: Terminal) -> None:
    children = fleet.write("children.csv", CHILDREN + "X-1,Mānaia,Hohepa,2023-01-02,Tūī\n")
    bookings = fleet.write("bookings.csv", BOOKINGS + "X-1,permanent,confirmed,2020-02-03,\n")
    words = ("import", "rimu-kindergarten", "--children", children, "--bookings", bookings)
    taken = fleet(*words)
    assert taken.returncode == 0, taken.stderr
    assert "1 new child, 0 brought up to date, 1 booking" in taken.stdout
    assert "0 new children, 1 brought up to date" in fleet(*words).stdout
    assert fleet("sync", "rimu-kindergarten").returncode == 0
    answer = fleet.json("why", "rimu-kindergarten", "X-1")
    assert answer["step"] == "create"  # type: ignore[index]
    assert "Mānaia is Active in Manage" in answer["because"]  # type: ignore[index]


def test_sqlite_knows_no_application_role(parkway: Terminal) -> None:
    result = parkway("migrate", "--application-role", "parkway")
    assert result.returncode == 2
    assert "SQLite has no roles" in result.stderr
