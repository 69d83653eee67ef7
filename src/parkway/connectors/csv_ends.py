"""Both ports over CSV files of one service: children and bookings to read, profiles to read and write."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime
from itertools import chain, count
from typing import TYPE_CHECKING

from parkway.connectors.csv_files import PROFILES, Files, read_files, read_profiles
from parkway.connectors.csv_reading import BYTE_ORDER_MARK, BadFiles, CsvColumns, CsvReport, CsvTable, shown
from parkway.connectors.end_settings import Setting, SettingKind
from parkway.connectors.file_writing import put_file
from parkway.connectors.ports import (
    AccountAnswer,
    NewProfile,
    ProfileChange,
    ProfilesAnswer,
    ProfileWrites,
    RosterAnswer,
    ServiceQuery,
    WriteResult,
    refuse_taken,
)
from parkway.connectors.registry import End
from parkway.domain import (
    SYNCED_FIELDS,
    Booking,
    Conflict,
    Details,
    Invalid,
    ProfileState,
    Room,
    SourceSilent,
)
from parkway.engine.folding import UNSEEN

if TYPE_CHECKING:  # tenancy's models need a database, and a port none
    from parkway.tenancy.people import Actor

ROOMS = CsvColumns(key="room_id", required=("room_id", "name"), known=("room_id", "name"))
KEY = "created_key"
WITH_KEY = PROFILES._replace(known=(*PROFILES.known, KEY))
OWN_ID = re.compile(r"P-([0-9]{1,18})")


class CsvRoster:
    """The roster of one service in a file of children and a file of bookings, read anew for each question.

    A room's id is its name, for the files know no other. Without a service of its own it answers for each one
    whose settings name these files.
    """

    def __init__(self, service_id: int | None, children: str, bookings: str) -> None:
        self._service_id = service_id
        self._children = children
        self._bookings = bookings

    def versions(self, queries: Sequence[ServiceQuery]) -> Mapping[int, int | None]:
        """A number made from the whole answer; None while the files cannot be read."""
        found: dict[int, int | None] = {}
        for query in queries:
            found[query.service_id] = None
            with suppress(SourceSilent):
                children = self._read(query).children
                found[query.service_id] = _number(
                    repr((child.child_id, child.standing, *_flat(child.details, child.supplied)))
                    for child in children
                )
        return found

    def read(self, queries: Sequence[ServiceQuery]) -> Mapping[int, RosterAnswer]:
        """The children with the standing of the day. Raises SourceSilent when the files cannot be read."""
        answers = {}
        for query in queries:
            children = self._read(query).children
            names = sorted(frozenset[str]().union(*(child.details.rooms for child in children)))
            answers[query.service_id] = RosterAnswer(children, [Room(name, name) for name in names])
        return answers

    def bookings(self, query: ServiceQuery) -> Mapping[str, Sequence[Booking]]:
        """The bookings by child id. Raises SourceSilent when the files cannot be read."""
        files = self._read(query)
        ids = [child.child_id for child in files.children]
        return {child_id: [row.booking for row in files.bookings.get(child_id, ())] for child_id in ids}

    def _read(self, query: ServiceQuery) -> Files:
        _must_be(self._service_id, query.service_id, self._children)
        try:
            return read_files(self._children, self._bookings, None, query.today, query.window)
        except BadFiles as bad:
            raise SourceSilent(f"The roster cannot be read: {bad}") from bad


class CsvProfiles:
    """The profiles of one service in a file, with a fixed number of paid children.

    A row's `child_id` is the child whom the profile was made for; another profile made for the child takes it
    over. What an order writes goes into the columns that the file has, and the key of a create into a column
    `created_key`, which is added when the file lacks it; everything else stays. Rooms that are renamed, or in
    which nobody is, are kept in a second file beside it. A file has no read-only fields, so the mark "managed
    elsewhere" has no effect.
    """

    def __init__(self, service_id: int, profiles: str, paid_children: int) -> None:
        self._service_id = service_id
        self._file = profiles
        self._paid_children = paid_children
        self._rooms_file = f"{os.path.splitext(profiles)[0]}.rooms.csv"

    def versions(self, queries: Sequence[ServiceQuery]) -> Mapping[int, int | None]:
        """A number made from the whole answer; None while the file cannot be read."""
        found: dict[int, int | None] = {}
        for query in queries:
            found[query.service_id] = None
            with suppress(SourceSilent):
                answer = self._answer(query.service_id)
                lines = (
                    repr((profile.profile_id, profile.state, *_flat(profile.details, profile.supplied)))
                    for profile in answer.profiles.values()
                )
                found[query.service_id] = _number(chain(lines, map(repr, answer.rooms), [repr(answer[2])]))
        return found

    def read(self, queries: Sequence[ServiceQuery]) -> Mapping[int, ProfilesAnswer]:
        """The profiles, rooms and paid children. Raises SourceSilent when the file cannot be read."""
        return {query.service_id: self._answer(query.service_id) for query in queries}

    def write(
        self, writes: Mapping[int, ProfileWrites], today: Mapping[int, date]
    ) -> Mapping[int, WriteResult]:
        """Carry out the orders and put the new file in the old one's place, whole or not at all.

        Raises Invalid when it cannot hold a value, Conflict when it cannot be written; the file then stays.
        """
        outcomes = {}
        for service_id, theirs in writes.items():
            sheet = self._sheet(service_id)
            rooms = sheet.rooms(self._read_rooms())
            made_rooms = _write_rooms(sheet, rooms, theirs)
            for change in theirs.changes:
                sheet.change(change)
            made = {new.child_id: sheet.create(new) for new in theirs.creates}
            if theirs.rooms:
                put_file(self._rooms_file, _as_csv([ROOMS.known, *sorted(rooms.items())], "\n"))
            if theirs.rooms or theirs.changes or theirs.creates:
                put_file(self._file, sheet.as_bytes())
            outcomes[service_id] = WriteResult(made, made_rooms)
        return outcomes

    def accounts(self, service_ids: Sequence[int]) -> Mapping[int, AccountAnswer]:
        """The fixed number of paid children, and the live profiles of the file."""
        found = {}
        for service_id in service_ids:
            answer = self._answer(service_id)
            states = [profile.state for profile in answer.profiles.values()]
            found[service_id] = AccountAnswer(answer.paid_children, states.count(ProfileState.LIVE))
        return found

    def set_paid_children(self, service_id: int, number: int, by: Actor, now: datetime) -> None:
        """Raise Conflict: a file keeps no plan."""
        raise Conflict(
            f"{self._file} is paid for elsewhere, so the number of paid children cannot be changed here. "
            "Change it in the settings of this end."
        )

    def mark(self, query: ServiceQuery, managed_links: Mapping[str, str]) -> None:
        """Nothing to put on: a file marks no profile as managed elsewhere."""

    def release(self, query: ServiceQuery) -> None:
        """Nothing to take off: a file marks no profile as managed elsewhere."""

    def _answer(self, service_id: int) -> ProfilesAnswer:
        sheet = self._sheet(service_id)
        profiles = {row.profile.profile_id: row.profile for row in sheet.rows}
        rooms = [Room(*room) for room in sorted(sheet.rooms(self._read_rooms()).items())]
        return ProfilesAnswer(profiles, rooms, self._paid_children)

    def _sheet(self, service_id: int) -> _Sheet:
        _must_be(self._service_id, service_id, self._file)
        try:
            return _Sheet(self._file)
        except BadFiles as bad:
            raise SourceSilent(f"The profiles cannot be read: {bad}") from bad

    def _read_rooms(self) -> dict[str, str]:
        """The rooms kept beside the profiles, name by id."""
        if not os.path.exists(self._rooms_file):
            return {}
        report = CsvReport()
        rooms = {row.values[0]: row.values[1] for row in CsvTable(self._rooms_file, ROOMS, report)}
        try:
            report.raise_if_bad()
        except BadFiles as bad:
            raise SourceSilent(f"The rooms cannot be read: {bad}") from bad
        return rooms


class _Sheet:
    """A file of profiles to change in place: its columns and values as they stand there.

    Raises BadFiles when a line is bad.
    """

    def __init__(self, file: str) -> None:
        self.rows = read_profiles(file)
        table = CsvTable(file, WITH_KEY, CsvReport())
        self._records = [row.record for row in table]
        self._header = table.header or []
        self._places = {name: self._header.index(name) for name in table.supplied}
        ids = [row.profile.profile_id for row in self.rows]
        self._by_id = dict(zip(ids, self._records, strict=True))
        self._made_for = {
            row.child_id: record
            for row, record in zip(self.rows, self._records, strict=True)
            if row.child_id and row.profile.state is not ProfileState.DELETED
        }
        place = self._places.get(KEY)
        keyed = [] if place is None else [(record[place].strip(), record) for record in self._records]
        self._created = {key: record[self._places["profile_id"]].strip() for key, record in keyed if key}
        own = (OWN_ID.fullmatch(profile_id) for profile_id in ids)
        self._highest = max((int(match[1]) for match in own if match), default=0)
        with open(file, "rb") as stream:
            start = stream.readline()
        self._mark = BYTE_ORDER_MARK if start.startswith(BYTE_ORDER_MARK) else b""
        self._line_end = "\r\n" if start.endswith(b"\r\n") else "\n"

    def rooms(self, known: Mapping[str, str]) -> dict[str, str]:
        """The rooms by id: the known ones, and those that a profile is in, with their names as ids."""
        rooms = dict(known)
        named = frozenset[str]().union(*(row.profile.details.rooms for row in self.rows))
        for name in sorted(named.difference(rooms.values())):
            rooms[_free(name, rooms)] = name
        return rooms

    def rename_rooms(self, renames: Mapping[str, str]) -> None:
        """Give rooms new names wherever they stand, all at once so that two may swap."""
        for row, record in zip(self.rows, self._records, strict=True):
            names = row.profile.details.rooms
            if not names.isdisjoint(renames):
                self._set_rooms(record, {renames.get(name, name) for name in names})

    def change(self, change: ProfileChange) -> None:
        """Write one change. Raises Conflict when there is no such profile, or a tombstone only."""
        record = self._by_id.get(change.profile_id)
        if record is None or record[self._places["state"]].strip() == ProfileState.DELETED:
            raise Conflict(
                f"There is no profile {change.profile_id} to write to, so nothing was changed. Sync again."
            )
        if change.archive is not None:
            state = ProfileState.ARCHIVED if change.archive else ProfileState.LIVE
            self._set(record, "state", state.value)
        if change.details is not None:
            self._set_details(record, change.details)

    def create(self, new: NewProfile) -> str:
        """The id of the profile made under the create's key, now or before."""
        if new.key in self._created:
            return self._created[new.key]
        self._add_key_column()
        if before := self._made_for.get(new.child_id):
            self._set(before, "child_id", "")
        self._highest += 1
        profile_id = self._created[new.key] = f"P-{self._highest}"
        record = self._made_for[new.child_id] = [""] * len(self._header)
        self._set(record, KEY, new.key)
        self._set(record, "profile_id", profile_id)
        self._set(record, "child_id", new.child_id)
        self._set(record, "state", ProfileState.LIVE.value)
        self._set_details(record, new.details)
        self._records.append(record)
        return profile_id

    def as_bytes(self) -> bytes:
        """The file to write, with the byte order mark and the line ends that it had."""
        return self._mark + _as_csv([self._header, *self._records], self._line_end)

    def _add_key_column(self) -> None:
        """Have a place for the keys of creates."""
        if KEY not in self._places:
            self._places[KEY] = len(self._header)
            self._header.append(KEY)
            for record in self._records:
                record.append("")

    def _set_details(self, record: list[str], details: Details) -> None:
        """Write the synced fields; a further field has no column here."""
        for field in SYNCED_FIELDS:
            value = details.value(field.name)
            if isinstance(value, frozenset):
                self._set_rooms(record, value)
            else:
                self._set(record, field.column, value.isoformat() if isinstance(value, date) else value or "")

    def _set_rooms(self, record: list[str], rooms: Collection[str]) -> None:
        if odd := next((name for name in rooms if ";" in name), None):
            raise Invalid(
                f"A file cannot hold the room {shown(odd)}, because ; stands between rooms. Rename it.",
                fields=("rooms",),
            )
        self._set(record, "rooms", ";".join(sorted(rooms)))

    def _set(self, record: list[str], column: str, text: str) -> None:
        if UNSEEN.search(text):
            raise Invalid(
                f"A file cannot hold {shown(text)}: it has a control character. Take that out.",
                fields=(column,),
            )
        if column in self._places:
            record[self._places[column]] = text


