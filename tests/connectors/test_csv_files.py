"""What the CSV files may hold, what each value means, and that every bad line is told."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from parkway.connectors import csv_files
from parkway.connectors.csv_files import BOOKINGS, CHILDREN, PROFILES, Files, read_files
from parkway.connectors.csv_reading import BadFiles, CsvProblem, NotADay, read_day
from parkway.domain import (
    ALL_FIELDS,
    Booking,
    BookingKind,
    BookingState,
    Choice,
    ChoiceKind,
    Details,
    Profile,
    ProfileState,
    Status,
    Window,
)

TODAY = date(2026, 11, 24)
WINDOW = Window()
ONE_CHILD = "child_id,first_name,last_name\nc1,Mānaia,Ngata\n"
NO_BOOKINGS = "child_id,kind,state,starts_on\n"
NO_PROFILES = "profile_id,child_id,first_name,last_name,state\n"
ALL_BOOKINGS = "child_id,kind,state,starts_on,ends_on,weekdays,room\n"
ALL_CHILDREN = ",".join(CHILDREN.known) + "\n"

Content = str | bytes
Read = Callable[..., Files]


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Read:
    """Reads files with this content; each that is left out is a good one."""
    monkeypatch.chdir(tmp_path)

    def reading(
        children: Content = ONE_CHILD,
        bookings: Content = NO_BOOKINGS,
        profiles: Content | None = None,
        longest: dict[str, int] | None = None,
    ) -> Files:
        for name, content in (("c.csv", children), ("b.csv", bookings), ("p.csv", profiles or "")):
            (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
        with_profiles = "p.csv" if profiles is not None else None
        return read_files("c.csv", "b.csv", with_profiles, TODAY, WINDOW, longest=longest)

    return reading


@pytest.fixture
def bad(read: Read) -> Callable[..., list[str]]:
    """Reads files that are bad; the problems as they are printed."""

    def reading(*args: Content, **named: Content) -> list[str]:
        with pytest.raises(BadFiles) as caught:
            read(*args, **named)
        return [str(problem) for problem in caught.value.problems]

    return reading


Bad = Callable[..., list[str]]


# --- what is good -------------------------------------------------------------------------------


def test_every_column_is_read(read: Read) -> None:
    files = read(
        ALL_CHILDREN + "c1,Mānaia,Ngata,Nai,2021-03-04,female,Tūī; Kiwi ;;Tūī,,,\n"
        "c2,Noah,,,,,,2026-11-24,dont_add,2026-12-18\n",
        ALL_BOOKINGS + "c1,permanent,confirmed,2026-01-05,,fri; mon;mon,Tūī\n"
        "c1,casual,offered,2026-02-02,,,\n"
        "c1,casual,cancelled,2026-02-02,2026-02-04,tue,\n",
        ",".join(PROFILES.known) + "\nP-1,c1,Mānaia,Ngata,Nai,2021-03-04,female,Kiwi,live\n",
    )
    manaia, noah = files.children
    details = Details("Mānaia", "Ngata", "Nai", date(2021, 3, 4), "female", frozenset({"Tūī", "Kiwi"}))
    permanent, casual, days = files.bookings["c1"]

    assert (manaia.child_id, manaia.details, manaia.supplied) == ("c1", details, ALL_FIELDS)
    assert (manaia.standing.status, manaia.standing.booked_from) == (Status.ACTIVE, date(2026, 1, 5))
    assert (noah.standing.status, noah.standing.archived_on) == (Status.ARCHIVED, TODAY)
    assert files.choices == {"c2": Choice(ChoiceKind.DONT_ADD, None, date(2026, 12, 18))}
    assert permanent.booking == Booking(BookingKind.PERMANENT, BookingState.CONFIRMED, date(2026, 1, 5), None)
    assert (permanent.weekdays, permanent.room) == ("mon;fri", "Tūī")
    assert (casual.booking.ends_on, casual.booking.state) == (date(2026, 2, 2), BookingState.OFFERED)
    assert (days.booking.ends_on, days.weekdays) == (date(2026, 2, 4), "tue")
    assert files.profiles == [
        ("c1", Profile("P-1", ProfileState.LIVE, details._replace(rooms=frozenset({"Kiwi"}))))
    ]
    assert files.warnings == []


def test_a_column_that_is_not_there_is_not_supplied(read: Read) -> None:
    """D20."""
    files = read(
        "last_name,child_id,gender,first_name\nNgata,c1,,Mānaia\n",
        profiles="state,rooms,profile_id,child_id,first_name,last_name\nlive,,P-1,,Ana,\n",
    )

    assert files.children[0].details == Details("Mānaia", "Ngata")
    assert files.children[0].supplied == {"first_name", "last_name", "gender"}
    assert files.profiles[0].profile.supplied == {"first_name", "last_name", "rooms"}


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", [True, False])
def test_marks_and_line_ends_and_blank_lines_are_all_the_same(
    read: Read, mark: str, end: str, last: bool
) -> None:
    lines = ["", "child_id,first_name,last_name", "", 'c1, Mānaia ,"Ngata, the ""second"""', "   ", ""]
    text = mark + end.join(lines) + (end if last else "")
    files = read(text)

    assert files.children[0].details == Details("Mānaia", 'Ngata, the "second"')


