"""What every connector of a port does: one suite a port, inherited by the tests of each connector.

A connector's test class inherits RosterContract or ProfilesContract and gives a fixture `end`: a RosterEnd or
ProfilesEnd, which holds the connector and lets a test change what lies behind it, as people would.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

import pytest

from parkway.connectors.ports import (
    AccountAnswer,
    NewProfile,
    ProfileChange,
    Profiles,
    ProfilesAnswer,
    ProfileWrites,
    RoomChange,
    Roster,
    RosterAnswer,
    ServiceQuery,
    WriteResult,
)
from parkway.domain import (
    Booking,
    BookingKind,
    BookingState,
    Child,
    Details,
    Profile,
    ProfileState,
    Refused,
    Status,
    Window,
)
from parkway.tenancy.people import OPERATOR

TODAY = date(2026, 11, 24)
NOW = datetime(2026, 11, 24, tzinfo=UTC)
WINDOW = Window()
MANAIA = Details("Mānaia", "Ngata", "Nai", date(2021, 3, 4), "female", frozenset({"Tūī"}))
NOAH = Details("Noah", "O'Brien", "", None, "", frozenset())
IVY = Details("", "Ivy", "", date(2022, 2, 28), "", frozenset({"Kiwi", "Tūī"}))
LIVE, ARCHIVED, DELETED = ProfileState.LIVE, ProfileState.ARCHIVED, ProfileState.DELETED


def day(offset: int) -> date:
    """The day so many days after TODAY."""
    return TODAY + timedelta(days=offset)


def booking(first: int, last: int | None = None, state: BookingState = BookingState.CONFIRMED) -> Booking:
    """A permanent booking from a day to a day, as offsets from TODAY."""
    return Booking(BookingKind.PERMANENT, state, day(first), None if last is None else day(last))


class RosterEnd(ABC):
    """A roster and what lies behind it. `service_id` is the service that the tests fill, empty at first."""

    roster: Roster
    service_id: int

    @abstractmethod
    def put(
        self, child_id: str, details: Details, bookings: Sequence[Booking], archived_on: date | None = None
    ) -> None:
        """Enrol a child, or replace what is known of one, bookings included."""

    @abstractmethod
    def remove(self, child_id: str) -> None:
        """Take a child out of the answer."""

    def ask(self, today: date = TODAY) -> ServiceQuery:
        return ServiceQuery(self.service_id, today, WINDOW)

    def read(self, today: date = TODAY) -> RosterAnswer:
        return self.roster.read([self.ask(today)])[self.service_id]

    def children(self, today: date = TODAY) -> dict[str, Child]:
        return {child.child_id: child for child in self.read(today).children}

    def version(self, today: date = TODAY) -> int | None:
        return self.roster.versions([self.ask(today)])[self.service_id]


class RosterContract:
    """The contract of the roster port."""

    @pytest.fixture
    def end(self) -> RosterEnd:
        raise NotImplementedError("each connector's tests give their own end")

    def test_a_service_without_children_answers_with_none(self, end: RosterEnd) -> None:
        assert list(end.read().children) == []
        assert list(end.read().rooms) == []

    def test_reading_gives_the_children_with_their_details(self, end: RosterEnd) -> None:
        end.put("c2", NOAH, [])
        end.put("c1", MANAIA, [booking(-10)])

        assert {key: child.details for key, child in end.children().items()} == {"c1": MANAIA, "c2": NOAH}

    def test_reading_gives_each_child_once(self, end: RosterEnd) -> None:
        end.put("c1", MANAIA, [booking(-400, -300), booking(-10)])
        end.put("c1", MANAIA, [booking(-10)])

        assert [child.child_id for child in end.read().children] == ["c1"]

    def test_the_standing_follows_from_the_bookings_and_the_day(self, end: RosterEnd) -> None:
        end.put("c1", MANAIA, [booking(-100, -56)])
        standing = end.children()["c1"].standing

        assert (standing.status, standing.next_change) == (Status.ACTIVE, day(1))
        assert (standing.booked_from, standing.booked_until) == (day(-100), day(-56))
        assert standing.last_end == day(-56)

        later = end.children(day(1))["c1"].standing
        assert (later.status, later.next_change, later.booked_from) == (Status.INACTIVE, None, None)

    def test_offers_and_cancelled_bookings_do_not_count(self, end: RosterEnd) -> None:
        offers = [booking(0, None, BookingState.OFFERED), booking(0, None, BookingState.CANCELLED)]
        end.put("c1", MANAIA, offers)

        assert end.children()["c1"].standing.status is Status.INACTIVE

    def test_a_child_archived_in_manage_is_archived_whatever_is_booked(self, end: RosterEnd) -> None:
        end.put("c1", MANAIA, [booking(0)], archived_on=TODAY)
        standing = end.children()["c1"].standing

        assert (standing.status, standing.archived_on) == (Status.ARCHIVED, TODAY)

    def test_the_bookings_behind_the_standings_are_given(self, end: RosterEnd) -> None:
        bookings = [booking(5, 9), booking(20)]
        end.put("c1", MANAIA, bookings)
        end.put("c2", NOAH, [])
        found = end.roster.bookings(end.ask())

        assert sorted(found["c1"]) == sorted(bookings)
        assert list(found.get("c2", [])) == []

    def test_the_rooms_that_children_are_in_are_given(self, end: RosterEnd) -> None:
        end.put("c1", MANAIA, [])
        end.put("c2", IVY, [])
        rooms = end.read().rooms

        assert sorted(room.name for room in rooms) == ["Kiwi", "Tūī"]
        assert len({room.room_id for room in rooms}) == 2
        assert all(isinstance(room.room_id, str) for room in rooms)

    def test_a_child_who_is_gone_is_not_in_the_answer(self, end: RosterEnd) -> None:
        end.put("c1", MANAIA, [])
        end.put("c2", NOAH, [])
        end.remove("c1")

        assert set(end.children()) == {"c2"}

    def test_the_version_stays_while_nothing_changes(self, end: RosterEnd) -> None:
        end.put("c1", MANAIA, [booking(-10)])
        before = end.version()
        end.read()

        assert isinstance(before, int)
        assert end.version() == before

    def test_an_answer_since_a_version_has_the_children_who_changed(self, end: RosterEnd) -> None:
        end.put("c1", MANAIA, [booking(-10)])
        end.put("c2", NOAH, [booking(-10)])
        ask = end.ask()._replace(since=end.version())
        end.put("c1", MANAIA._replace(last_name="Walker"), [booking(-10)])
        answer = end.roster.read([ask])[end.service_id]
        told = {child.child_id: child for child in answer.children}

        assert told["c1"] == end.children()["c1"]
        assert ("c2" in told) == answer.complete

    def test_each_change_changes_the_version(self, end: RosterEnd) -> None:
        seen = [end.version()]
        end.put("c1", MANAIA, [booking(200)])
        seen.append(end.version())
        end.put("c1", MANAIA._replace(first_name="Manaia"), [booking(200)])
        seen.append(end.version())
        end.put("c1", MANAIA._replace(first_name="Manaia"), [booking(-10)])
        seen.append(end.version())
        end.put("c1", MANAIA._replace(first_name="Manaia", rooms=frozenset({"Kea"})), [booking(-10)])
        seen.append(end.version())
        end.put("c1", MANAIA._replace(first_name="Manaia"), [booking(-10)], archived_on=TODAY)
        seen.append(end.version())
        end.put("c2", NOAH, [])
        seen.append(end.version())
        end.remove("c1")
        seen.append(end.version())

        assert len(set(seen)) == len(seen)

    def test_a_day_on_which_a_status_changes_changes_the_version(self, end: RosterEnd) -> None:
        end.put("c1", MANAIA, [booking(-100, -56)])

        assert end.version(TODAY) != end.version(day(1))


class ProfilesEnd(ABC):
    """A profiles' end and what lies behind it. The service is empty at first and pays for 10 children."""

    profiles: Profiles
    service_id: int
    pays_here = True
    """Whether the number of paid children is changed at this end, and not elsewhere."""

    @abstractmethod
    def put(self, profile: Profile) -> None:
        """Add a profile as it is, or replace one; a deleted one is a tombstone."""

    @abstractmethod
    def put_room(self, name: str) -> None:
        """Add a room that nobody is in."""

    def managed(self) -> Mapping[str, str]:
        """The links of the profiles that are managed elsewhere, by id. For ends with such marks."""
        raise NotImplementedError

    def ask(self) -> ServiceQuery:
        return ServiceQuery(self.service_id, TODAY, WINDOW)

    def read(self) -> ProfilesAnswer:
        return self.profiles.read([self.ask()])[self.service_id]

    def details(self) -> dict[str, Details]:
        return {key: profile.details for key, profile in self.read().profiles.items()}

    def states(self) -> dict[str, ProfileState]:
        return {key: profile.state for key, profile in self.read().profiles.items()}

    def rooms(self) -> dict[str, str]:
        """Room ids by name."""
        return {room.name: room.room_id for room in self.read().rooms}

    def version(self) -> int | None:
        return self.profiles.versions([self.ask()])[self.service_id]

    def account(self) -> AccountAnswer:
        return self.profiles.accounts([self.service_id])[self.service_id]

    def pay_for(self, number: int) -> None:
        self.profiles.set_paid_children(self.service_id, number, OPERATOR, NOW)

    def write(
        self,
        *changes: ProfileChange,
        creates: Sequence[NewProfile] = (),
        rooms: Sequence[RoomChange] = (),
    ) -> WriteResult:
        orders = ProfileWrites(rooms=rooms, creates=creates, changes=changes)
        return self.profiles.write({self.service_id: orders}, {self.service_id: TODAY})[self.service_id]


