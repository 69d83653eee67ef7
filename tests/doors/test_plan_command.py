"""`parkway plan`: a real process on files alone; what it prints where, how it ends, the rules it shows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from parkway.domain import Step

TODAY = date(2025, 11, 24)
CHILDREN = "child_id,first_name,last_name\n"
BOOKINGS = "child_id,kind,state,starts_on,ends_on\n"
PROFILES = "profile_id,child_id,first_name,last_name,state\n"
SHAPE = ["today", "inactive", "spaces", "held", "counts", "decisions"]
SHAPE_OF_DECISION = [
    "child_id",
    "profile_id",
    "status",
    "step",
    "rule",
    "because",
    "next_change",
    "changes",
    "position",
]

Decisions = dict[str, dict[str, Any]]


def day(offset: int) -> str:
    return (TODAY + timedelta(days=offset)).isoformat()


def booked(child_id: str, first: int, last: int | None = None, state: str = "confirmed") -> str:
    """A booking's line, from a day to a day as offsets from TODAY."""
    return f"{child_id},permanent,{state},{day(first)},{'' if last is None else day(last)}\n"


def start(folder: Path, words: Sequence[str], **env: str) -> subprocess.CompletedProcess[bytes]:
    """Run `parkway` in a folder, to its end."""
    command = [sys.executable, "-m", "parkway", *words]
    return subprocess.run(
        command, cwd=folder, env={**os.environ, **env}, capture_output=True, check=False, timeout=120
    )