def test_a_header_alone_means_no_rows(read: Read) -> None:
    files = read("child_id,first_name,last_name", NO_BOOKINGS, NO_PROFILES)

    assert (files.children, files.bookings, files.profiles) == ([], {}, [])


@pytest.mark.parametrize(("first", "last"), [("Mānaia", ""), ("", "Ngata")])
def test_one_name_is_enough(read: Read, first: str, last: str) -> None:
    assert read(f"child_id,first_name,last_name\nc1,{first},{last}\n").children[0].details.called


def test_odd_but_printable_characters_are_good(read: Read) -> None:
    names = ["Māia", "O’Brien", "Zoë\u00a0Ann", "李", "🦆", "ʻAnela", "a\u200bb", "\ufffd"]
    lines = [f"c{number},{name}," for number, name in enumerate(names)]
    files = read("child_id,first_name,last_name\n" + "\n".join(lines))

    assert [child.details.first_name for child in files.children] == names


def test_unknown_columns_are_ignored_with_a_warning_each(read: Read) -> None:
    files = read(
        "child_id,first_name,last_name,notes,,fees\nc1,Ana,,likes cats,x,9\n",
        "child_id,kind,state,starts_on,notes\n",
    )

    assert files.warnings == [
        "c.csv: the column “notes” is unknown and is ignored",
        "c.csv: column 5 has no name and is ignored",
        "c.csv: the column “fees” is unknown and is ignored",
        "b.csv: the column “notes” is unknown and is ignored",
    ]


def test_a_deleted_profile_needs_no_name_and_may_stand_beside_another(read: Read) -> None:
    files = read(
        profiles=NO_PROFILES + "P-1,c1,,,deleted\nP-2,c1,Ana,,live\nP-3,c1,,,deleted\nP-4,,,,deleted\n"
    )

    assert [row.profile.profile_id for row in files.profiles] == ["P-1", "P-2", "P-3", "P-4"]


def test_a_child_archived_today_is_archived_and_29_february_of_a_leap_year_is_a_day(read: Read) -> None:
    files = read("child_id,first_name,last_name,archived_on,date_of_birth\nc1,Ana,,2026-11-24,2024-02-29\n")

    assert files.children[0].standing.archived_on == TODAY
    assert files.children[0].details.date_of_birth == date(2024, 2, 29)