def new(child_id: str, details: Details, run: int = 1) -> NewProfile:
    """A profile to create, asked for by a run."""
    return NewProfile(child_id, details, f"/manage/children/{child_id}", key=f"{run}.{child_id}")


class ProfilesContract:
    """The contract of the profiles port."""

    @pytest.fixture
    def end(self) -> ProfilesEnd:
        raise NotImplementedError("each connector's tests give their own end")

    def test_a_service_without_profiles_answers_with_none(self, end: ProfilesEnd) -> None:
        answer = end.read()

        assert (dict(answer.profiles), list(answer.rooms), answer.paid_children) == ({}, [], 10)

    def test_reading_gives_live_archived_and_deleted_profiles(self, end: ProfilesEnd) -> None:
        """D10."""
        there = [Profile("P-1", LIVE, MANAIA), Profile("P-2", ARCHIVED, IVY)]
        for profile in (*there, Profile("P-3", DELETED, Details())):
            end.put(profile)
        profiles = end.read().profiles

        assert {key: profile.profile_id for key, profile in profiles.items()} == {
            "P-1": "P-1",
            "P-2": "P-2",
            "P-3": "P-3",
        }
        assert [profiles["P-1"], profiles["P-2"]] == there
        assert profiles["P-3"].state is DELETED

    def test_an_answer_about_some_profiles_has_at_least_those(self, end: ProfilesEnd) -> None:
        for profile in (Profile("P-1", LIVE, MANAIA), Profile("P-2", ARCHIVED, IVY)):
            end.put(profile)
        answer = end.profiles.read([end.ask()._replace(only=["P-2", "P-9"])])[end.service_id]

        assert answer.profiles["P-2"] == Profile("P-2", ARCHIVED, IVY)
        assert "P-9" not in answer.profiles

    def test_reading_gives_rooms_also_empty_ones(self, end: ProfilesEnd) -> None:
        end.put_room("Kea")
        end.put(Profile("P-1", LIVE, IVY))

        assert set(end.rooms()) == {"Kea", "Kiwi", "Tūī"}
        assert len(set(end.rooms().values())) == 3

    def test_creating_makes_live_profiles_with_ids_of_their_own(self, end: ProfilesEnd) -> None:
        end.put(Profile("P-7", DELETED, Details()))
        outcome = end.write(creates=[new("c1", MANAIA._replace(rooms=frozenset())), new("c2", NOAH)])
        first, second = outcome.profiles["c1"], outcome.profiles["c2"]

        assert len({first, second, "P-7"}) == 3
        assert end.details()[first] == MANAIA._replace(rooms=frozenset())
        assert end.details()[second] == NOAH
        assert end.states() == {first: LIVE, second: LIVE, "P-7": DELETED}

    def test_creating_the_same_twice_makes_no_second(self, end: ProfilesEnd) -> None:
        once = end.write(creates=[new("c1", NOAH)])
        twice = end.write(creates=[new("c1", NOAH)])

        assert once == twice
        assert list(end.read().profiles) == [once.profiles["c1"]]

    def test_creating_again_with_others_makes_the_others(self, end: ProfilesEnd) -> None:
        once = end.write(creates=[new("c1", NOAH)])
        nora = NOAH._replace(first_name="Nora")
        both = end.write(creates=[new("c1", NOAH), new("c2", nora)])

        assert both.profiles["c1"] == once.profiles["c1"]
        assert end.details() == {both.profiles["c1"]: NOAH, both.profiles["c2"]: nora}

    def test_a_child_whose_link_moved_gets_another_profile_from_a_later_run(self, end: ProfilesEnd) -> None:
        """D8."""
        first = end.write(creates=[new("c1", NOAH)]).profiles["c1"]
        later = end.write(creates=[new("c1", NOAH, run=2)]).profiles["c1"]

        assert later != first
        assert end.states() == {first: LIVE, later: LIVE}
        assert end.write(creates=[new("c1", NOAH)]).profiles["c1"] == first

    def test_a_create_sent_again_does_not_undo_what_happened_since(self, end: ProfilesEnd) -> None:
        first = end.write(creates=[new("c1", NOAH)]).profiles["c1"]
        end.write(ProfileChange(first, archive=True))

        assert end.write(creates=[new("c1", NOAH)]).profiles["c1"] == first
        assert end.states() == {first: ARCHIVED}

    def test_archiving_and_restoring_keep_everything(self, end: ProfilesEnd) -> None:
        end.put(Profile("P-1", LIVE, MANAIA))
        end.write(ProfileChange("P-1", archive=True))
        assert (end.states(), end.details()) == ({"P-1": ARCHIVED}, {"P-1": MANAIA})

        end.write(ProfileChange("P-1", archive=False))
        assert (end.states(), end.details()) == ({"P-1": LIVE}, {"P-1": MANAIA})

    def test_updating_writes_every_field(self, end: ProfilesEnd) -> None:
        end.put(Profile("P-1", LIVE, NOAH))
        end.put(Profile("P-2", LIVE, IVY))
        end.write(ProfileChange("P-1", details=MANAIA))

        assert end.details() == {"P-1": MANAIA, "P-2": IVY}
        assert end.states() == {"P-1": LIVE, "P-2": LIVE}

    def test_a_cleared_field_is_cleared(self, end: ProfilesEnd) -> None:
        """D20."""
        end.put(Profile("P-1", LIVE, MANAIA))
        empty = Details(last_name="Ngata")
        end.write(ProfileChange("P-1", details=empty))

        assert end.details() == {"P-1": empty}

    def test_restoring_and_updating_at_once(self, end: ProfilesEnd) -> None:
        end.put(Profile("P-1", ARCHIVED, NOAH))
        end.write(ProfileChange("P-1", details=NOAH._replace(preferred_name="Nono"), archive=False))

        assert end.read().profiles["P-1"] == Profile("P-1", LIVE, NOAH._replace(preferred_name="Nono"))

    def test_profiles_that_orders_do_not_name_stay_as_they_are(self, end: ProfilesEnd) -> None:
        end.put(Profile("P-1", LIVE, MANAIA))
        end.put(Profile("P-2", ARCHIVED, IVY))
        end.put(Profile("P-3", DELETED, Details()))
        before = end.read().profiles
        end.write(ProfileChange("P-1", archive=True), creates=[new("c9", NOAH)])
        after = end.read().profiles

        assert [after[key] for key in ("P-2", "P-3")] == [before[key] for key in ("P-2", "P-3")]

    def test_a_room_is_created_and_given_to_profiles_at_once(self, end: ProfilesEnd) -> None:
        """D21."""
        end.put(Profile("P-1", LIVE, NOAH))
        kea = frozenset({"Kea"})
        outcome = end.write(
            ProfileChange("P-1", details=NOAH._replace(rooms=kea)),
            creates=[new("c2", MANAIA._replace(rooms=kea))],
            rooms=[RoomChange("m1", None, "Kea"), RoomChange("m2", None, "Ruru")],
        )

        assert end.rooms() == {"Kea": outcome.rooms["m1"], "Ruru": outcome.rooms["m2"]}
        assert end.details() == {
            "P-1": NOAH._replace(rooms=kea),
            outcome.profiles["c2"]: MANAIA._replace(rooms=kea),
        }

    def test_a_renamed_room_keeps_its_id_and_who_is_in_it(self, end: ProfilesEnd) -> None:
        """D21."""
        end.put(Profile("P-1", LIVE, IVY))
        end.put(Profile("P-2", ARCHIVED, MANAIA))
        before = end.rooms()
        end.write(rooms=[RoomChange("m1", before["Tūī"], "Tui")])

        assert end.rooms() == {"Kiwi": before["Kiwi"], "Tui": before["Tūī"]}
        assert end.details()["P-1"].rooms == {"Kiwi", "Tui"}
        assert end.details()["P-2"].rooms == {"Tui"}

    def test_two_rooms_swap_their_names(self, end: ProfilesEnd) -> None:
        """D21."""
        end.put(Profile("P-1", LIVE, MANAIA))
        end.put(Profile("P-2", LIVE, NOAH._replace(rooms=frozenset({"Kiwi"}))))
        before = end.rooms()
        end.write(rooms=[RoomChange("m1", before["Tūī"], "Kiwi"), RoomChange("m2", before["Kiwi"], "Tūī")])

        assert end.rooms() == {"Kiwi": before["Tūī"], "Tūī": before["Kiwi"]}
        assert end.details()["P-1"].rooms == {"Kiwi"}
        assert end.details()["P-2"].rooms == {"Tūī"}

    def test_a_room_that_is_there_is_not_made_twice(self, end: ProfilesEnd) -> None:
        """D21."""
        end.put_room("Kea")
        before = end.rooms()
        outcome = end.write(rooms=[RoomChange("m1", None, "Kea")])

        assert (outcome.rooms, end.rooms()) == ({"m1": before["Kea"]}, before)

    def test_three_rooms_pass_their_names_on(self, end: ProfilesEnd) -> None:
        """D21."""
        for name in ("Kea", "Kiwi", "Ruru"):
            end.put_room(name)
        before = end.rooms()
        names = {"Kea": "Kiwi", "Kiwi": "Ruru", "Ruru": "Tui"}
        end.write(rooms=[RoomChange(f"m{old}", before[old], name) for old, name in names.items()])

        assert end.rooms() == {name: before[old] for old, name in names.items()}

    def test_a_rename_onto_the_name_of_another_room_is_refused(self, end: ProfilesEnd) -> None:
        """D21."""
        end.put(Profile("P-1", LIVE, MANAIA))
        end.put_room("Kea")
        before = end.read()
        with pytest.raises(Refused, match="both be called “Kea”"):
            end.write(
                ProfileChange("P-1", archive=True),
                rooms=[RoomChange("m1", end.rooms()["Tūī"], "Kea")],
            )

        assert end.read() == before

    def test_the_version_stays_while_nothing_changes(self, end: ProfilesEnd) -> None:
        end.put(Profile("P-1", LIVE, IVY))
        before = end.version()
        end.read()

        assert isinstance(before, int)
        assert end.version() == before

    def test_each_change_changes_the_version(self, end: ProfilesEnd) -> None:
        seen = [end.version()]
        end.put(Profile("P-1", LIVE, MANAIA))
        seen.append(end.version())
        end.write(ProfileChange("P-1", archive=True))
        seen.append(end.version())
        end.write(ProfileChange("P-1", details=MANAIA._replace(gender="")))
        seen.append(end.version())
        end.write(rooms=[RoomChange("m1", None, "Kea")])
        seen.append(end.version())
        end.write(rooms=[RoomChange("m1", end.rooms()["Kea"], "Ruru")])
        seen.append(end.version())
        end.write(creates=[new("c1", NOAH)])
        seen.append(end.version())
        end.put(Profile("P-1", DELETED, Details()))
        seen.append(end.version())

        assert None not in seen
        assert len(set(seen)) == len(seen)

    def test_the_account_has_the_paid_children_and_the_live_profiles(self, end: ProfilesEnd) -> None:
        assert end.account() == AccountAnswer(10, 0)
        end.put(Profile("P-1", LIVE, MANAIA))
        end.put(Profile("P-2", LIVE, NOAH))
        end.put(Profile("P-3", ARCHIVED, IVY))
        end.put(Profile("P-4", DELETED, Details()))

        assert end.account() == AccountAnswer(10, 2)
        assert end.account().paid_children == end.read().paid_children

    def test_asking_for_the_account_changes_nothing(self, end: ProfilesEnd) -> None:
        end.put(Profile("P-1", LIVE, MANAIA))
        before = end.read(), end.version()
        end.account()

        assert (end.read(), end.version()) == before

    def test_paying_for_another_number_is_told_or_refused(self, end: ProfilesEnd) -> None:
        """R11."""
        end.put(Profile("P-1", LIVE, MANAIA))
        before = end.version()
        if not end.pays_here:
            with pytest.raises(Refused):
                end.pay_for(12)
            assert (end.account(), end.version()) == (AccountAnswer(10, 1), before)
            return
        end.pay_for(12)

        assert end.account() == AccountAnswer(12, 1)
        assert end.read().paid_children == 12
        assert end.version() != before

    def test_paying_for_fewer_than_are_live_is_refused(self, end: ProfilesEnd) -> None:
        """D6."""
        end.put(Profile("P-1", LIVE, MANAIA))
        end.put(Profile("P-2", LIVE, NOAH))
        with pytest.raises(Refused):
            end.pay_for(1)

        assert end.account() == AccountAnswer(10, 2)

    def test_marking_leaves_the_profiles_as_they_are(self, end: ProfilesEnd) -> None:
        """R14."""
        end.put(Profile("P-1", ARCHIVED, MANAIA))
        end.put(Profile("P-2", DELETED, Details()))
        before = end.read()
        end.profiles.mark(end.ask(), {"P-1": "/c1", "P-2": "/c2", "P-9": "/c9"})

        assert end.read() == before

    def test_releasing_leaves_the_profiles_as_they_are(self, end: ProfilesEnd) -> None:
        end.put(Profile("P-1", ARCHIVED, MANAIA))
        before = end.read()
        end.profiles.release(end.ask())

        assert end.read() == before


