"""Children, bookings and profiles from CSV files: what each column means, and what is refused.

A column that a file lacks is not supplied (D20); a value that is there and empty is empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple

from parkway.connectors.csv_reading import CsvColumns, CsvReport, CsvRow, CsvTable, NotADay, read_day, shown
from parkway.db.gc_pause import gc_paused
from parkway.domain import (
    FIELDS,
    SYNCED_FIELDS,
    Booking,
    BookingKind,
    BookingState,
    Child,
    Choice,
    ChoiceKind,
    Details,
    FieldKind,
    Profile,
    ProfileState,
    Value,
    Window,
)
from parkway.engine import status

COLUMNS = tuple(field.column for field in SYNCED_FIELDS)
CHILDREN = CsvColumns(
    key="child_id",
    required=("child_id", "first_name", "last_name"),
    known=("child_id", *COLUMNS, "archived_on", "sync", "keep_until"),
)
BOOKINGS = CsvColumns(
    key="child_id",
    required=("child_id", "kind", "state", "starts_on"),
    known=("child_id", "kind", "state", "starts_on", "ends_on", "weekdays", "room"),
)
PROFILES = CsvColumns(
    key="profile_id",
    required=("profile_id", "child_id", "first_name", "last_name", "state"),
    known=("profile_id", "child_id", *COLUMNS, "state"),
)
NAMES = itemgetter(FIELDS.index("first_name"), FIELDS.index("last_name"))
"""The first and the last name of the values of FIELDS."""

KINDS = {kind.value: kind for kind in BookingKind}
STATES = {state.value: state for state in BookingState}
PROFILE_STATES = {state.value: state for state in ProfileState}
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Longest = Mapping[str, int]
"""The most characters a column's value may have, where there is a limit; for rooms the most of one room."""

Complaint = tuple[str, str]
"""A column, and what is wrong with its value."""


class BookingRow(NamedTuple):
    """A booking as the file has it; weekdays are joined by ";" from Monday on, "" when not given."""

    booking: Booking
    weekdays: str
    room: str


class ProfileRow(NamedTuple):
    """A profile as the file has it; `child_id` is the link, "" when the profile was never linked."""

    child_id: str
    profile: Profile


@dataclass(frozen=True, slots=True)
class Files:
    """What the files say of one service on one day. Bookings and choices (D9, B4) are by child id.

    `untold` are the columns of children and bookings that the files lack: not supplied, so left alone (D20).
    """

    children: Sequence[Child]
    bookings: Mapping[str, Sequence[BookingRow]]
    profiles: Sequence[ProfileRow]
    choices: Mapping[str, Choice]
    untold: frozenset[str]
    warnings: Sequence[str]


def read_files(
    children: str,
    bookings: str,
    profiles: str | None,
    today: date,
    window: Window,
    *,
    longest: Longest | None = None,
) -> Files:
    """Read the files by their names; without a file of profiles there are none.

    Raises BadFiles with every bad line of all of them.
    """
    report = CsvReport()
    limits = longest or {}
    with gc_paused():
        of_children, of_bookings = CsvTable(children, CHILDREN, report), CsvTable(bookings, BOOKINGS, report)
        enrolled, choices, known = _read_children(of_children, today, limits)
        booked = _read_bookings(of_bookings, known, children, limits)
        rows = [] if profiles is None else _read_profiles(CsvTable(profiles, PROFILES, report), limits)
    report.raise_if_bad()
    nothing: list[BookingRow] = []
    roster = [
        child._replace(
            standing=status.standing(
                [row.booking for row in booked.get(child.child_id, nothing)],
                today,
                window,
                child.standing.archived_on,
            )
        )
        for child in enrolled
    ]
    untold = {*CHILDREN.known, *BOOKINGS.known} - of_children.supplied - of_bookings.supplied
    return Files(roster, booked, rows, choices, frozenset(untold), report.warnings)


def read_profiles(profiles: str) -> list[ProfileRow]:
    """The profiles of one file. Raises BadFiles with every bad line."""
    report = CsvReport()
    rows = _read_profiles(CsvTable(profiles, PROFILES, report), {})
    report.raise_if_bad()
    return rows


# --- children -----------------------------------------------------------------------------------