# --- what is bad --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("31/12/2025", "31/12/2025 is not a date Parkway reads; write it as 2025-12-31"),
        ("31.12.2025", "31.12.2025 is not a date Parkway reads; write it as 2025-12-31"),
        (
            "03/04/2025",
            "03/04/2025 is not a date Parkway reads; write it as year-month-day, such as 2025-12-31",
        ),
        (
            "31/31/2025",
            "31/31/2025 is not a date Parkway reads; write it as year-month-day, such as 2025-12-31",
        ),
        ("2025-02-29", "2025-02-29 is not a day: there is no 29 February in 2025"),
        ("2025-04-31", "2025-04-31 is not a day: there is no 31 April in 2025"),
        ("2025-13-01", "2025-13-01 is not a day: there is no such month"),
        ("2025-01-00", "2025-01-00 is not a day: there is no such day"),
        ("0000-01-01", "0000-01-01 is not a day: there is no such year"),
        ("2025-1-1", "2025-1-1 is not a date Parkway reads; write it as year-month-day, such as 2025-12-31"),
        ("20251231", "20251231 is not a date Parkway reads; write it as year-month-day, such as 2025-12-31"),
        (
            "٢٠٢٥-١٢-٣١",
            "“٢٠٢٥-١٢-٣١” is not a date Parkway reads; write it as year-month-day, such as 2025-12-31",
        ),
        ("soon", "“soon” is not a date Parkway reads; write it as year-month-day, such as 2025-12-31"),
        (
            "2025-12-31T10:00",
            "“2025-12-31T10:00” is not a date Parkway reads; write it as year-month-day, such as 2025-12-31",
        ),
    ],
)
def test_only_iso_dates_are_read(text: str, said: str) -> None:
    with pytest.raises(NotADay) as caught:
        read_day(text)
    assert str(caught.value) == said