class MarksContract:
    """The rest of the contract of the profiles port, for an end that keeps the mark "managed elsewhere"."""

    def test_marks_are_set_and_released(self, end: ProfilesEnd) -> None:
        """R14, D15."""
        end.put(Profile("P-1", LIVE, MANAIA))
        outcome = end.write(
            ProfileChange("P-1", managed_link="/manage/children/c1"), creates=[new("c2", NOAH)]
        )
        links = {"P-1": "/manage/children/c1", outcome.profiles["c2"]: "/manage/children/c2"}
        assert end.managed() == links

        end.write(ProfileChange("P-1", archive=True))
        assert end.managed() == links

        end.profiles.release(end.ask())
        assert end.managed() == {}

    def test_profiles_are_marked_again_and_tombstones_and_others_are_not(self, end: ProfilesEnd) -> None:
        """R14, D15."""
        end.put(Profile("P-1", LIVE, MANAIA))
        end.put(Profile("P-2", ARCHIVED, NOAH))
        end.put(Profile("P-3", DELETED, Details()))
        end.put(Profile("P-4", LIVE, IVY))
        links = {"P-1": "/manage/children/c1", "P-2": "/manage/children/c2"}
        end.profiles.mark(end.ask(), {**links, "P-3": "/manage/children/c3", "P-9": "/manage/children/c9"})
        assert end.managed() == links

        end.profiles.mark(end.ask(), {"P-1": "/manage/children/c4"})
        assert end.managed() == {**links, "P-1": "/manage/children/c4"}
