"""A whole roster at once: children and bookings of a service taken over from somewhere else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from django.db import transaction

from parkway import domain
from parkway.db import bulk
from parkway.domain import COLUMN_FIELDS, Status, column_values
from parkway.manage import standing
from parkway.manage.change_entries import BOOKING, booking_part
from parkway.manage.models import Booking, Child, ChildRoom, Room
from parkway.tenancy import change_log
from parkway.tenancy.change_log import LoggedChange
from parkway.tenancy.models import Service, Subject
from parkway.tenancy.people import Actor, Permission, require
from parkway.tenancy.scope import scope


class ImportedBooking(NamedTuple):
    """A booking with what Manage keeps beside the period: weekdays joined by ";", and the room's name."""

    period: domain.Booking
    weekdays: str = ""
    room: str = ""


class RosterImport(NamedTuple):
    """How many children were new and how many were known before, and how many bookings were written."""

    new: int
    known: int
    bookings: int


@transaction.atomic
def take_roster(
    service: Service,
    children: Sequence[domain.Child],
    bookings: Mapping[str, Sequence[ImportedBooking]],
    untold: Collection[str] = (),
    *,
    by: Actor,
    now: datetime,
) -> RosterImport:
    """Take over children by their ids, and the bookings of every child named in `bookings`.

    A child who is known is amended in the fields that are supplied; the bookings of a child named in
    `bookings` replace the ones before. `untold` are the columns among archived_on, ends_on, weekdays and room
    that the source does not supply: they stay as they were (D20). Nobody is removed. The change log gets an
    entry for each child, booking and room that is new or another. Raises Forbidden for whoever may not
    change Manage (D22).
    """
    require(Permission.CHANGE_MANAGE, by, service)
    standing.lock_roster(service)
    today = service.today(now)
    known = {
        reference: tuple(values)
        for reference, *values in scope(Child, service).values_list("reference", *_LOGGED)
    }
    was_in, was_booked = _rooms_before(service), _bookings_before(service)
    new = [child for child in children if child.child_id not in known]
    old = [child for child in children if child.child_id in known]
    _insert(service, new)
    with_archived = "archived_on" not in untold
    amended = _amend(service, old, known, with_archived)
    ids = dict(scope(Child, service).values_list("reference", "pk"))
    if BOOKED.intersection(untold):
        bookings = _as_before(was_booked, bookings, BOOKED.intersection(untold))
    rooms, made = _rooms(service, children, bookings)
    _place(service, children, ids, rooms)
    written = _book(service, bookings, ids, rooms)
    touched = [ids[key] for key in {*(c.child_id for c in children), *bookings}]
    standing.refresh({service.pk: (today, service.window)}, touched)
    standing.increment_version(service, today)
    changes = [
        *_room_changes(made),
        *(_new_child(child) for child in new),
        *(_amended_child(child, *amended[child.child_id], was_in) for child in old),
        *_booking_changes(was_booked, bookings),
    ]
    change_log.record_many(service, changes, by, now)
    return RosterImport(len(new), len(old), written)


_LOGGED = (*COLUMN_FIELDS, "archived_on")
_Row = tuple[Any, ...]
BOOKED = frozenset({"ends_on", "weekdays", "room"})
"""The columns of a booking that a source need not supply."""


def _insert(service: Service, children: Iterable[domain.Child]) -> None:
    columns = ["service_id", "reference", *COLUMN_FIELDS, "archived_on", "status"]
    bulk.insert(
        Child,
        columns,
        [
            (service.pk, c.child_id, *column_values(c.details), c.standing.archived_on, _first_status(c))
            for c in children
        ],
    )


def _first_status(child: domain.Child) -> str:
    """Enough of a status for the row to be valid; the standing is worked out before the end."""
    archived = child.standing.archived_on is not None
    return (Status.ARCHIVED if archived else Status.INACTIVE).value


def _amend(
    service: Service,
    children: Iterable[domain.Child],
    known: Mapping[str, _Row],
    with_archived: bool,
) -> dict[str, tuple[_Row, _Row]]:
    """Bring known children up to date; the columns of each, and the archive day, before and after."""
    changed, found = [], {}
    for child in children:
        *before, archived_on = known[child.child_id]
        values = [
            new if name in child.supplied else old
            for name, new, old in zip(COLUMN_FIELDS, column_values(child.details), before, strict=True)
        ]
        after = child.standing.archived_on if with_archived else archived_on
        found[child.child_id] = ((*before, archived_on), (*values, after))
        if with_archived:
            values += [after, _first_status(child)]
        changed.append((*values, service.pk, child.child_id))
    columns = [*COLUMN_FIELDS, "archived_on", "status"] if with_archived else COLUMN_FIELDS
    bulk.update(Child, columns, ["service_id", "reference"], changed)
    return found


def _rooms(
    service: Service, children: Iterable[domain.Child], bookings: Mapping[str, Sequence[ImportedBooking]]
) -> tuple[dict[str, int], dict[str, int]]:
    """The ids of all rooms by name, after making those that are missing; and of those that were made."""
    wanted = {name for child in children for name in child.details.rooms}
    wanted |= {booked.room for many in bookings.values() for booked in many if booked.room}
    there = set(scope(Room, service).values_list("name", flat=True))
    missing = sorted(wanted - there)
    bulk.insert(Room, ["service_id", "name"], [(service.pk, name) for name in missing])
    rooms = dict(scope(Room, service).values_list("name", "pk"))
    return rooms, {name: rooms[name] for name in missing}