@pytest.mark.parametrize("column", ["date_of_birth", "archived_on", "keep_until"])
def test_a_bad_date_of_a_child(bad: Bad, column: str) -> None:
    text = f"child_id,first_name,last_name,{column}\nc1,Ana,,2025-01-01\nc2,Bo,,31/12/2025\n"

    assert bad(text) == [f"c.csv:3: {column}: 31/12/2025 is not a date Parkway reads; write it as 2025-12-31"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (",Ana,,,", "child_id: it is empty; every row needs an id of its own"),
        (" ,Ana,,,", "child_id: it is empty; every row needs an id of its own"),
        ("c2,,  ,,", "first_name: first and last name are both empty; one of them is needed"),
        ("c1,Ana,,,", "child_id: “c1” is on line 2 already"),
        ("c2,Ana,,2026-11-25,", "archived_on: 2026-11-25 is after today, 2026-11-24; "
         "a child is archived on the day itself or later"),
        ("c2,Ana,,,Dont_Add", "sync: “Dont_Add” is not known here; leave it empty or write dont_add"),
        ("c2,Ana,", "row: it is too short: it has 3 values where the header has 5"),
        ("c2,Ana,Lee, Jr,,", "row: it is too long: it has 6 values where the header has 5; "
         "a value with a comma in it goes between quotation marks"),
        ('c2,"Ana,,,', "row: a quotation mark is opened and not closed on this line"),
        ('c2,"Ana"x,,,',
         "row: a closing quotation mark is not followed by a comma; inside a value, write it twice"),
        ("c2,A\tna,,,", "first_name: it holds a control character (a tab); take it out"),
        ("c2,A\0na,,,", "first_name: it holds a control character (U+0000); take it out"),
        ("c2,A\rna,,,", "first_name: it holds a control character (U+000D); take it out"),
        ("c2,A\x85na,,,", "first_name: it holds a control character (U+0085); take it out"),
        ("c2,Ana,\x1b[31m,,", "last_name: it holds a control character (U+001B); take it out"),
        ("c2,A\u202ena,,,", "first_name: it holds a control character (U+202E); take it out"),
        ("c2,Ana,\u2066Lee,,", "last_name: it holds a control character (U+2066); take it out"),
        ("c2,\u200b,Lee,,", "first_name: it holds only signs that nobody can see; take them out"),
        ("c2," + "x" * 140_000 + ",,,", "row: a value is longer than 131,072 characters"),
    ],
)  # fmt: skip
def test_a_bad_child(bad: Bad, line: str, said: str) -> None:
    header = "child_id,first_name,last_name,archived_on,sync\n"
    text = f"{header}c1,Ana,,,\n{line}\nc9,Zoe,,,\n"

    assert bad(text, NO_BOOKINGS + "c9,casual,confirmed,2026-01-01\n") == [f"c.csv:3: {said}"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (",casual,confirmed,2026-01-01,,", "child_id: it is empty; every booking is of a child"),
        ("c9,casual,confirmed,2026-01-01,,", "child_id: there is no child “c9” in c.csv"),
        ("c1,Casual,confirmed,2026-01-01,,", "kind: “Casual” is not known here; write permanent or casual"),
        ("c1,,confirmed,2026-01-01,,", "kind: it is empty; write permanent or casual"),
        ("c1,casual,tentative,2026-01-01,,",
         "state: “tentative” is not known here; write confirmed, offered or cancelled"),
        ("c1,casual,confirmed,,,", "starts_on: it is empty; write the first day, such as 2025-12-31"),
        ("c1,casual,confirmed,2025-02-29,,",
         "starts_on: 2025-02-29 is not a day: there is no 29 February in 2025"),
        ("c1,permanent,confirmed,2026-01-02,2026-01-01,",
         "ends_on: it ends on 2026-01-01, before it starts on 2026-01-02"),
        ("c1,permanent,confirmed,2026-01-02,1/1/2027,",
         "ends_on: 1/1/2027 is not a date Parkway reads; write it as 2027-01-01"),
        ("c1,permanent,confirmed,2026-01-02,,monday",
         "weekdays: “monday” is not understood; write mon, tue, wed, thu, fri, sat, sun, joined by ;"),
        ("c1,permanent,confirmed,2026-01-02,,Mon",
         "weekdays: “Mon” is not understood; write mon, tue, wed, thu, fri, sat, sun, joined by ;"),
        ("c1,permanent,confirmed,2026-01-02,",
         "row: it is too short: it has 5 values where the header has 6"),
    ],
)  # fmt: skip
def test_a_bad_booking(bad: Bad, line: str, said: str) -> None:
    header = "child_id,kind,state,starts_on,ends_on,weekdays\n"

    assert bad(bookings=f"{header}c1,casual,confirmed,2026-01-01,,\n{line}\n") == [f"b.csv:3: {said}"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (",c2,Ana,,live", "profile_id: it is empty; every row needs an id of its own"),
        ("P-1,c2,Ana,,live", "profile_id: “P-1” is on line 2 already"),
        ("P-2,c2,,,archived", "first_name: first and last name are both empty; one of them is needed"),
        ("P-2,c1,Ana,,archived",
         "child_id: child “c1” has a profile on line 2 already, and can have one only"),
        ("P-2,c2,Ana,,Live", "state: “Live” is not known here; write live, archived or deleted"),
        ("P-2,c2,Ana,,", "state: it is empty; write live, archived or deleted"),
    ],
)  # fmt: skip
def test_a_bad_profile(bad: Bad, line: str, said: str) -> None:
    assert bad(profiles=f"{NO_PROFILES}P-1,c1,Ana,,live\n{line}\n") == [f"p.csv:3: {said}"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "1: file: it is empty; its first line names the columns: child_id, first_name, last_name, "
         "preferred_name, date_of_birth, gender, rooms, archived_on, sync, keep_until"),
        ("\ufeff\n  \n", "1: file: it is empty; its first line names the columns: child_id, first_name, "
         "last_name, preferred_name, date_of_birth, gender, rooms, archived_on, sync, keep_until"),
        ("child_id,first_name\nc1,Ana\n", "1: last_name: the header lacks this column"),
        ("Child ID,first_name,last_name\n", "1: child_id: the header lacks this column; "
         "the header has “Child ID”"),
        ("child_id,first_name,last_name,gender, gender \n",
         "1: gender: the header names this column more than once"),
        ("child_id;first_name;last_name\nc1;Ana;\n",
         "1: file: its columns are separated by semicolons; Parkway reads commas"),
        ('child_id,"first_name,last_name\n',
         "1: row: a quotation mark is opened and not closed on this line"),
        ("child_id,first_name,last\tname\n", "1: row: it holds a control character (a tab); take it out"),
    ],
)  # fmt: skip
def test_a_bad_header(bad: Bad, text: str, said: str) -> None:
    """Nothing is said of bookings of unknown children, when the children could not be read."""
    assert bad(text, NO_BOOKINGS + "c1,casual,confirmed,2026-01-01\n") == [f"c.csv:{said}"]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (ONE_CHILD.encode("utf-16"), "UTF-16"),
        (ONE_CHILD.encode("utf-16-be"), "UTF-16 or no text at all"),
        (b"PK\x03\x04\x14\x00", "an Excel workbook or another archive"),
        (b"\x7fELF\0\0", None),
        (bytes(1000), "UTF-16 or no text at all"),
    ],
)
def test_other_formats_are_told_once(bad: Bad, content: bytes, what: str | None) -> None:
    problems = bad(content)
    if what:
        assert problems == [
            f"c.csv:1: file: it is not UTF-8 text but {what}; save the file as “CSV UTF-8” and try again"
        ]
    assert len(problems) == 1