def _read_children(
    table: CsvTable, today: date, longest: Longest
) -> tuple[list[Child], dict[str, Choice], set[str] | None]:
    """The children with nothing but the day of archiving in their standing, the choices, and the ids of all
    rows, also bad ones; None for the ids when the file could not be read.
    """
    children: list[Child] = []
    choices: dict[str, Choice] = {}
    named = _Named(table)
    supplied = frozenset[str]()
    for row in named:
        supplied = supplied or _supplied(table)
        child_id, *cells, archived, sync, keep_until = row.values
        details = _details(table, row.line, cells, longest)
        archived_on = _day(table, row.line, "archived_on", archived)
        if archived_on is not None and archived_on > today:
            what = f"{archived_on} is after today, {today}; a child is archived on the day itself or later"
            table.bad(row.line, "archived_on", what)
        if sync not in ("", "dont_add"):
            table.bad(row.line, "sync", f"{shown(sync)} is not known here; leave it empty or write dont_add")
        kind = ChoiceKind.DONT_ADD if sync else None
        until = _day(table, row.line, "keep_until", keep_until)
        if kind or until:
            choices[child_id] = Choice(kind, None, until)
        _check_length(table, row.line, "child_id", child_id, longest)
        standing = status.standing((), today, Window(), archived_on)
        children.append(Child(child_id, details, standing, supplied))
    ids = {*named.lines, *table.spoilt} if table.header is not None else None
    return children, choices, ids


# --- bookings -----------------------------------------------------------------------------------


def _read_bookings(
    table: CsvTable, known: set[str] | None, children: str, longest: Longest
) -> dict[str, list[BookingRow]]:
    """The bookings by child id; `known` are the ids in the file `children`, None when that cannot be told."""
    booked: dict[str, list[BookingRow]] = {}
    for line, values, _ in table:
        child_id = values[0]
        if not child_id:
            table.bad(line, "child_id", "it is empty; every booking is of a child")
        elif known is not None and child_id not in known:
            table.bad(line, "child_id", f"there is no child {shown(child_id)} in {children}")
        booking = _booking(values[1:])
        if booking is None:
            for column, what in _wrong_with_booking(values[1:]):
                table.bad(line, column, what)
        elif child_id in booked:
            booked[child_id].append(booking)
        else:
            booked[child_id] = [booking]
        if longest:
            _check_length(table, line, "room", values[-1], longest)
    return booked


@lru_cache(maxsize=65_536)
def _booking(cells: tuple[str, ...]) -> BookingRow | None:
    """A booking from its cells; None for a bad one. Most rows of a large file repeat earlier ones."""
    a_kind, a_state, starts_on, ends_on, weekdays, room = cells
    kind, state, days = KINDS.get(a_kind), STATES.get(a_state), _in_order(weekdays)
    try:
        first, last = read_day(starts_on), read_day(ends_on) if ends_on else None
    except NotADay:
        return None
    if kind is None or state is None or days is None or (last is not None and last < first):
        return None
    if last is None and kind is BookingKind.CASUAL:
        last = first
    return BookingRow(Booking(kind, state, first, last), days, room)


@lru_cache(maxsize=1_024)
def _in_order(weekdays: str) -> str | None:
    """Weekdays joined by ";" from Monday on, each once; None when one is not a weekday."""
    named = {name.strip() for name in weekdays.split(";")} if weekdays else set()
    return ";".join(day for day in WEEKDAYS if day in named) if named.issubset(WEEKDAYS) else None


def _wrong_with_booking(cells: tuple[str, ...]) -> Iterator[Complaint]:
    """Everything that is wrong with a bad booking."""
    kind, state, starts_on, ends_on, weekdays, _ = cells
    if kind not in KINDS:
        yield "kind", _not_one_of(KINDS, kind)
    if state not in STATES:
        yield "state", _not_one_of(STATES, state)
    days: list[date] = []
    if not starts_on:
        yield "starts_on", "it is empty; write the first day, such as 2025-12-31"
    for column, text in (("starts_on", starts_on), ("ends_on", ends_on)):
        try:
            days += [read_day(text)] if text else []
        except NotADay as wrong:
            yield column, str(wrong)
    if starts_on and len(days) == 2 and days[1] < days[0]:
        yield "ends_on", f"it ends on {ends_on}, before it starts on {starts_on}"
    if _in_order(weekdays) is None:
        yield "weekdays", f"{shown(weekdays)} is not understood; write {', '.join(WEEKDAYS)}, joined by ;"