class Dry:
    """Runs `parkway plan` on files with given content."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(
        self, *options: str, inactive: str = "leave", paid: int = 100, **files: str | bytes
    ) -> subprocess.CompletedProcess[bytes]:
        """Each keyword names a file and gives its content; without options the answer is a table."""
        words = ["plan", "--inactive", inactive, "--paid-children", str(paid), "--today", TODAY.isoformat()]
        for name, content in {"children": CHILDREN, "bookings": BOOKINGS, **files}.items():
            file = self.folder / f"{name}.csv"
            file.write_bytes(content.encode() if isinstance(content, str) else content)
            words += [f"--{name}", file.name]
        return start(self.folder, [*words, *options])

    def plan(self, *options: str, inactive: str = "leave", paid: int = 100, **files: str | bytes) -> Any:
        """The plan as JSON."""
        result = self.run("--format", "json", *options, inactive=inactive, paid=paid, **files)
        assert (result.returncode, result.stderr) == (0, b"")
        return json.loads(result.stdout)

    def decide(
        self, *options: str, inactive: str = "leave", paid: int = 100, **files: str | bytes
    ) -> Decisions:
        """The decisions by child id."""
        found = self.plan(*options, inactive=inactive, paid=paid, **files)["decisions"]
        return {decision["child_id"]: decision for decision in found}


@pytest.fixture
def dry(tmp_path: Path) -> Dry:
    return Dry(tmp_path)


def steps(decisions: Decisions) -> Mapping[str, tuple[str, str]]:
    return {child_id: (decision["step"], decision["rule"]) for child_id, decision in decisions.items()}


# --- shape --------------------------------------------------------------------------------------


def test_the_json_has_exactly_the_keys_there_are(dry: Dry) -> None:
    plan = dry.plan(
        children=CHILDREN + "c1,Ana,Lee\n",
        bookings=BOOKINGS + booked("c1", 0),
        profiles=PROFILES + "P-1,c1,Anna,Lee,live\nP-2,c0,Bo,Ng,live\n",
    )

    assert list(plan) == SHAPE
    assert plan["today"] == "2025-11-24"
    assert plan["inactive"] == "leave"
    assert plan["spaces"] == {"paid_children": 100, "live": 2, "live_after": 2, "waiting": 0}
    assert plan["held"] is None
    assert plan["counts"] == {step.value: int(step in (Step.UPDATE, Step.NEEDS_REVIEW)) for step in Step}
    assert [list(decision) for decision in plan["decisions"]] == [SHAPE_OF_DECISION] * 2
    missing, ana = plan["decisions"]
    assert ana == {
        "child_id": "c1",
        "profile_id": "P-1",
        "status": "Active",
        "step": "update",
        "rule": "active",
        "because": "Ana is Active in Manage, booked from 24 November with no end date.",
        "next_change": None,
        "changes": {"first_name": ["Anna", "Ana"]},
        "position": None,
    }
    assert (missing["child_id"], missing["status"], missing["changes"]) == ("c0", None, {})


def test_decisions_are_sorted_by_code_point(dry: Dry) -> None:
    ids = ["é", "a", "Z", "10", "9", "ā", "z"]
    decisions = dry.decide(children=CHILDREN + "".join(f"{key},Ana,Lee\n" for key in ids))

    assert list(decisions) == sorted(ids)


def test_the_table_names_those_for_whom_something_happens(dry: Dry) -> None:
    files = {
        "children": CHILDREN + "c1,Mānaia,Ngata\nc2,Noah,[bold]\nc3,:smile:,Lee\n",
        "bookings": BOOKINGS + booked("c1", 0) + booked("c3", 0),
    }
    short, full = (dry.run(*options, **files).stdout.decode() for options in ((), ("--all",)))

    assert "24 Nov 2025" in short
    assert "Mānaia is Active in Manage, booked from 24 November with no end date." in short
    assert ":smile:" in short
    assert "Noah" not in short
    assert "Noah" in full
    assert "\x1b" not in full


def test_a_terminal_without_macrons_still_shows_the_rest(dry: Dry, tmp_path: Path) -> None:
    dry.run(children=CHILDREN + "c1,Mānaia,Ngata\n", bookings=BOOKINGS + booked("c1", 0))
    words = ["plan", "--children", "children.csv", "--bookings", "bookings.csv"]
    words += ["--inactive", "stay", "--paid-children", "1"]
    table = start(tmp_path, words, PYTHONIOENCODING="ascii")
    as_json = start(tmp_path, [*words, "--format", "json"], PYTHONIOENCODING="cp1252")

    assert (table.returncode, table.stderr) == (0, b"")
    assert b"M?naia" in table.stdout
    assert json.loads(as_json.stdout)["decisions"][0]["because"].startswith("Mānaia")


# --- the rules ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("booking", "status", "next_change"),
    [
        (booked("c1", 56), "Active", None),
        (booked("c1", 57), "Inactive", day(1)),
        (booked("c1", -200, -56), "Active", day(1)),
        (booked("c1", -200, -57), "Inactive", None),
        (booked("c1", 0, None, "offered"), "Inactive", None),
        (booked("c1", 0, None, "cancelled"), "Inactive", None),
        (f"c1,casual,confirmed,{day(-56)},\n", "Active", day(1)),
        (f"c1,casual,confirmed,{day(-57)},\n", "Inactive", None),
        (f"c1,casual,confirmed,{day(-60)},{day(-56)}\n", "Active", day(1)),
        ("", "Inactive", None),
    ],
)
def test_the_active_window_has_its_bounds_included(
    dry: Dry, booking: str, status: str, next_change: str | None
) -> None:
    """D1, D2."""
    (child,) = dry.decide(children=CHILDREN + "c1,Ana,Lee\n", bookings=BOOKINGS + booking).values()

    assert (child["status"], child["next_change"]) == (status, next_change)
    assert child["step"] == ("create" if status == "Active" else "leave_out")


@pytest.mark.parametrize(("option", "booking"), [("--lookback", (-9, -3)), ("--lookahead", (3, 9))])
def test_the_widths_of_the_window_are_settings(dry: Dry, option: str, booking: tuple[int, int]) -> None:
    """D1."""
    files = {"children": CHILDREN + "c1,Ana,Lee\n", "bookings": BOOKINGS + booked("c1", *booking)}
    statuses = [dry.decide(option, width, **files)["c1"]["status"] for width in ("3", "2")]

    assert statuses == ["Active", "Inactive"]


EVERY_STATE = {
    "children": "child_id,first_name,last_name,archived_on\n"
    + "".join(f"{key},Name{key},Lee,{day(-3) if key[0] == 'r' else ''}\n" for key in (
        "a1", "a2", "a3", "i1", "i2", "i3", "r1", "r2", "r3"
    )),
    "bookings": BOOKINGS + "".join(booked(key, 0) for key in ("a1", "a2", "a3", "r1", "r2", "r3")),
    "profiles": PROFILES
    + "".join(f"P-{key},{key},Name{key},Lee,live\n" for key in ("a2", "i2", "r2"))
    + "".join(f"P-{key},{key},Name{key},Lee,archived\n" for key in ("a3", "i3", "r3"))
    + "".join(f"P-{n},m{n},Else{n},Lee,live\n" for n in range(20)),
    "extra": "",
}  # fmt: skip
WITH_NO_PROFILE, WITH_LIVE, WITH_ARCHIVED = "1", "2", "3"


@pytest.mark.parametrize(
    ("inactive", "rule", "of_inactive"),
    [
        ("leave", "inactive-leaves", ["leave_out", "archive", "leave_out"]),
        ("stay", "inactive-stays", ["create", "keep", "restore"]),
    ],
)
def test_the_steps_of_active_inactive_and_archived_children(
    dry: Dry, inactive: str, rule: str, of_inactive: list[str]
) -> None:
    """Each status once without a profile, once with a live and once with an archived one (R2 to R8)."""
    files = {name: text for name, text in EVERY_STATE.items() if text}
    found = steps(dry.decide(inactive=inactive, **files))

    assert {key: found[key] for key in found if not key.startswith("m")} == {
        "a1": ("create", "active"),
        "a2": ("keep", "active"),
        "a3": ("restore", "active"),
        **{f"i{n}": (step, rule) for n, step in enumerate(of_inactive, start=1)},
        "r1": ("leave_out", "archived"),
        "r2": ("archive", "archived"),
        "r3": ("leave_out", "archived"),
    }


def test_dont_add_comes_before_everything(dry: Dry) -> None:
    """D9, D24."""
    found = dry.decide(
        children="child_id,first_name,last_name,archived_on,sync,keep_until\n"
        f"c1,Ana,Lee,,dont_add,\nc2,Bo,Lee,,dont_add,{day(5)}\nc3,Cy,Lee,{day(0)},dont_add,\n",
        bookings=BOOKINGS + booked("c1", 0),
        profiles=PROFILES + "P-2,c2,Bo,Lee,live\nP-3,c3,Cy,Lee,archived\n",
    )

    assert steps(found) == dict.fromkeys(("c1", "c2", "c3"), ("leave_out", "dont-add"))
    assert [found[key]["profile_id"] for key in ("c1", "c2", "c3")] == [None, "P-2", "P-3"]


def test_keep_until_keeps_creates_and_restores_through_that_day(dry: Dry) -> None:
    """B4."""
    header = "child_id,first_name,last_name,archived_on,keep_until\n"
    children = (
        f"k1,Ana,Lee,,{day(0)}\nk2,Bo,Lee,,{day(9)}\nk3,Cy,Lee,,{day(9)}\n"
        f"p1,Di,Lee,,{day(-1)}\nr1,Ed,Lee,{day(-1)},{day(9)}\na1,Flo,Lee,,{day(9)}\n"
    )
    found = dry.decide(
        children=header + children,
        bookings=BOOKINGS + booked("a1", 0),
        profiles=PROFILES + "P-1,k1,Ana,Lee,live\nP-2,k2,Bo,Lee,archived\n",
    )

    assert steps(found) == {
        "k1": ("keep", "keep-until"),
        "k2": ("restore", "keep-until"),
        "k3": ("create", "keep-until"),
        "p1": ("leave_out", "inactive-leaves"),
        "r1": ("leave_out", "archived"),
        "a1": ("create", "active"),
    }


QUEUE = {
    "children": CHILDREN + "".join(f"{key},Name{key},Lee\n" for key in (
        "b-create", "c-create", "a-restore", "z-restore", "i-soon", "i-ended", "i-never", "j-never", "i-back"
    )),
    "bookings": BOOKINGS
    + booked("b-create", 20)
    + booked("c-create", 10)
    + booked("a-restore", -100, -20)
    + booked("z-restore", -100, -10)
    + booked("i-soon", 70)
    + booked("i-ended", -100, -70)
    + booked("i-back", -100, -90)
    + booked("i-never", 0, 3, "offered"),
    "profiles": PROFILES
    + "P-a,a-restore,Namea-restore,Lee,archived\nP-z,z-restore,Namez-restore,Lee,archived\n"
    "P-b,i-back,Namei-back,Lee,archived\nP-u,,Un,Linked,live\n",
}  # fmt: skip


def test_the_queue_for_spaces_and_its_positions(dry: Dry) -> None:
    """R10, D5."""
    order = [
        "z-restore", "a-restore", "c-create", "b-create", "i-back", "i-soon", "i-ended", "i-never", "j-never"
    ]  # fmt: skip
    for paid in (0, 1, 3, 7):
        plan = dry.plan(inactive="stay", paid=paid, **QUEUE)
        free = max(0, paid - 1)  # a profile that was never linked takes its space, too
        waiting = {d["position"]: d["child_id"] for d in plan["decisions"] if d["step"] == "wait"}

        assert waiting == dict(enumerate(order[free:], start=1))
        assert plan["spaces"] == {
            "paid_children": paid,
            "live": 1,
            "live_after": 1 + free,
            "waiting": 9 - free,
        }
    found = {decision["child_id"]: decision for decision in plan["decisions"]}
    assert found["i-ended"]["step"] == "wait"
    assert {d["rule"] for d in found.values() if d["step"] == "wait"} == {"no-space"}
    assert {d["position"] for d in found.values() if d["step"] != "wait"} == {None}
    waiting_for_a_restore = dry.decide(inactive="stay", paid=0, **QUEUE)["z-restore"]
    assert (waiting_for_a_restore["profile_id"], waiting_for_a_restore["changes"]) == ("P-z", {})


def test_bookings_that_run_come_first_whenever_they_began(dry: Dry) -> None:
    """0 days until a booking starts that runs, so the id decides between two of them (D5)."""
    found = dry.decide(
        paid=0,
        children=CHILDREN + "a,Ana,Lee\nb,Bo,Lee\nc,Cy,Lee\n",
        bookings=BOOKINGS + booked("a", -10) + booked("b", -300) + booked("c", 0),
    )

    assert [found[key]["position"] for key in ("a", "b", "c")] == [1, 2, 3]


def test_archives_of_the_same_plan_free_their_spaces_first(dry: Dry) -> None:
    """D4."""
    plan = dry.plan(
        paid=1,
        children=CHILDREN + "c1,Ana,Lee\nc2,Bo,Lee\n",
        bookings=BOOKINGS + booked("c1", 0),
        profiles=PROFILES + "P-2,c2,Bo,Lee,live\n",
    )

    assert [decision["step"] for decision in plan["decisions"]] == ["create", "archive"]
    assert plan["spaces"] == {"paid_children": 1, "live": 1, "live_after": 1, "waiting": 0}


def test_over_the_plan_nobody_is_archived_and_nothing_added(dry: Dry) -> None:
    """D6."""
    plan = dry.plan(
        paid=1,
        children=CHILDREN + "c1,Ana,Lee\nc2,Bo,Lee\nc3,Cy,Lee\n",
        bookings=BOOKINGS + booked("c1", 0) + booked("c2", 0) + booked("c3", 0),
        profiles=PROFILES + "P-1,c1,Ana,Lee,live\nP-2,c2,Bo,Lee,live\n",
    )

    assert [decision["step"] for decision in plan["decisions"]] == ["keep", "keep", "wait"]
    assert plan["spaces"]["live_after"] == 2


@pytest.mark.parametrize(
    ("live", "archives", "held"),
    [(1, 1, False), (2, 2, True), (20, 4, False), (19, 4, True), (4, 3, False), (3, 3, True)],
)
def test_a_plan_that_archives_many_is_held_and_shows_what_approval_would_apply(
    dry: Dry, live: int, archives: int, held: bool
) -> None:
    """D12."""
    numbers = range(live)
    plan = dry.plan(
        children=CHILDREN + "".join(f"c{n},Name{n},Lee\n" for n in numbers),
        bookings=BOOKINGS + "".join(booked(f"c{n}", 0) for n in numbers[archives:]),
        profiles=PROFILES
        + "".join(f"P-{n},c{n},Name{n},Lee,live\n" for n in numbers)
        + "".join(f"U-{n},,Un{n},Linked,live\n" for n in range(30)),
    )

    assert plan["counts"]["archive"] == archives
    assert plan["spaces"]["live_after"] == live + 30 - archives
    if held:
        assert list(plan["held"]) == ["reason", "archives", "live"]
        assert (plan["held"]["archives"], plan["held"]["live"]) == (archives, live)
        assert str(archives) in plan["held"]["reason"] or "all" in plan["held"]["reason"]
    else:
        assert plan["held"] is None


def test_a_child_missing_from_the_file_is_held_not_archived(dry: Dry) -> None:
    """D8."""
    found = dry.decide(
        children=CHILDREN + "c9,Zoe,Lee\n",
        profiles=PROFILES
        + "P-1,m1,Ana,Lee,live\nP-2,m2,Bo,Lee,archived\nP-3,m3,,,deleted\nP-4,,Di,Lee,live\n",
    )

    assert steps(found) == {
        "c9": ("leave_out", "inactive-leaves"),
        "m1": ("hold", "missing-from-source"),
        "m2": ("leave_out", "missing-from-source"),
        "m3": ("leave_out", "missing-from-source"),
    }
    assert [found[key]["profile_id"] for key in ("m1", "m2", "m3")] == ["P-1", "P-2", None]
    assert {found[key]["status"] for key in ("m1", "m2", "m3")} == {None}
    assert found["m1"]["because"].startswith("Manage no longer lists Ana.")


def test_no_children_although_profiles_are_linked_is_no_plan(dry: Dry) -> None:
    """D8."""
    result = dry.run("--format", "json", profiles=PROFILES + "P-1,m1,Ana,Lee,live\n")

    assert (result.returncode, result.stdout) == (3, b"")
    assert result.stderr.decode().startswith("parkway: ")
    assert dry.plan(profiles=PROFILES + "P-1,,Ana,Lee,live\n")["decisions"] == []


def test_a_deleted_profile_is_made_anew_and_ignored_beside_another(dry: Dry) -> None:
    """D10."""
    found = dry.decide(
        children=CHILDREN + "c1,Ana,Lee\nc2,Bo,Lee\nc3,Cy,Lee\n",
        bookings=BOOKINGS + booked("c1", 0) + booked("c2", 0),
        profiles=PROFILES
        + "P-1,c1,Ana,Lee,deleted\nP-2,c2,Bo,Lee,live\nP-3,c2,Bo,Lee,deleted\nP-4,c3,,,deleted\n",
    )

    assert steps(found) == {
        "c1": ("create", "active"),
        "c2": ("keep", "active"),
        "c3": ("leave_out", "inactive-leaves"),
    }
    assert [found[key]["profile_id"] for key in ("c1", "c2", "c3")] == [None, "P-2", None]


UNLINKED = "profile_id,child_id,first_name,last_name,preferred_name,date_of_birth,gender,state\n"


@pytest.mark.parametrize(
    ("profiles", "step", "rule", "profile_id"),
    [
        ("P-1,,MANAIA,ngata,,2021-03-04,,live\n", "link", "active", "P-1"),
        ("P-1,,Mānaia,Ngata,,2021-03-04,,archived\n", "restore", "active", "P-1"),
        ("P-1,,Mary,Ngata,Nai,2021-03-04,,live\n", "link", "active", "P-1"),
        ("P-1,,Mānaia,Ngata,,2021-03-05,,live\n", "hold", "please-check", None),
        ("P-1,,Mānaia,Ngata,,,,live\n", "hold", "please-check", None),
        ("P-1,,Mānaia,Ngata,,2021-03-04,,live\nP-2,,Manaia,Ngata,,2021-03-04,,archived\n", "hold",
         "please-check", None),
        ("P-1,,Moana,Ngata,,2021-03-04,,live\n", "create", "active", None),
        ("P-1,,Mānaia,Ngata,,2021-03-04,,deleted\n", "create", "active", None),
        ("P-1,c9,Mānaia,Ngata,,2021-03-04,,live\n", "create", "active", None),
    ],
)  # fmt: skip
def test_a_child_without_a_profile_is_compared_with_the_unlinked_ones(
    dry: Dry, profiles: str, step: str, rule: str, profile_id: str | None
) -> None:
    """D19."""
    found = dry.decide(
        children="child_id,first_name,last_name,preferred_name,date_of_birth\nc1,Mānaia,Ngata,Nai,2021-03-04\n",
        bookings=BOOKINGS + booked("c1", 0),
        profiles=UNLINKED + profiles,
    )["c1"]

    assert (found["step"], found["rule"], found["profile_id"]) == (step, rule, profile_id)


def test_update_restore_and_link_show_exactly_the_fields_that_differ(dry: Dry) -> None:
    """D20."""
    header = "profile_id,child_id,first_name,last_name,preferred_name,date_of_birth,gender,rooms,state\n"
    found = dry.decide(
        children="child_id,first_name,last_name,preferred_name,date_of_birth,gender,rooms\n"
        "c1,Ana,Lee,,,female,Tūī;Kiwi\nc2,Bo,Ng,Bobo,2021-03-04,,\nc3,Cy,Ng,,2022-01-01,,Kea\n",
        bookings=BOOKINGS + booked("c1", 0) + booked("c2", 0) + booked("c3", 0),
        profiles=header + "P-1,c1,Ana,Lee,Nan,2020-02-29,female,Kea;Kiwi,live\n"
        "P-2,c2,Bo,Ng,,,male,,archived\nP-3,,CY,Ng,,2022-01-01,,Kea,live\n",
    )

    assert [found[key]["step"] for key in ("c1", "c2", "c3")] == ["update", "restore", "link"]
    assert found["c1"]["changes"] == {
        "preferred_name": ["Nan", ""],
        "date_of_birth": ["2020-02-29", None],
        "rooms": [["Kea", "Kiwi"], ["Kiwi", "Tūī"]],
    }
    assert found["c2"]["changes"] == {
        "preferred_name": ["", "Bobo"],
        "date_of_birth": [None, "2021-03-04"],
        "gender": ["male", ""],
    }
    assert found["c3"]["changes"] == {"first_name": ["CY", "Cy"]}


def test_a_column_that_is_not_supplied_is_left_alone(dry: Dry) -> None:
    """D20."""
    bookings = BOOKINGS + booked("c1", 0)
    full = "profile_id,child_id,first_name,last_name,gender,rooms,state\nP-1,c1,Ana,Lee,female,Kea,live\n"
    short = PROFILES + "P-1,c1,Ana,Lee,live\n"
    cleared = "child_id,first_name,last_name,gender,rooms\nc1,Ana,Lee,,\n"
    not_supplied = CHILDREN + "c1,Ana,Lee\n"

    def changes(children: str, profiles: str) -> Any:
        return dry.decide(children=children, bookings=bookings, profiles=profiles)["c1"]["changes"]

    assert changes(not_supplied, full) == {}
    assert changes(cleared, short) == {}
    assert changes(cleared, full) == {"gender": ["female", ""], "rooms": [["Kea"], []]}


def test_people_with_one_name_marks_line_ends_and_macrons_are_read(dry: Dry) -> None:
    found = dry.decide(
        children="\ufeffchild_id,first_name,last_name\r\nc1,Mānaia,\r\nc2,,Ngā-Tūī\r\n".encode(),
        bookings=("\ufeff" + BOOKINGS + booked("c1", 0)).replace("\n", "\r\n").encode(),
    )

    assert found["c1"]["because"].startswith("Mānaia is Active")
    assert found["c2"]["because"].startswith("Ngā-Tūī has no confirmed booking")


# --- how it ends --------------------------------------------------------------------------------


def test_bad_input_is_told_line_by_line_on_standard_error_only(dry: Dry) -> None:
    result = dry.run(
        "--format",
        "json",
        children="child_id,first_name,last_name,notes\nc1,,,\nc1,Ana,Lee,\n",
        bookings=BOOKINGS + f"c9,permanent,confirmed,31/12/2025,{day(0)}\n",
    )

    assert (result.returncode, result.stdout) == (2, b"")
    assert result.stderr.decode().splitlines() == [
        "children.csv: the column “notes” is unknown and is ignored",
        "children.csv:2: first_name: first and last name are both empty; one of them is needed",
        "children.csv:3: child_id: “c1” is on line 2 already",
        "bookings.csv:2: child_id: there is no child “c9” in children.csv",
        "bookings.csv:2: starts_on: 31/12/2025 is not a date Parkway reads; write it as 2025-12-31",
    ]


def test_unknown_columns_are_warned_of_on_standard_error(dry: Dry) -> None:
    result = dry.run("--format", "json", children="child_id,first_name,last_name,fees\n")

    assert result.returncode == 0
    assert json.loads(result.stdout)["decisions"] == []
    assert result.stderr.decode() == "children.csv: the column “fees” is unknown and is ignored\n"


@pytest.mark.parametrize(
    "options",
    [
        ("--today", "31/12/2025"),
        ("--today", "2025-02-29"),
        ("--today", "20251231"),
        ("--lookback", "-1"),
        ("--lookahead", "3651"),
        ("--paid-children", "-1"),
        ("--paid-children", "many"),
        ("--inactive", "Leave"),
        ("--format", "xml"),
        ("--children", "nowhere.csv"),
        ("--children", "."),
        ("--unknown",),
    ],
)
def test_options_that_cannot_be_end_with_2_and_say_so(dry: Dry, options: tuple[str, ...]) -> None:
    result = dry.run(*options)

    assert (result.returncode, result.stdout) == (2, b"")
    assert b"Error: " in result.stderr
    assert b"Traceback" not in result.stderr


@pytest.mark.parametrize("today", ["0001-01-01", "9999-12-31"])
def test_the_ends_of_the_calendar_are_days_like_others(dry: Dry, today: str) -> None:
    plan = dry.plan(
        "--today",
        today,
        "--lookback",
        "3650",
        "--lookahead",
        "3650",
        children=CHILDREN + "c1,Ana,Lee\nc2,Bo,Lee\n",
        bookings=BOOKINGS + "c1,permanent,confirmed,0001-01-01,9999-12-31\nc2,casual,confirmed,9999-12-31,\n",
    )

    assert plan["today"] == today
    assert plan["decisions"][0]["status"] == "Active"


def test_no_database_is_opened_and_nothing_is_written(dry: Dry, tmp_path: Path) -> None:
    dry.run(children=CHILDREN + "c1,Ana,Lee\n", bookings=BOOKINGS + booked("c1", 0))
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    script = "\n".join(
        [
            "import sys",
            "from parkway.cli.app import main",
            "main()",
            "print(sorted({'django', 'sqlite3', 'psycopg'} & set(sys.modules)), file=sys.stderr)",
        ]
    )
    words = "plan --children children.csv --bookings bookings.csv --inactive stay --paid-children 1"
    tmp_path.chmod(0o555)
    try:
        result = subprocess.run(
            [sys.executable, "-c", script, *words.split()],
            cwd=tmp_path,
            env={**os.environ, "DATABASE_URL": "sqlite:////nowhere/at/all.sqlite3"},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        tmp_path.chmod(0o755)

    assert result.stderr == "[]\n"
    assert "create" in result.stdout
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before


def test_a_reader_who_leaves_early_is_no_error(dry: Dry, tmp_path: Path) -> None:
    many = "".join(f"c{number},Ana,Lee\n" for number in range(3_000))
    dry.run(children=CHILDREN + many)
    words = "plan --children children.csv --bookings bookings.csv --inactive stay --paid-children 9"
    for form in ("json", "table"):
        with subprocess.Popen(
            [sys.executable, "-m", "parkway", *words.split(), "--format", form],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.readline()
            process.stdout.close()
            assert process.stderr.read() == b""


@pytest.mark.deep
def test_a_million_bookings_make_a_plan(dry: Dry) -> None:
    plan = dry.plan(
        children=CHILDREN + "".join(f"c{number},Ana{number},Lee\n" for number in range(80_000)),
        bookings=BOOKINGS
        + "".join(
            booked(f"c{number % 80_000}", number % 800 - 700, number % 800 - 300)
            for number in range(1_000_000)
        ),
    )

    assert len(plan["decisions"]) == 80_000
