"""What goes wrong around a command is told in a sentence with the way out, and changes nothing."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import pty
import re
import shlex
import signal
import sqlite3
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

PARKWAY = [sys.executable, "-m", "parkway"]


class Place:
    """A folder with a synced demo in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = folder / "parkway.sqlite3"

    def run(self, *words: str, before: tuple[str, ...] = (), **env: str) -> subprocess.CompletedProcess[str]:
        plain = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
        return subprocess.run(
            [*before, *PARKWAY, *words],
            cwd=self.folder,
            env={**plain, **env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def told(self, *words: str, code: int = 2, **env: str) -> str:
        """What a command that cannot be done says on standard error; never a traceback."""
        result = self.run(*words, **env)
        assert result.returncode == code, result.stderr
        assert "Traceback" not in result.stderr
        assert "something broke" not in result.stderr
        assert result.stdout == ""
        return result.stderr

    def state(self) -> str:
        with sqlite3.connect(self.database) as connection:
            tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")
            found = [
                connection.execute(f'SELECT * FROM "{name}"').fetchall() for (name,) in tables.fetchall()
            ]
        return hashlib.sha256(repr(found).encode()).hexdigest()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    found = Place(tmp_path_factory.mktemp("place"))
    assert found.run("demo").returncode == 0
    assert found.run("fleet").returncode == 0
    return found


@pytest.mark.parametrize(
    "url", ["nonsense", "mysql://a@b/c", "postgres://u:p@[bad/x", "sqlite://:memory:/x/y:z@", "foo://x"]
)
def test_a_database_url_that_names_none_is_told(place: Place, url: str) -> None:
    assert "DATABASE_URL" in place.told("status", DATABASE_URL=url)


@pytest.mark.parametrize("command", ["status", "migrate", "demo"])
def test_a_place_that_cannot_be_opened_is_told(place: Place, command: str) -> None:
    assert "cannot be opened" in place.told(command, DATABASE_URL=f"sqlite:///{place.folder}")


def test_a_server_that_does_not_answer_is_told(place: Place) -> None:
    for command in ("status", "migrate"):
        said = place.told(command, DATABASE_URL="postgres://nobody@127.0.0.1:1/x")
        assert "cannot be reached" in said


def test_plan_needs_no_database_whatever_is_said_of_one(place: Place) -> None:
    (place.folder / "c.csv").write_text("child_id,first_name,last_name\n1,Ana,Ng\n")
    (place.folder / "b.csv").write_text("child_id,kind,state,starts_on\n")
    files = ("--children", "c.csv", "--bookings", "b.csv")
    done = place.run("plan", *files, "--inactive", "leave", "--paid-children", "1", DATABASE_URL="nonsense")
    assert done.returncode == 0, done.stderr


def test_a_database_locked_by_another_process_is_told_and_left(place: Place) -> None:
    before = place.state()
    url = f"sqlite:///{place.database}?timeout=1"
    holder = sqlite3.connect(place.database, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        said = place.told("keep-until", "rimu-kindergarten", "RIM1-001", "2099-01-01", DATABASE_URL=url)
        assert place.run("status", DATABASE_URL=url).returncode == 0, "reading goes on"
    finally:
        holder.execute("ROLLBACK")
        holder.close()
    assert "Another process has been writing" in said
    assert place.state() == before


@pytest.mark.skipif(os.geteuid() != 0 or not Path("/usr/bin/setpriv").exists(), reason="needs setpriv")
def test_a_read_only_folder_is_told(place: Place) -> None:
    powerless = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
    place.folder.chmod(0o555)
    place.database.chmod(0o444)
    try:
        result = place.run("fleet", "--all", before=powerless)
    finally:
        place.folder.chmod(0o755)
        place.database.chmod(0o644)
    assert (result.returncode, result.stdout) == (2, "")
    assert "read-only for this user" in result.stderr or "cannot be opened" in result.stderr


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    "words", [("status",), ("rules",), ("runs", "rimu-kindergarten", "--format", "json")]
)
def test_a_pipe_closed_early_ends_in_peace(place: Place, words: tuple[str, ...], unbuffered: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as stream:
        done = subprocess.run(
            [*PARKWAY, *words],
            cwd=place.folder,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
            stdout=stream,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_is_told(place: Place, unbuffered: str) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*PARKWAY, "status"],
            cwd=place.folder,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert "No space left" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_closed_output_stops_nothing(place: Place, closed: str) -> None:
    words = shlex.join([*PARKWAY, "status"])
    assert subprocess.run(["sh", "-c", f"{words} {closed}"], cwd=place.folder, check=False).returncode == 0


def test_ctrl_c_leaves_whole_services_and_no_traceback(place: Place) -> None:
    running = subprocess.Popen(
        [*PARKWAY, "demo"],
        env={**os.environ, "DATABASE_URL": f"sqlite:///{place.folder / 'other.sqlite3'}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    other = place.folder / "other.sqlite3"
    while not _some_services(other):
        assert running.poll() is None, "it ended before it could be stopped"
    running.send_signal(signal.SIGINT)
    _, said = running.communicate()
    assert running.returncode == 130
    assert "Stopped." in said
    assert "Traceback" not in said
    with sqlite3.connect(other) as connection:
        halves = """SELECT count(*) FROM tenancy_service s
            WHERE NOT EXISTS (SELECT 1 FROM manage_child c WHERE c.service_id = s.id)"""
        assert connection.execute(halves).fetchone() == (0,)


def _some_services(database: Path) -> bool:
    if not database.exists():
        return False
    try:
        with sqlite3.connect(database) as connection:
            return bool(connection.execute("SELECT count(*) FROM tenancy_service").fetchone()[0])
    except sqlite3.OperationalError:
        return False


@pytest.mark.parametrize("columns", [80, 60])
def test_tables_fit_the_terminal_and_names_are_whole(place: Place, columns: int) -> None:
    control, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    with subprocess.Popen(
        [*PARKWAY, "status"],
        cwd=place.folder,
        env={**os.environ, "TERM": "xterm"},
        stdout=terminal,
        stderr=terminal,
    ) as running:
        os.close(terminal)
        seen = b""
        try:
            while chunk := os.read(control, 65_536):
                seen += chunk
        except OSError:  # the other side of a terminal is closed
            pass
        os.close(control)
    assert running.returncode == 0
    lines = seen.decode().replace("\r", "").split("\n")
    bare = [re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", line) for line in lines]
    assert max(map(len, bare)) <= columns
    if columns == 80:
        assert any("pohutukawa-bay-kindergarten" in line for line in bare)


def test_a_terminal_without_macrons_still_shows_the_rest(place: Place) -> None:
    env = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}
    for words in (("status",), ("rules",), ("switch", "rimu-kindergarten", "stay")):
        result = place.run(*words, **env)
        assert result.returncode in (0, 4), result.stderr
        assert "Traceback" not in result.stderr
        assert result.stdout


def test_without_anybody_to_answer_nothing_is_done_and_the_way_is_told(place: Place) -> None:
    before = place.state()
    result = place.run("switch", "rimu-kindergarten", "stay")
    assert result.returncode == 4
    assert "--yes " in result.stdout
    assert "Nothing was changed." in result.stdout
    assert place.run("paid-children", "rimu-kindergarten", "500").returncode == 4
    assert place.state() == before


def test_a_stale_fingerprint_shows_the_plan_there_is_now(place: Place) -> None:
    """B1."""
    before = place.state()
    result = place.run("switch", "rimu-kindergarten", "stay", "--yes", "0123456789abcdef")
    assert result.returncode == 6
    assert "nothing was done" in result.stderr
    assert "Fingerprint: " in result.stdout
    assert place.state() == before


@pytest.mark.parametrize(
    ("code", "words", "said"),
    [
        (2, ("keep-until", "rimu-kindergarten", "NOBODY", "2099-01-01"), "not listed in Manage"),
        (2, ("keep-until", "rimu-kindergarten", "RIM1-001", "2020-01-01"), "has passed"),
        (2, ("choose", "rimu-kindergarten", "NOBODY", "new"), "not listed in Manage"),
        (6, ("choose", "rimu-kindergarten", "RIM1-001", "release"), "nothing to release"),
        (2, ("choose", "rimu-kindergarten", "RIM1-001", "P-nowhere"), "no profile P-nowhere"),
        (6, ("setup", "rimu-kindergarten"), "set up already"),
        (6, ("on", "rimu-kindergarten"), "not turned off"),
        (6, ("off", "lighthouse-preschool"), "set it up first"),
        (6, ("sync", "lighthouse-preschool"), "set it up first"),
        (6, ("approve", "rimu-kindergarten"), "is held"),
        (2, ("why", "rimu-kindergarten", "nobody"), "no child with the id nobody, and never had"),
        (2, ("why", "rimu-kindergarten", "rim1-001"), "Did you mean RIM1-001"),
        (
            2,
            ("why", "rimu-kindergarten", "RIM1-001", "--on", "2020-01-01"),
            "The first decision for RIM1-001 was",
        ),
        (2, ("why", "lighthouse-preschool", "LIG18-001"), "Nothing was decided at Lighthouse Preschool yet"),
        (2, ("runs", "rimu-kindergarten", "--run", "999999"), "has no run “999999”"),
        (2, ("runs", "rimu-kindergarten", "--run", "99999999999999999999"), "not in the range"),
    ],
)
def test_what_cannot_be_done_is_said_at_once(
    place: Place, code: int, words: tuple[str, ...], said: str
) -> None:
    before = place.state()
    assert said in place.told(*words, code=code)
    assert place.state() == before


def test_enabling_what_is_set_up_says_so(place: Place) -> None:
    assert "set up already" in place.run("enable", "rimu-kindergarten").stdout


def test_the_first_waiting_are_shown_and_how_to_see_all(place: Place) -> None:
    shown = place.run("status").stdout
    assert " more: parkway status " in shown
    full = place.run("status", "kauri-street-childcare").stdout
    assert " more: " not in full
    number = int(full.split("Waiting for a space (")[1].split(")")[0])
    assert number > 12
    assert f"{number}th in line" in full or f"{number}st in line" in full or "in line" in full
    assert full.count(" in line for a space") == number


def test_a_run_shows_what_it_changed(place: Place) -> None:
    runs = json.loads(place.run("runs", "rimu-kindergarten", "--format", "json").stdout)
    assert "created" in place.run("runs", "rimu-kindergarten").stdout
    one = json.loads(
        place.run("runs", "rimu-kindergarten", "--run", runs[0]["run"], "--format", "json").stdout
    )
    assert one["counts"] == runs[0]["counts"]
    steps = [entry["step"] for entry in one["entries"]]
    assert {entry["run"] for entry in one["entries"]} == {runs[0]["run"]}
    assert steps.count("archive") == one["counts"]["archive"]
    table = place.run("runs", "rimu-kindergarten", "--run", runs[0]["run"]).stdout
    assert all(entry["child_id"] in table for entry in one["entries"])
    other = json.loads(place.run("runs", "totara-house", "--format", "json").stdout)[0]["run"]
    assert "has no run" in place.told("runs", "rimu-kindergarten", "--run", other)