# --- profiles -----------------------------------------------------------------------------------


def _read_profiles(table: CsvTable, longest: Longest) -> list[ProfileRow]:
    rows: list[ProfileRow] = []
    linked: dict[str, int] = {}  # the line of the profile that is not deleted, by child id
    supplied = frozenset[str]()
    for row in _Named(table):
        supplied = supplied or _supplied(table)
        profile_id, child_id, *cells, state = row.values
        a_state = PROFILE_STATES.get(state)
        if a_state is None:
            table.bad(row.line, "state", _not_one_of(PROFILE_STATES, state))
        deleted = a_state is ProfileState.DELETED
        details = _details(table, row.line, cells, longest, nameless=deleted)
        _check_length(table, row.line, "profile_id", profile_id, longest)
        _check_length(table, row.line, "child_id", child_id, longest)
        if child_id and a_state is not None and not deleted:
            first = linked.setdefault(child_id, row.line)
            if first != row.line:
                what = f"child {shown(child_id)} has a profile on line {first} already, and can have one only"
                table.bad(row.line, "child_id", what)
        rows.append(
            ProfileRow(child_id, Profile(profile_id, a_state or ProfileState.DELETED, details, supplied))
        )
    return rows


# --- cells --------------------------------------------------------------------------------------


class _Named:
    """The rows of a table whose key names each of them, and the line on which each key came first."""

    def __init__(self, table: CsvTable) -> None:
        self._table = table
        self.lines: dict[str, int] = {}

    def __iter__(self) -> Iterator[CsvRow]:
        place = self._table.columns.known.index(self._table.columns.key)
        for row in self._table:
            key = row.values[place]
            if not key:
                self._table.bad(
                    row.line, self._table.columns.key, "it is empty; every row needs an id of its own"
                )
            elif (first := self.lines.setdefault(key, row.line)) != row.line:
                self._table.bad(row.line, self._table.columns.key, f"{shown(key)} is on line {first} already")
            yield row


def _details(
    table: CsvTable, line: int, cells: Sequence[str], longest: Longest, nameless: bool = False
) -> Details:
    """The synced fields from their cells, in the order of SYNCED_FIELDS; `nameless` allows for no name."""
    if not any(NAMES(cells)) and not nameless:
        table.bad(line, "first_name", "first and last name are both empty; one of them is needed")
    values: list[Value] = []
    for field, cell in zip(SYNCED_FIELDS, cells, strict=True):
        if field.kind is FieldKind.TEXT:
            values.append(cell)
        elif field.kind is FieldKind.DAY:
            values.append(_day(table, line, field.column, cell))
        else:
            values.append(read_rooms(cell))
    if longest:
        for field, value in zip(SYNCED_FIELDS, values, strict=True):
            if isinstance(value, str):
                _check_length(table, line, field.column, value, longest)
            elif isinstance(value, frozenset):
                for name in sorted(value):
                    _check_length(table, line, field.column, name, longest)
    return Details._make((*values, ()))


def _supplied(table: CsvTable) -> frozenset[str]:
    """The synced fields of which the file has a column."""
    columns = table.supplied
    return frozenset(field.name for field in SYNCED_FIELDS if field.column in columns)


@lru_cache(maxsize=65_536)
def read_rooms(text: str) -> frozenset[str]:
    """The rooms that a cell names: a set, separated by ";", each trimmed."""
    return frozenset(name for part in text.split(";") if (name := part.strip()))


def _day(table: CsvTable, line: int, column: str, text: str) -> date | None:
    """The day in a cell that may be empty; None also for a bad one, which is reported."""
    try:
        return read_day(text) if text else None
    except NotADay as wrong:
        table.bad(line, column, str(wrong))
        return None


def _not_one_of(words: Iterable[str], text: str) -> str:
    """The complaint about a text that is not one of a few words, lower case exactly."""
    *most, last = words
    given = f"{shown(text)} is not known here" if text else "it is empty"
    return f"{given}; write {', '.join(most)} or {last}"


def _check_length(table: CsvTable, line: int, column: str, text: str, longest: Longest) -> None:
    """Report a text that is longer than its column's limit."""
    limit = longest.get(column)
    if limit is not None and len(text) > limit:
        table.bad(line, column, f"it has {len(text):,} characters; Parkway keeps at most {limit}")
