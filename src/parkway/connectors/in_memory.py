"""Both ports over plain values in memory: the model that the other connectors are measured against.

Besides the port, each end has the few verbs with which people change it.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import count
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from parkway.connectors.ports import (
    AccountAnswer,
    NewProfile,
    ProfileChange,
    ProfilesAnswer,
    ProfileWrites,
    RoomChange,
    RosterAnswer,
    ServiceQuery,
    WriteResult,
    refuse_taken,
)
from parkway.domain import (
    ALL_FIELDS,
    Booking,
    Child,
    Conflict,
    Details,
    Invalid,
    Profile,
    ProfileState,
    Room,
    SourceSilent,
)
from parkway.engine import status

if TYPE_CHECKING:  # tenancy's models need a database, and a port none
    from parkway.tenancy.people import Actor

Answer = TypeVar("Answer")


class _Versions(Generic[Answer]):
    """A number for each service that grows when the answer is not the one last asked about."""

    def __init__(self) -> None:
        self._last: dict[int, tuple[int, Answer]] = {}

    def of(self, service_id: int, answer: Answer) -> int:
        """The version of an answer."""
        number, last = self._last.get(service_id, (0, None))
        if answer != last:
            number += 1
            self._last[service_id] = (number, answer)
        return number


class Enrolment(NamedTuple):
    """What is known of a child: the bookings come instead of a standing, which follows from them."""

    details: Details
    bookings: Sequence[Booking] = ()
    archived_on: date | None = None
    supplied: frozenset[str] = ALL_FIELDS


class MemoryRoster:
    """The roster of several services. A service id in `silent` gets no answer, as when an end is down."""

    def __init__(self, *service_ids: int) -> None:
        self._enrolled: dict[int, dict[str, Enrolment]] = {key: {} for key in service_ids}
        self._rooms: dict[int, dict[str, str]] = {key: {} for key in service_ids}  # name by id
        self._versions: _Versions[RosterAnswer] = _Versions()
        self.silent: set[int] = set()

    def put(self, service_id: int, child_id: str, enrolment: Enrolment) -> None:
        """Enrol a child, or replace what is known of one. Rooms that are new are added."""
        rooms = self._rooms[service_id]
        for name in sorted(enrolment.details.rooms):
            _add_room(rooms, name)
        self._enrolled[service_id][child_id] = enrolment

    def remove(self, service_id: int, child_id: str) -> None:
        """Take a child out of the answer, as a source does that has lost one (D8)."""
        del self._enrolled[service_id][child_id]

    def put_room(self, service_id: int, room_id: str, name: str) -> None:
        """Add a room, or rename one for everybody in it."""
        old = self._rooms[service_id].get(room_id)
        self._rooms[service_id][room_id] = name
        if old is not None:
            for child_id, known in self._enrolled[service_id].items():
                details = _in_renamed(known.details, {old: name})
                self._enrolled[service_id][child_id] = known._replace(details=details)

    def versions(self, queries: Sequence[ServiceQuery]) -> Mapping[int, int | None]:
        """A number that differs whenever the answer does; None for a silent service."""
        return {
            query.service_id: None
            if self._is_silent(query.service_id)
            else self._versions.of(query.service_id, self._answer(query))
            for query in queries
        }

    def read(self, queries: Sequence[ServiceQuery]) -> Mapping[int, RosterAnswer]:
        """The children with the standing of the day, and the rooms. Raises SourceSilent."""
        for query in queries:
            if self._is_silent(query.service_id):
                raise SourceSilent(
                    f"The roster does not answer for service {query.service_id}; try again later."
                )
        return {query.service_id: self._answer(query) for query in queries}

    def bookings(self, query: ServiceQuery) -> Mapping[str, Sequence[Booking]]:
        """The bookings by child id."""
        return {key: tuple(known.bookings) for key, known in self._enrolled[query.service_id].items()}

    def _is_silent(self, service_id: int) -> bool:
        return service_id in self.silent or service_id not in self._enrolled

    def _answer(self, query: ServiceQuery) -> RosterAnswer:
        children = [
            Child(
                child_id,
                known.details,
                status.standing(known.bookings, query.today, query.window, known.archived_on),
                known.supplied,
            )
            for child_id, known in sorted(self._enrolled[query.service_id].items())
        ]
        return RosterAnswer(children, _end_rooms(self._rooms[query.service_id]))


@dataclass
class _Book:
    """The profiles of one service."""

    paid_children: int = 0
    profiles: dict[str, Profile] = field(default_factory=dict)
    rooms: dict[str, str] = field(default_factory=dict)  # name by id
    created: dict[str, str] = field(default_factory=dict)  # profile id by the create's key
    managed: dict[str, str] = field(default_factory=dict)  # link by profile id

    def copy(self) -> _Book:
        """Another book with the same in it."""
        return replace(
            self,
            profiles=dict(self.profiles),
            rooms=dict(self.rooms),
            created=dict(self.created),
            managed=dict(self.managed),
        )


class MemoryProfiles:
    """The profiles of several services. A service id in `silent` gets no answer, as when an end is down."""

    def __init__(self, *service_ids: int) -> None:
        self._books = {service_id: _Book() for service_id in service_ids}
        self._versions: _Versions[ProfilesAnswer] = _Versions()
        self.silent: set[int] = set()

    def put(self, service_id: int, profile: Profile) -> None:
        """Add a profile, or replace one; a deleted one is a tombstone. Rooms that are new are added."""
        book = self._books[service_id]
        for name in sorted(profile.details.rooms):
            _add_room(book.rooms, name)
        book.profiles[profile.profile_id] = profile

    def put_room(self, service_id: int, name: str) -> str:
        """Add a room; its id."""
        return _add_room(self._books[service_id].rooms, name)

    def accounts(self, service_ids: Sequence[int]) -> Mapping[int, AccountAnswer]:
        """The paid children, and the live profiles."""
        found = {}
        for service_id in service_ids:
            book = self._books[service_id]
            states = [profile.state for profile in book.profiles.values()]
            found[service_id] = AccountAnswer(book.paid_children, states.count(ProfileState.LIVE))
        return found

    def set_paid_children(self, service_id: int, number: int, by: Actor, now: datetime) -> None:
        """Change the plan. Raises Invalid below the live profiles."""
        live = self.accounts([service_id])[service_id].live
        if number < live:
            raise Invalid(
                f"{live} profiles are live, so the plan cannot pay for only {number}.", fields=("number",)
            )
        self._books[service_id].paid_children = number

    def managed(self, service_id: int) -> Mapping[str, str]:
        """The links of the profiles that are managed elsewhere, by profile id (R14)."""
        return dict(self._books[service_id].managed)

    def versions(self, queries: Sequence[ServiceQuery]) -> Mapping[int, int | None]:
        """A number that differs whenever the answer does; None for a silent service."""
        return {
            query.service_id: None
            if self._is_silent(query.service_id)
            else self._versions.of(query.service_id, self._answer(query.service_id))
            for query in queries
        }

    def read(self, queries: Sequence[ServiceQuery]) -> Mapping[int, ProfilesAnswer]:
        """The profiles, rooms and paid children. Raises SourceSilent."""
        for query in queries:
            self._must_answer(query.service_id)
        return {query.service_id: self._answer(query.service_id) for query in queries}

    def write(
        self, writes: Mapping[int, ProfileWrites], today: Mapping[int, date]
    ) -> Mapping[int, WriteResult]:
        """Carry out the orders of all services, or of none. Raises Conflict and SourceSilent."""
        for service_id in writes:
            self._must_answer(service_id)
        written = {service_id: self._books[service_id].copy() for service_id in writes}
        outcomes = {
            service_id: _carry_out(written[service_id], theirs) for service_id, theirs in writes.items()
        }
        self._books.update(written)
        return outcomes

    def mark(self, query: ServiceQuery, managed_links: Mapping[str, str]) -> None:
        """Mark profiles as managed elsewhere, but for tombstones (R14)."""
        book = self._books[query.service_id]
        for profile_id, link in managed_links.items():
            profile = book.profiles.get(profile_id)
            if profile is not None and profile.state is not ProfileState.DELETED:
                book.managed[profile_id] = link

    def release(self, query: ServiceQuery) -> None:
        """Take every "managed elsewhere" mark off (D15)."""
        self._books[query.service_id].managed.clear()

    def _is_silent(self, service_id: int) -> bool:
        return service_id in self.silent or service_id not in self._books

    def _must_answer(self, service_id: int) -> None:
        if self._is_silent(service_id):
            raise SourceSilent(
                f"The profiles' end does not answer for service {service_id}; try again later."
            )

    def _answer(self, service_id: int) -> ProfilesAnswer:
        book = self._books[service_id]
        return ProfilesAnswer(dict(book.profiles), _end_rooms(book.rooms), book.paid_children)


def _carry_out(book: _Book, writes: ProfileWrites) -> WriteResult:
    """Write the orders of one service into its book: rooms, then changes, then new profiles."""
    rooms = _write_rooms(book, writes.rooms)
    for change in writes.changes:
        _write_change(book, change)
    return WriteResult({new.child_id: _create(book, new) for new in writes.creates}, rooms)


def _write_rooms(book: _Book, changes: Sequence[RoomChange]) -> dict[str, str]:
    """Rename rooms, all at once so that two may swap names, and create others; the ids of those created."""
    renamed = {room.target_id: room.name for room in changes if room.target_id is not None}
    refuse_taken(book.rooms, renamed)
    renames = {book.rooms[room_id]: name for room_id, name in renamed.items()}
    book.rooms.update(renamed)
    for profile_id, profile in book.profiles.items():
        book.profiles[profile_id] = profile._replace(details=_in_renamed(profile.details, renames))
    return {room.room_id: _add_room(book.rooms, room.name) for room in changes if room.target_id is None}


def _write_change(book: _Book, change: ProfileChange) -> None:
    profile = book.profiles.get(change.profile_id)
    if profile is None or profile.state is ProfileState.DELETED:
        raise Conflict(
            f"There is no profile {change.profile_id} to write to, so nothing was changed. Sync again."
        )
    if change.archive is not None:
        profile = profile._replace(state=ProfileState.ARCHIVED if change.archive else ProfileState.LIVE)
    if change.details is not None:
        profile = profile._replace(details=change.details)
    if change.managed_link is not None:
        book.managed[change.profile_id] = change.managed_link
    book.profiles[change.profile_id] = profile


def _create(book: _Book, new: NewProfile) -> str:
    """The id of the profile made under the create's key, now or before."""
    profile_id = book.created.get(new.key)
    if profile_id is None:
        profile_id = _free_id("P", book.profiles)
        book.profiles[profile_id] = Profile(profile_id, ProfileState.LIVE, new.details)
        book.created[new.key] = profile_id
        book.managed[profile_id] = new.managed_link
    return profile_id


def _add_room(rooms: dict[str, str], name: str) -> str:
    """The id of the room with this name, which is added when there is none."""
    for room_id, known in rooms.items():
        if known == name:
            return room_id
    room_id = _free_id("R", rooms)
    rooms[room_id] = name
    return room_id


def _free_id(letter: str, taken: Container[str]) -> str:
    """The first id such as "P-7" that is not taken."""
    return next(f"{letter}-{number}" for number in count(1) if f"{letter}-{number}" not in taken)


def _in_renamed(details: Details, renames: Mapping[str, str]) -> Details:
    """The details with rooms under their new names."""
    if details.rooms.isdisjoint(renames):
        return details
    return details._replace(rooms=frozenset(renames.get(name, name) for name in details.rooms))


def _end_rooms(rooms: Mapping[str, str]) -> list[Room]:
    return [Room(room_id, name) for room_id, name in sorted(rooms.items())]