def _write_rooms(sheet: _Sheet, rooms: dict[str, str], theirs: ProfileWrites) -> dict[str, str]:
    """Carry out an order's rooms on the sheet and on `rooms`; the ids of those created, by the roster's."""
    renamed = {room.target_id: room.name for room in theirs.rooms if room.target_id is not None}
    refuse_taken(rooms, renamed)
    sheet.rename_rooms({rooms[room_id]: name for room_id, name in renamed.items()})
    rooms.update(renamed)
    made = {}
    for room in theirs.rooms:
        if room.target_id is None:
            same = (room_id for room_id, name in rooms.items() if name == room.name)
            made[room.room_id] = room_id = next(same, None) or _free(room.name, rooms)
            rooms[room_id] = room.name
    return made


def _free(name: str, taken: Container[str]) -> str:
    """An id that is not taken: the name itself, or the name with a number."""
    return next(
        room_id for room_id in chain([name], (f"{name}-{n}" for n in count(2))) if room_id not in taken
    )


def _must_be(own: int | None, asked: int, file: str) -> None:
    if own is not None and asked != own:
        raise SourceSilent(f"{file} is of service {own} and says nothing of service {asked}.")


def _flat(details: Details, supplied: frozenset[str]) -> tuple[object, ...]:
    """Details and what is supplied in a form in which equal ones look equal."""
    values = details.by_name().items()
    told = [(name, sorted(value) if isinstance(value, frozenset) else value) for name, value in values]
    return (*told, sorted(supplied))


def _number(lines: Iterable[str]) -> int:
    """A number made from lines in any order, of 63 bits, so that every database can hold it."""
    digest = hashlib.blake2b("\n".join(sorted(lines)).encode("utf-8"), digest_size=8)
    return int.from_bytes(digest.digest()) >> 1


def _as_csv(rows: Iterable[Sequence[str]], line_end: str) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=line_end).writerows(rows)
    return text.getvalue().encode("utf-8")


ROSTER = End(
    "CSV files",
    lambda settings: CsvRoster(None, settings["children"], settings["bookings"]),
    about="Children and bookings in two CSV files, which another system writes anew from time to time.",
    settings=(
        Setting("children", "File of the children", SettingKind.FILE),
        Setting("bookings", "File of their bookings", SettingKind.FILE),
    ),
)