def test_each_line_that_is_not_utf8_is_told_with_what_it_looks_like(bad: Bad) -> None:
    text = "child_id,first_name,last_name\nc1,Zoë,\nc2,Ana,\nc3,Ana,Müller\n".encode("cp1252")

    assert bad(text, NO_BOOKINGS + "c3,casual,confirmed,2026-01-01\n") == [
        "c.csv:2: first_name: it is not UTF-8 (it looks like Windows-1252, “Zoë”); "
        "save the file as “CSV UTF-8” and try again",
        "c.csv:4: last_name: it is not UTF-8 (it looks like Windows-1252, “Müller”); "
        "save the file as “CSV UTF-8” and try again",
    ]


def test_a_line_break_in_quotation_marks_is_one_problem_on_the_first_line(bad: Bad) -> None:
    text = 'child_id,first_name,last_name\nc1,"Ana\nMarie\nLee",\nc2,,\n'

    assert bad(text, NO_BOOKINGS + "c1,casual,confirmed,2026-01-01\n") == [
        "c.csv:2: first_name: it holds a control character (a line break); take it out",
        "c.csv:5: first_name: first and last name are both empty; one of them is needed",
    ]


def test_an_unclosed_quotation_mark_hides_no_other_problem(bad: Bad) -> None:
    good = "".join(f"g{number},Ana,\n" for number in range(50))
    text = f'child_id,first_name,last_name\nc1,"Ana,\nc2,,\n{good}c3,"Bo,\nc4,,\n'
    unclosed = "row: a quotation mark is opened and not closed on this line"
    nameless = "first_name: first and last name are both empty; one of them is needed"

    assert bad(text) == [
        f"c.csv:2: {unclosed}",
        f"c.csv:3: {nameless}",
        f"c.csv:54: {unclosed}",
        f"c.csv:55: {nameless}",
    ]


