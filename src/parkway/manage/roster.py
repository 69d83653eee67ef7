"""A whole roster at once: children and bookings of a service taken over from somewhere else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from django.db import transaction

from parkway import domain
from parkway.db import bulk
from parkway.domain import COLUMN_FIELDS, BookingKind, BookingState, Status, column_values
from parkway.manage import standing
from parkway.manage.models import Booking, Child, ChildRoom, Room
from parkway.tenancy.models import Service
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
    today: date,
    untold: Collection[str] = (),
) -> RosterImport:
    """Take over children by their ids, and the bookings of every child named in `bookings`.

    A child who is known is amended in the fields that are supplied; the bookings of a child named in
    `bookings` replace the ones before. `untold` are the columns among archived_on, ends_on, weekdays and room
    that the source does not supply: they stay as they were (D20). Nobody is removed.
    """
    standing.lock_roster(service)
    known = {
        reference: values
        for reference, *values in scope(Child, service).values_list("reference", *COLUMN_FIELDS)
    }
    new = [child for child in children if child.child_id not in known]
    old = [child for child in children if child.child_id in known]
    _insert(service, new)
    _amend(service, old, known, with_archived="archived_on" not in untold)
    ids = dict(scope(Child, service).values_list("reference", "pk"))
    if BOOKED.intersection(untold):
        bookings = _as_before(service, bookings, BOOKED.intersection(untold))
    rooms = _rooms(service, children, bookings)
    _place(service, children, ids, rooms)
    written = _book(service, bookings, ids, rooms)
    touched = [ids[key] for key in {*(c.child_id for c in children), *bookings}]
    standing.refresh({service.pk: (today, service.window)}, touched)
    standing.increment_version(service, today)
    return RosterImport(len(new), len(old), written)


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
    known: Mapping[str, Sequence[domain.Value]],
    with_archived: bool,
) -> None:
    changed = []
    for child in children:
        new_values, old_values = column_values(child.details), known[child.child_id]
        values = [
            new if name in child.supplied else old
            for name, new, old in zip(COLUMN_FIELDS, new_values, old_values, strict=True)
        ]
        if with_archived:
            values += [child.standing.archived_on, _first_status(child)]
        changed.append((*values, service.pk, child.child_id))
    columns = [*COLUMN_FIELDS, "archived_on", "status"] if with_archived else COLUMN_FIELDS
    bulk.update(Child, columns, ["service_id", "reference"], changed)


def _rooms(
    service: Service, children: Iterable[domain.Child], bookings: Mapping[str, Sequence[ImportedBooking]]
) -> dict[str, int]:
    """The ids of all rooms by name, after making those that are missing."""
    wanted = {name for child in children for name in child.details.rooms}
    wanted |= {booked.room for many in bookings.values() for booked in many if booked.room}
    there = set(scope(Room, service).values_list("name", flat=True))
    bulk.insert(Room, ["service_id", "name"], [(service.pk, name) for name in sorted(wanted - there)])
    return dict(scope(Room, service).values_list("name", "pk"))


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


def _as_before(
    service: Service, bookings: Mapping[str, Sequence[ImportedBooking]], untold: Collection[str]
) -> dict[str, list[ImportedBooking]]:
    """The bookings with what the source does not tell taken from the ones there were.

    A booking is known again by its kind and first day; of several, the one with the same last day.
    """
    before: dict[tuple[str, str, date], list[ImportedBooking]] = defaultdict(list)
    stored = scope(Booking, service).order_by("pk")
    for child_id, kind, state, starts_on, ends_on, weekdays, room in stored.values_list(
        "child__reference", "kind", "state", "starts_on", "ends_on", "weekdays", "room__name"
    ):
        period = domain.Booking(BookingKind(kind), BookingState(state), starts_on, ends_on)
        before[child_id, kind, starts_on].append(ImportedBooking(period, weekdays, room or ""))
    found: dict[str, list[ImportedBooking]] = {}
    for child_id, many in bookings.items():
        found[child_id] = []
        for booked in many:
            period = booked.period
            alike = before[child_id, period.kind.value, period.starts_on]
            same = next((old for old in alike if old.period.ends_on == period.ends_on), None)
            old = same or (alike[0] if alike else None)
            if old is None:
                found[child_id].append(booked)
                continue
            alike.remove(old)
            ends_on = old.period.ends_on if "ends_on" in untold else period.ends_on
            weekdays = old.weekdays if "weekdays" in untold else booked.weekdays
            room = old.room if "room" in untold else booked.room
            found[child_id].append(ImportedBooking(period._replace(ends_on=ends_on), weekdays, room))
    return found


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