def _place(
    service: Service, children: Iterable[domain.Child], ids: Mapping[str, int], rooms: Mapping[str, int]
) -> None:
    placed = [child for child in children if "rooms" in child.supplied]
    bulk.delete(ChildRoom, ["child_id"], [(ids[child.child_id],) for child in placed])
    bulk.insert(
        ChildRoom,
        ["service_id", "child_id", "room_id"],
        [(service.pk, ids[c.child_id], rooms[name]) for c in placed for name in sorted(c.details.rooms)],
    )


_Bookings = Mapping[str, Sequence[ImportedBooking]]
"""Bookings by the id of the child."""


def _rooms_before(service: Service) -> dict[str, set[str]]:
    """The names of the rooms of each child, by the child's id."""
    found: dict[str, set[str]] = defaultdict(set)
    for child_id, room in scope(ChildRoom, service).values_list("child__reference", "room__name"):
        found[child_id].add(room)
    return found


def _bookings_before(service: Service) -> _Bookings:
    """The bookings of each child before they are replaced."""
    found: dict[str, list[ImportedBooking]] = defaultdict(list)
    stored = scope(Booking, service).order_by("pk")
    for child_id, kind, state, starts_on, ends_on, weekdays, room in stored.values_list(
        "child__reference", "kind", "state", "starts_on", "ends_on", "weekdays", "room__name"
    ):
        period = domain.Booking(standing.KINDS[kind], standing.STATES[state], starts_on, ends_on)
        found[child_id].append(ImportedBooking(period, weekdays, room or ""))
    return found


def _as_before(
    before: _Bookings, bookings: _Bookings, untold: Collection[str]
) -> dict[str, list[ImportedBooking]]:
    """The bookings with what the source does not tell taken from the ones there were."""
    found: dict[str, list[ImportedBooking]] = {}
    for child_id, many in bookings.items():
        found[child_id] = []
        for old, booked in _paired(before.get(child_id, ()), many):
            if booked is None:
                continue
            if old is None:
                found[child_id].append(booked)
                continue
            period = booked.period
            ends_on = old.period.ends_on if "ends_on" in untold else period.ends_on
            weekdays = old.weekdays if "weekdays" in untold else booked.weekdays
            room = old.room if "room" in untold else booked.room
            found[child_id].append(ImportedBooking(period._replace(ends_on=ends_on), weekdays, room))
    return found


def _paired(
    before: Iterable[ImportedBooking], after: Iterable[ImportedBooking]
) -> Iterator[tuple[ImportedBooking | None, ImportedBooking | None]]:
    """Each booking with the one that it was before, and those that are gone with none.

    A booking is known again by its kind and first day; of several, the one with the same last day.
    """
    left: dict[tuple[str, date], list[ImportedBooking]] = defaultdict(list)
    for booked in before:
        left[booked.period.kind, booked.period.starts_on].append(booked)
    for booked in after:
        alike = left[booked.period.kind, booked.period.starts_on]
        same = next((old for old in alike if old.period.ends_on == booked.period.ends_on), None)
        old = same or (alike[0] if alike else None)
        if old is not None:
            alike.remove(old)
        yield old, booked
    for gone in left.values():
        yield from ((old, None) for old in gone)


def _book(
    service: Service,
    bookings: Mapping[str, Sequence[ImportedBooking]],
    ids: Mapping[str, int],
    rooms: Mapping[str, int],
) -> int:
    bulk.delete(Booking, ["child_id"], [(ids[child_id],) for child_id in bookings])
    new = [
        (
            service.pk,
            ids[child_id],
            b.kind.value,
            b.state.value,
            b.starts_on,
            b.ends_on,
            days,
            rooms.get(room),
        )
        for child_id, many in bookings.items()
        for b, days, room in many
    ]
    columns = ["service_id", "child_id", "kind", "state", "starts_on", "ends_on", "weekdays", "room_id"]
    bulk.insert(Booking, columns, new)
    return len(new)


# The change log ----------------------------------------------------------------------------------------


def _room_changes(made: Mapping[str, int]) -> Iterator[LoggedChange]:
    for name, pk in made.items():
        yield LoggedChange(Subject.MANAGE_ROOM, str(pk), "add_room", {"name": [None, name]})


def _new_child(child: domain.Child) -> LoggedChange:
    after = {**child.details.by_name(), "archived_on": child.standing.archived_on}
    changes = change_log.differences(change_log.NOTHING, after)
    return LoggedChange(Subject.CHILD, child.child_id, "import_new", changes)


def _amended_child(
    child: domain.Child, before: _Row, after: _Row, was_in: Mapping[str, set[str]]
) -> LoggedChange:
    changes: change_log.Differences = {}
    if before != after:
        changes = change_log.differences(
            dict(zip(_LOGGED, before, strict=True)), dict(zip(_LOGGED, after, strict=True))
        )
    if "rooms" in child.supplied:
        changes |= change_log.differences(
            {"rooms": was_in.get(child.child_id, ())}, {"rooms": child.details.rooms}
        )
    return LoggedChange(Subject.CHILD, child.child_id, "import", changes)


def _booking_changes(before: _Bookings, after: _Bookings) -> Iterator[LoggedChange]:
    for child_id, many in after.items():
        for old, new in _paired(before.get(child_id, ()), many):
            if old != new:
                period = (new or old).period  # type: ignore[union-attr]  # one of both is there
                changes = change_log.differences(_booking_fields(old), _booking_fields(new))
                part = booking_part(period.kind.value, period.starts_on)
                yield LoggedChange(Subject.BOOKING, child_id, "import", changes, part)


def _booking_fields(booked: ImportedBooking | None) -> change_log.Fields:
    if booked is None:
        return change_log.NOTHING
    (kind, state, *days), weekdays, room = booked
    return {**dict(zip(BOOKING, (kind.value, state.value, *days, weekdays), strict=True)), "room": room}