def test_all_problems_of_all_files_are_told(bad: Bad) -> None:
    problems = bad(
        "child_id,first_name,last_name,date_of_birth,sync\nc1,,,31/12/2025,yes\nc1,Ana,,,\nc2,Bo,,2025-02-30,\n",
        ALL_BOOKINGS + "c9,weekly,maybe,soon,late,never,\nc2,casual,confirmed,2026-02-02,2026-02-01,,\n",
        NO_PROFILES + "P-1,c1,Ana\nP-1,c1,Ana,,gone\n",
    )

    assert [":".join(problem.split(": ")[:2]) for problem in problems] == [
        "c.csv:2:first_name",
        "c.csv:2:date_of_birth",
        "c.csv:2:sync",
        "c.csv:3:child_id",
        "c.csv:4:date_of_birth",
        "b.csv:2:child_id",
        "b.csv:2:kind",
        "b.csv:2:state",
        "b.csv:2:starts_on",
        "b.csv:2:ends_on",
        "b.csv:2:weekdays",
        "b.csv:3:ends_on",
        "p.csv:2:row",
        "p.csv:3:state",
    ]


def test_files_that_cannot_be_opened_are_problems_too(tmp_path: Path) -> None:
    with pytest.raises(BadFiles) as caught:
        read_files(str(tmp_path / "none.csv"), str(tmp_path), "a\0b", TODAY, WINDOW)

    assert [problem.what for problem in caught.value.problems] == [
        "it cannot be read (No such file or directory)",
        "it cannot be read (Is a directory)",
        "it cannot be read (embedded null byte)",
    ]
    assert {(problem.line, problem.column) for problem in caught.value.problems} == {(1, "file")}


def test_a_file_without_line_ends_is_refused_without_being_read_whole() -> None:
    with pytest.raises(BadFiles) as caught:
        read_files("/dev/zero", "/dev/null", None, TODAY, WINDOW)

    assert [problem.line for problem in caught.value.problems] == [1, 1]


def test_a_line_too_long_is_told_and_nothing_after_it_is_read(bad: Bad) -> None:
    text = ONE_CHILD + "c2," + "x" * 1_500_000 + ",\nc3,,\n"

    assert bad(text) == ["c.csv:3: row: the line is longer than 1,000,000 bytes; nothing after it was read"]


def test_warnings_come_with_the_problems(read: Read) -> None:
    with pytest.raises(BadFiles) as caught:
        read("child_id,first_name,last_name,notes\nc1,,,x\nc2,,,\n")

    assert caught.value.warnings == ("c.csv: the column “notes” is unknown and is ignored",)
    assert str(caught.value).endswith("one of them is needed (2 problems in all)")


def test_limits_are_kept_where_there_are_some(read: Read) -> None:
    longest = {"child_id": 3, "first_name": 4, "rooms": 5, "room": 5, "profile_id": 3}
    children = "child_id,first_name,last_name,rooms\nc1,Ana,a long last name,Kiwi;Pūkeko\nc234,Mānaia,,\n"
    bookings = ALL_BOOKINGS + "c1,casual,confirmed,2026-01-01,,,Pūkeko\n"
    profiles = NO_PROFILES + "P-12,c234,Ana,,live\n"
    with pytest.raises(BadFiles) as caught:
        read(children, bookings, profiles, longest=longest)

    assert caught.value.problems == (
        CsvProblem("c.csv", 2, "rooms", "it has 6 characters; Parkway keeps at most 5"),
        CsvProblem("c.csv", 3, "first_name", "it has 6 characters; Parkway keeps at most 4"),
        CsvProblem("c.csv", 3, "child_id", "it has 4 characters; Parkway keeps at most 3"),
        CsvProblem("b.csv", 2, "room", "it has 6 characters; Parkway keeps at most 5"),
        CsvProblem("p.csv", 2, "profile_id", "it has 4 characters; Parkway keeps at most 3"),
        CsvProblem("p.csv", 2, "child_id", "it has 4 characters; Parkway keeps at most 3"),
    )
    read(children, bookings, profiles)


# --- anything at all ----------------------------------------------------------------------------

