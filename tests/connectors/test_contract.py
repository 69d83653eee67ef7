"""Every connector keeps the contract of its port, and what only files can do wrong."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from parkway.connectors.csv_ends import CsvProfiles, CsvRoster
from parkway.connectors.csv_files import BOOKINGS, CHILDREN, PROFILES
from parkway.connectors.in_memory import Enrolment, MemoryProfiles, MemoryRoster
from parkway.connectors.ports import ProfileChange, ProfileWrites, RoomChange, ServiceQuery
from parkway.domain import Booking, Details, Profile, Refused, SourceSilent
from parkway.tenancy.people import OPERATOR
from tests.connectors.contract import (
    ARCHIVED,
    DELETED,
    LIVE,
    MANAIA,
    NOAH,
    TODAY,
    WINDOW,
    MarksContract,
    ProfilesContract,
    ProfilesEnd,
    RosterContract,
    RosterEnd,
    booking,
    new,
)

NOW = datetime(2026, 11, 24, tzinfo=UTC)


class MemoryRosterEnd(RosterEnd):
    def __init__(self) -> None:
        self.service_id = 7
        self.roster: MemoryRoster = MemoryRoster(7, 8)

    def put(
        self, child_id: str, details: Details, bookings: Sequence[Booking], archived_on: date | None = None
    ) -> None:
        self.roster.put(7, child_id, Enrolment(details, tuple(bookings), archived_on))

    def remove(self, child_id: str) -> None:
        self.roster.remove(7, child_id)


class TestMemoryRoster(RosterContract):
    @pytest.fixture
    def end(self) -> RosterEnd:
        return MemoryRosterEnd()

    def test_services_do_not_see_each_other(self) -> None:
        end = MemoryRosterEnd()
        end.put("c1", MANAIA, [])
        asks = [ServiceQuery(7, TODAY, WINDOW), ServiceQuery(8, TODAY, WINDOW)]

        assert [len(end.roster.read(asks)[key].children) for key in (7, 8)] == [1, 0]

    def test_a_silent_service_is_no_empty_one(self) -> None:
        """D8."""
        end = MemoryRosterEnd()
        end.roster.silent.add(7)

        assert end.version() is None
        with pytest.raises(SourceSilent):
            end.read()

    def test_a_renamed_room_is_renamed_for_everybody_in_it(self) -> None:
        end = MemoryRosterEnd()
        end.put("c1", MANAIA, [])
        (room,) = end.read().rooms
        end.roster.put_room(7, room.room_id, "Tui")

        assert end.children()["c1"].details.rooms == {"Tui"}
        assert [each.name for each in end.read().rooms] == ["Tui"]


class MemoryProfilesEnd(ProfilesEnd):
    def __init__(self) -> None:
        self.service_id = 7
        self.profiles: MemoryProfiles = MemoryProfiles(7, 8)
        self.profiles.set_paid_children(7, 10, OPERATOR, NOW)

    def put(self, profile: Profile) -> None:
        self.profiles.put(7, profile)

    def put_room(self, name: str) -> None:
        self.profiles.put_room(7, name)

    def managed(self) -> Mapping[str, str]:
        return self.profiles.managed(7)


class TestMemoryProfiles(ProfilesContract, MarksContract):
    @pytest.fixture
    def end(self) -> ProfilesEnd:
        return MemoryProfilesEnd()

    def test_an_order_that_cannot_be_carried_out_changes_nothing(self) -> None:
        end = MemoryProfilesEnd()
        end.put(Profile("P-1", LIVE, MANAIA))
        end.put(Profile("P-2", DELETED, Details()))
        before = end.read()
        for missing in ("P-2", "P-9"):
            with pytest.raises(Refused, match=f"no profile {missing}"):
                end.write(ProfileChange("P-1", archive=True), ProfileChange(missing, archive=False))

        assert end.read() == before

    def test_a_silent_service_neither_reads_nor_writes(self) -> None:
        """D8."""
        end = MemoryProfilesEnd()
        end.profiles.silent.add(7)

        assert end.version() is None
        with pytest.raises(SourceSilent):
            end.read()
        with pytest.raises(SourceSilent):
            end.write(creates=[new("c1", NOAH)])


def details_cells(details: Details) -> list[str]:
    born = details.date_of_birth
    return [*details[:3], born.isoformat() if born else "", details.gender, ";".join(details.rooms)]


def write_csv(file: Path, rows: Sequence[Sequence[str]]) -> None:
    with file.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows(rows)


class CsvRosterEnd(RosterEnd):
    def __init__(self, folder: Path) -> None:
        self.service_id = 7
        self._files = folder / "children.csv", folder / "bookings.csv"
        self._known: dict[str, tuple[Details, Sequence[Booking], date | None]] = {}
        self.roster: CsvRoster = CsvRoster(7, *map(str, self._files))
        self._save()

    def put(
        self, child_id: str, details: Details, bookings: Sequence[Booking], archived_on: date | None = None
    ) -> None:
        self._known[child_id] = (details, bookings, archived_on)
        self._save()

    def remove(self, child_id: str) -> None:
        del self._known[child_id]
        self._save()

    def _save(self) -> None:
        children, bookings = [CHILDREN.known], [BOOKINGS.known]
        for child_id, (details, booked, archived) in self._known.items():
            archived_on = archived.isoformat() if archived else ""
            children.append((child_id, *details_cells(details), archived_on, "", ""))
            for kind, state, first, last in booked:
                ends_on = last.isoformat() if last else ""
                bookings.append((child_id, kind, state, first.isoformat(), ends_on, "", ""))
        write_csv(self._files[0], children)
        write_csv(self._files[1], bookings)


class TestCsvRoster(RosterContract):
    @pytest.fixture
    def end(self, tmp_path: Path) -> RosterEnd:
        return CsvRosterEnd(tmp_path)

    def test_bad_lines_are_no_answer(self, tmp_path: Path) -> None:
        """D8."""
        end = CsvRosterEnd(tmp_path)
        end.put("c1", MANAIA, [booking(0)])
        with (tmp_path / "bookings.csv").open("a") as stream:
            stream.write("c1,permanent,confirmed,31/12/2025,,,\n")

        assert end.version() is None
        with pytest.raises(SourceSilent, match=r"bookings\.csv:3: starts_on: .* write it as 2025-12-31"):
            end.read()

    def test_it_answers_for_its_own_service_only(self, tmp_path: Path) -> None:
        with pytest.raises(SourceSilent):
            CsvRosterEnd(tmp_path).roster.read([ServiceQuery(8, TODAY, WINDOW)])


class CsvProfilesEnd(ProfilesEnd):
    pays_here = False

    def __init__(self, folder: Path) -> None:
        self.service_id = 7
        self.file = folder / "profiles.csv"
        self.profiles: CsvProfiles = CsvProfiles(7, str(self.file), paid_children=10)
        write_csv(self.file, [PROFILES.known])

    def put(self, profile: Profile) -> None:
        with self.file.open(newline="", encoding="utf-8") as stream:
            rows = [row for row in csv.reader(stream) if row[0] != profile.profile_id]
        details = Details() if profile.state is DELETED else profile.details
        cells = [profile.profile_id, "", *details_cells(details), profile.state]
        rows.append(cells + [""] * (len(rows[0]) - len(cells)))
        write_csv(self.file, rows)

    def put_room(self, name: str) -> None:
        self.write(rooms=[RoomChange("any", None, name)])


class TestCsvProfiles(ProfilesContract):
    @pytest.fixture
    def end(self, tmp_path: Path) -> ProfilesEnd:
        return CsvProfilesEnd(tmp_path)

    def test_writing_keeps_all_that_it_does_not_know(self, tmp_path: Path) -> None:
        end = CsvProfilesEnd(tmp_path)
        before = (
            "\ufeffstate,profile_id,notes,child_id,last_name,first_name\r\n"
            'live,P-1,"likes, a lot, of commas",c1, Ngata ,Mānaia\r\n'
            "deleted,P-8,,c2,,\r\n"
            "live,X,,,Singh,\r\n"
        )
        end.file.write_bytes(before.encode())
        end.write(ProfileChange("X", archive=True), creates=[new("c2", NOAH)])
        after = (
            "\ufeffstate,profile_id,notes,child_id,last_name,first_name,created_key\r\n"
            'live,P-1,"likes, a lot, of commas",c1, Ngata ,Mānaia,\r\n'
            "deleted,P-8,,c2,,,\r\n"
            "archived,X,,,Singh,,\r\n"
            "live,P-9,,c2,O'Brien,Noah,1.c2\r\n"
        )

        assert end.file.read_bytes().decode() == after

    def test_another_profile_made_for_a_child_takes_the_child_over(self, tmp_path: Path) -> None:
        end = CsvProfilesEnd(tmp_path)
        end.file.write_text("profile_id,child_id,first_name,last_name,state\nP-1,c1,Noah,,archived\n")

        assert end.write(creates=[new("c1", NOAH)]).profiles == {"c1": "P-2"}
        assert end.file.read_text().splitlines()[1:] == [
            "P-1,,Noah,,archived,",
            "P-2,c1,Noah,O'Brien,live,1.c1",
        ]
        assert end.states() == {"P-1": ARCHIVED, "P-2": LIVE}

    def test_what_cannot_be_carried_out_leaves_the_file_as_it_is(self, tmp_path: Path) -> None:
        end = CsvProfilesEnd(tmp_path)
        end.put(Profile("P-1", LIVE, MANAIA))
        before = end.file.read_bytes()
        odd_rooms = NOAH._replace(rooms=frozenset({"Kea;Ruru"}))
        for change, said in [
            (ProfileChange("P-9", archive=True), "no profile P-9"),
            (ProfileChange("P-1", details=NOAH._replace(gender="a\nb")), "control character"),
            (ProfileChange("P-1", details=odd_rooms), "“Kea;Ruru”"),
        ]:
            with pytest.raises(Refused, match=said):
                end.write(ProfileChange("P-1", archive=True), change)

        assert end.file.read_bytes() == before
        assert [file.name for file in tmp_path.iterdir()] == ["profiles.csv"]

    def test_a_folder_that_cannot_be_written_is_told(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(source: str, target: str) -> None:
            raise OSError(28, "No space left on device")

        end = CsvProfilesEnd(tmp_path)
        before = end.file.read_bytes()
        monkeypatch.setattr("os.replace", full)
        with pytest.raises(Refused, match="No space left"):
            end.write(creates=[new("c1", NOAH)])

        assert end.file.read_bytes() == before
        assert [file.name for file in tmp_path.iterdir()] == ["profiles.csv"]

    def test_an_order_of_nothing_writes_nothing(self, tmp_path: Path) -> None:
        end = CsvProfilesEnd(tmp_path)
        before = end.file.stat().st_mtime_ns
        end.profiles.write({7: ProfileWrites()}, {7: TODAY})

        assert end.file.stat().st_mtime_ns == before

    def test_a_file_that_is_gone_is_no_answer(self, tmp_path: Path) -> None:
        """D8."""
        end = CsvProfilesEnd(tmp_path)
        end.file.unlink()

        assert end.version() is None
        with pytest.raises(SourceSilent):
            end.read()
        with pytest.raises(SourceSilent):
            end.profiles.read([ServiceQuery(8, TODAY, WINDOW)])
