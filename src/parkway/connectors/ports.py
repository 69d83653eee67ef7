"""What a sync asks of its two ends, in bulk: a run makes a handful of calls, not one a child.

An end is somebody's system behind a connector. Each connector of a port passes the same contract tests.

An end may know further fields of a child or profile than all do (`Details.more`). It names them among the
fields that it supplies, and passes over those that it does not know.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

from parkway.domain import Booking, Child, Conflict, Details, Profile, Room, Window

if TYPE_CHECKING:  # tenancy's models need a database, and a port none
    from parkway.tenancy.people import Actor


class ServiceQuery(NamedTuple):
    """One service a question is about: its id, today in its own time zone, its active window.

    An end may answer with less where that is enough: a roster with the children who changed after the version
    `since`, the profiles' end with the profiles named in `only`. None asks for all.
    """

    service_id: int
    today: date
    window: Window
    since: int | None = None
    only: Collection[str] | None = None


class RosterAnswer(NamedTuple):
    """The children of one service with their standing, and its rooms.

    All children, unless it is not `complete`: then the others, and the rooms, are as they were at the version
    that was asked about.
    """

    children: Sequence[Child]
    rooms: Sequence[Room]
    complete: bool = True


class Roster(Protocol):
    """The source of truth: a childcare management system."""

    def versions(self, queries: Sequence[ServiceQuery]) -> Mapping[int, int | None]:
        """A number by service id that differs whenever the answer of `read` does; None when not known."""
        ...

    def read(self, queries: Sequence[ServiceQuery]) -> Mapping[int, RosterAnswer]:
        """The children and rooms of each service, by service id.

        Raises SourceSilent when the end cannot answer; an empty answer is an answer.
        """
        ...

    def bookings(self, query: ServiceQuery) -> Mapping[str, Sequence[Booking]]:
        """The bookings behind the standings of one service, by child id, for the forecast (B3).

        Children of whom the end knows only a bare status are not in it.
        """
        ...


class TakenBooking(NamedTuple):
    """A booking to take over, with what a roster keeps beside the period: weekdays joined by ";", and the
    room's name.
    """

    period: Booking
    weekdays: str = ""
    room: str = ""


class RosterTaken(NamedTuple):
    """How many children were new and how many were known before, and how many bookings were taken over."""

    new: int
    known: int
    bookings: int


@runtime_checkable
class TakesRoster(Protocol):
    """What a roster can do besides whose children may be taken over from files; not every one can."""

    def take_roster(
        self,
        service_id: int,
        children: Sequence[Child],
        bookings: Mapping[str, Sequence[TakenBooking]],
        untold: Collection[str],
        by: Actor,
        now: datetime,
    ) -> RosterTaken:
        """Take over children by their ids, and the bookings of every child named in `bookings`.

        A child who is known is amended in the fields that are supplied. `untold` are the columns of children
        and bookings that the source does not supply: they stay as they were (D20). Nobody is removed.
        """
        ...


class ProfilesAnswer(NamedTuple):
    """All profiles of one service by id with tombstones (D10), or at least those asked about; its rooms, and
    the paid children.
    """

    profiles: Mapping[str, Profile]
    rooms: Sequence[Room]
    paid_children: int


class AccountAnswer(NamedTuple):
    """How many live profiles a service pays for, and how many there are."""

    paid_children: int
    live: int


class NewProfile(NamedTuple):
    """A live profile to create. `key` names the intent, one for a run and a child: a child who needs another
    profile later asks under another key. `managed_link` leads to the child.
    """

    child_id: str
    details: Details
    managed_link: str
    key: str


class ProfileChange(NamedTuple):
    """What to write to a profile: the details as they shall be (None: unchanged), and the state.

    `archive` True archives, False restores, None leaves the state. A `managed_link` marks the synced fields
    as managed elsewhere (R14); None leaves the mark as it is.
    """

    profile_id: str
    details: Details | None = None
    archive: bool | None = None
    managed_link: str | None = None


class RoomChange(NamedTuple):
    """A room to create (`target_id` None) or to rename, for a room of the roster (D21).

    Creating one whose name is there already gives that one.
    """

    room_id: str
    target_id: str | None
    name: str


class ProfileWrites(NamedTuple):
    """Everything a run writes to the profiles of one service. Rooms come first, archives before the rest.

    `set_up` says that the run is the one that ends set-up: an end that keeps where an archive came from (B8)
    keeps that.
    """

    rooms: Sequence[RoomChange] = ()
    creates: Sequence[NewProfile] = ()
    changes: Sequence[ProfileChange] = ()
    set_up: bool = False


class WriteResult(NamedTuple):
    """The ids of what was created: profiles by child id, rooms by the roster's room id."""

    profiles: Mapping[str, str]
    rooms: Mapping[str, str]


class Profiles(Protocol):
    """Where the profiles are: a learning-documentation platform."""

    def versions(self, queries: Sequence[ServiceQuery]) -> Mapping[int, int | None]:
        """A number by service id that differs whenever the answer of `read` does; None when not known."""
        ...

    def read(self, queries: Sequence[ServiceQuery]) -> Mapping[int, ProfilesAnswer]:
        """The profiles, rooms and paid children of each service, by service id.

        Raises SourceSilent when the end cannot answer.
        """
        ...

    def write(
        self, writes: Mapping[int, ProfileWrites], today: Mapping[int, date]
    ) -> Mapping[int, WriteResult]:
        """Carry out orders by service id, on the given day. Profiles that the orders do not name stay as
        they are. A create whose key was carried out before makes no second profile: the outcome names the
        one that was made then, whatever became of it.

        Raises Conflict, with nothing changed, when a room shall have the name that another one keeps.
        """
        ...

    def accounts(self, service_ids: Sequence[int]) -> Mapping[int, AccountAnswer]:
        """How many live profiles each service pays for, and how many there are; changes nothing."""
        ...

    def set_paid_children(self, service_id: int, number: int, by: Actor, now: datetime) -> None:
        """Pay for another number of live profiles (R11).

        Raises Invalid below the live profiles (D6), Conflict where the plan of this end is changed elsewhere.
        """
        ...

    def mark(self, query: ServiceQuery, managed_links: Mapping[str, str]) -> None:
        """Mark profiles, by id, as managed elsewhere, with the link that leads to the child (R14).

        Tombstones and profiles that the end does not know are passed over; no other profile is touched.
        """
        ...

    def release(self, query: ServiceQuery) -> None:
        """Take the "managed elsewhere" mark off every profile of a service (D15)."""
        ...


@runtime_checkable
class TakesProfiles(Protocol):
    """What a profiles' end can do besides whose profiles may be taken over from files; not every one can."""

    def take_profiles(self, service_id: int, profiles: Sequence[Profile], by: Actor, now: datetime) -> None:
        """Take over profiles by their ids, with their states; spaces are not asked for.

        A profile that is known is brought up to date in the fields that are supplied.
        """
        ...


def refuse_taken(rooms: Mapping[str, str], renamed: Mapping[str, str]) -> None:
    """Raise Conflict when a room would be renamed to what another one keeps or gets; both are names by id."""
    after = Counter((dict(rooms) | dict(renamed)).values())
    taken = sorted({name for name in renamed.values() if after[name] > 1})
    if taken:
        raise Conflict(
            f"Two rooms cannot both be called “{taken[0]}”, so nothing was changed. Rename one of them."
        )