WORDS = ["permanent", "casual", "confirmed", "live", "deleted", "mon;sun", "c1", "P-1", "Ana", "é"]
DAYS = ["2025-12-31", "2025-02-29", "9999-12-31", "0001-01-01", "31/12/2025"]
CELL = st.sampled_from(["", '"', '""', '"a,b"', "a\nb", "\r", "\0", "\t", *WORDS, *DAYS])
HEADERS = st.sampled_from([CHILDREN.known, BOOKINGS.known, PROFILES.known, CHILDREN.required, ("x", "")])
TABLES = st.builds(
    lambda header, rows, end: end.join([",".join(header), *(",".join(row) for row in rows)]).encode(),
    HEADERS,
    st.lists(st.lists(CELL, min_size=2, max_size=11), max_size=6),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
ANYTHING = st.one_of(st.binary(max_size=200), TABLES)


def check_anything(folder: Path, contents: list[bytes]) -> None:
    names = [str(folder / name) for name in ("c.csv", "b.csv", "p.csv")]
    for name, content in zip(names, contents, strict=True):
        Path(name).write_bytes(content)
    problems: tuple[CsvProblem, ...] = ()
    try:
        files = read_files(*names, TODAY, WINDOW)
    except BadFiles as bad:
        problems = bad.problems
    if problems:
        for problem in problems:
            assert 1 <= problem.line <= contents[names.index(problem.file)].count(b"\n") + 1
            assert str(problem).isprintable()
    else:
        assert len({child.child_id for child in files.children}) == len(files.children)
        assert all(child.details.called for child in files.children)
        assert set(files.bookings) <= {child.child_id for child in files.children}


@given(st.lists(ANYTHING, min_size=3, max_size=3))
@example([b"", b'"', b"\xff"])
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_the_bytes_only_bad_files_is_raised(tmp_path: Path, contents: list[bytes]) -> None:
    check_anything(tmp_path, contents)


@pytest.mark.deep
@given(st.lists(ANYTHING, min_size=3, max_size=3))
@settings(max_examples=5_000, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_the_bytes_only_bad_files_is_raised_deep(tmp_path: Path, contents: list[bytes]) -> None:
    check_anything(tmp_path, contents)


@given(st.tuples(CELL, CELL, CELL, CELL, CELL, CELL))
@settings(deadline=None)
def test_a_booking_is_read_exactly_when_nothing_is_wrong_with_it(cells: tuple[str, ...]) -> None:
    complaints = list(csv_files._wrong_with_booking(cells))

    assert (csv_files._booking(cells) is None) == bool(complaints)


@pytest.mark.deep
def test_a_million_bookings_are_read_in_reasonable_time(tmp_path: Path) -> None:
    children, bookings = tmp_path / "c.csv", tmp_path / "b.csv"
    starts = [(date(2020, 1, 6) + timedelta(weeks=week)).isoformat() for week in range(350)]
    with children.open("w") as stream:
        stream.write("child_id,first_name,last_name\n")
        stream.writelines(f"c{number},Mānaia,Ngata\n" for number in range(80_000))
    with bookings.open("w") as stream:
        stream.write(ALL_BOOKINGS)
        stream.writelines(
            f"c{number % 80_000},permanent,confirmed,{starts[number % 350]},"
            f"2027-01-{number % 28 + 1:02},mon;tue,Tūī\n"
            for number in range(1_000_000)
        )
    before = time.process_time()
    files = read_files(str(children), str(bookings), None, TODAY, WINDOW)

    assert sum(map(len, files.bookings.values())) == 1_000_000
    assert time.process_time() - before < 60


@pytest.mark.deep
def test_a_million_bad_lines_are_all_told(tmp_path: Path) -> None:
    children, bookings = tmp_path / "c.csv", tmp_path / "b.csv"
    children.write_text(ONE_CHILD)
    bookings.write_text(NO_BOOKINGS + 'c1,casual","confirmed\n' * 1_000_000)
    before = time.process_time()
    with pytest.raises(BadFiles) as caught:
        read_files(str(children), str(bookings), None, TODAY, WINDOW)

    assert len(caught.value.problems) == 1_000_000
    assert time.process_time() - before < 120
