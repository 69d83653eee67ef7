"""What Manage's staff do: enrol, amend, book, cancel, archive, unarchive.

Each verb is one transaction. It asks whether `by` may do it, and writes into the change log what it changed.
It raises Forbidden for whoever may not change Manage (D22).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.db import transaction

from parkway import domain
from parkway.domain import (
    COLUMN_FIELDS,
    FIELDS,
    TEXT_FIELDS,
    BookingKind,
    BookingState,
    Conflict,
    Details,
    Invalid,
    column_values,
)
from parkway.engine import status
from parkway.engine.folding import is_plain
from parkway.manage import change_entries, preview, standing
from parkway.manage.models import Booking, Child, ChildRoom, Room
from parkway.tenancy import change_log
from parkway.tenancy.models import Service
from parkway.tenancy.people import Actor, Permission, require
from parkway.tenancy.scope import scope, the_one

UNSEEN = "There is a sign in it that nobody can see, such as a line break. Type it anew."


def find_child(service: Service, reference: str) -> Child:
    """The child with this id. Raises NotFound when the service has none."""
    return the_one(Child, service, reference=reference)


@transaction.atomic
def add_room(service: Service, name: str, *, by: Actor, now: datetime) -> Room:
    """A new room. Raises Invalid when the name is empty, taken, or holds a ";"."""
    _start(service, by)
    _check_room(service, name)
    room = Room.objects.create(service=service, name=name.strip())
    standing.increment_version(service)
    change_entries.log_room(room, "add_room", "", by, now)
    return room


@transaction.atomic
def rename_room(room: Room, name: str, *, by: Actor, now: datetime) -> None:
    """Give a room another name. Raises Invalid when it is empty, taken, or holds a ";"."""
    _start(room.service, by)
    _check_room(room.service, name, but=room)
    room.refresh_from_db(fields=["name"])
    before, room.name = room.name, name.strip()
    room.save(update_fields=["name"])
    standing.increment_version(room.service)
    change_entries.log_room(room, "rename_room", before, by, now)


@transaction.atomic
def enrol(service: Service, details: Details, reference: str = "", *, by: Actor, now: datetime) -> Child:
    """A new child, Inactive until a booking says otherwise. Rooms of the details are made when missing.

    Raises Invalid without a first or last name, or when the service has a child with this reference.
    """
    _start(service, by)
    _check_name(details)
    child = Child(service=service, reference=reference, **_columns(details))
    if reference and scope(Child, service).filter(reference=reference).exists():
        raise Invalid(f"{service.name} already has a child with the id {reference}.", fields=("reference",))
    child.reference = reference or "new"
    child.save()
    if not reference:
        child.reference = f"M-{child.pk}"
        while scope(Child, service).filter(reference=child.reference).exists():  # taken over from elsewhere
            child.reference += "+"
        child.save(update_fields=["reference"])
    _set_rooms(child, details.rooms, by, now)
    _touched(child, now)
    change_entries.log_child(child, "enrol", change_log.NOTHING, change_entries.child_fields(child), by, now)
    return child


@transaction.atomic
def amend(child: Child, *, by: Actor, now: datetime, **values: Any) -> None:
    """Change some of a child's details (names, date of birth, gender, rooms); an empty value clears one.

    Raises Invalid when neither first nor last name would be left, Conflict when somebody removed the child.
    """
    _lock_child(child, by)
    unknown = values.keys() - set(FIELDS)
    if unknown:
        raise Invalid(f"A child has no {', '.join(sorted(unknown))}.", fields=sorted(unknown))
    before = change_entries.child_fields(child)
    rooms = values.pop("rooms", None)
    _check_name(child.details._replace(**values))
    for name, value in values.items():
        setattr(child, name, value)
    child.save(update_fields=[*values]) if values else None
    if rooms is not None:
        _set_rooms(child, rooms, by, now)
    _touched(child, now)
    change_entries.log_child(child, "amend", before, change_entries.child_fields(child), by, now)


@transaction.atomic
def book(
    child: Child,
    starts_on: date,
    ends_on: date | None = None,
    kind: BookingKind = BookingKind.PERMANENT,
    state: BookingState = BookingState.CONFIRMED,
    weekdays: Sequence[str] = (),
    room: Room | None = None,
    *,
    by: Actor,
    now: datetime,
) -> Booking:
    """A new booking. A casual one without an end is for one day.

    Raises Invalid when it ends before it starts.
    """
    _lock_child(child, by)
    kind, state, starts_on, ends_on = check_period(kind, state, starts_on, ends_on)
    booking = Booking.objects.create(
        service=child.service,
        child=child,
        kind=kind.value,
        state=state.value,
        starts_on=starts_on,
        ends_on=ends_on,
        weekdays=";".join(weekdays),
        room=room,
    )
    _touched(child, now)
    change_entries.log_booking(booking, "book", change_log.NOTHING, by, now)
    return booking


def check_period(
    kind: BookingKind, state: BookingState, starts_on: date, ends_on: date | None
) -> domain.Booking:
    """The period that a booking covers. A casual one without an end is for one day.

    Raises Invalid when it ends before it starts.
    """
    if ends_on is None and kind is BookingKind.CASUAL:
        ends_on = starts_on
    if ends_on is not None and ends_on < starts_on:
        raise Invalid(
            f"A booking cannot end ({ends_on:%d/%m/%Y}) before it starts ({starts_on:%d/%m/%Y}).",
            fields=("ends_on",),
        )
    return domain.Booking(kind, state, starts_on, ends_on)


@transaction.atomic
def cancel(booking: Booking, *, by: Actor, now: datetime) -> None:
    """Cancel a booking: it no longer counts."""
    before = _lock_booking(booking, by)
    booking.state = BookingState.CANCELLED.value
    booking.save(update_fields=["state"])
    _touched(booking.child, now)
    change_entries.log_booking(booking, "cancel", before, by, now)


@transaction.atomic
def confirm(booking: Booking, *, by: Actor, now: datetime) -> None:
    """Confirm an offered booking. Raises Conflict for a cancelled one."""
    before = _lock_booking(booking, by)
    if booking.state == BookingState.CANCELLED.value:
        raise Conflict("This booking was cancelled. Make a new one instead.")
    booking.state = BookingState.CONFIRMED.value
    booking.save(update_fields=["state"])
    _touched(booking.child, now)
    change_entries.log_booking(booking, "confirm", before, by, now)


@transaction.atomic
def end_booking(booking: Booking, ends_on: date | None, *, by: Actor, now: datetime) -> None:
    """Let a booking end on another day, or without end. Raises Invalid when that is before its start."""
    before = _lock_booking(booking, by)
    booking.ends_on = check_period(*preview.period(booking)._replace(ends_on=ends_on)).ends_on
    booking.save(update_fields=["ends_on"])
    _touched(booking.child, now)
    change_entries.log_booking(booking, "end_booking", before, by, now)


@transaction.atomic
def archive_child(child: Child, on: date | None = None, *, by: Actor, now: datetime) -> None:
    """Archive a child, today or on an earlier day. Raises Invalid for a day to come (D3)."""
    _lock_child(child, by)
    today = child.service.today(now)
    day = on or today
    if day > today:
        raise Invalid(
            f"{child} cannot be archived on {day:%d/%m/%Y}, which is still to come. Do it on the day.",
            fields=("on",),
        )
    _store_archived(child, day, "archive_child", by, now)


@transaction.atomic
def unarchive_child(child: Child, *, by: Actor, now: datetime) -> None:
    """Take a child back: the status is again what the bookings say (D3)."""
    _lock_child(child, by)
    _store_archived(child, None, "unarchive_child", by, now)


@transaction.atomic
def remove_child(child: Child, *, by: Actor, now: datetime) -> None:
    """Remove a child and the bookings altogether, as when somebody was enrolled by mistake.

    For syncing the child is then missing, not archived (D8).
    """
    _lock_child(child, by)
    service = child.service
    before = {**change_entries.child_fields(child), "bookings": child.bookings.count() or None}
    child.delete()
    standing.increment_version(service)
    change_entries.log_child(child, "remove_child", before, change_log.NOTHING, by, now)


def _start(service: Service, by: Actor) -> None:
    """Refuse whoever may not change Manage (D22), and hold the version of the service's roster."""
    require(Permission.CHANGE_MANAGE, by, service)
    standing.lock_roster(service)


def _lock_child(child: Child, by: Actor) -> None:
    """As `_start`; and see the child as it is now. Raises Conflict when somebody removed the child since."""
    _start(child.service, by)
    try:
        child.refresh_from_db(fields=[*FIELDS[:-1], "archived_on"])
    except Child.DoesNotExist:
        raise Conflict(f"{child} was removed from Manage meanwhile, so there is nothing to change.") from None


def _lock_booking(booking: Booking, by: Actor) -> change_log.Fields:
    """As `_lock_child`; and see the booking as it is now: its fields before the change.

    Raises Conflict when it is there no longer.
    """
    try:
        _lock_child(booking.child, by)
        booking.refresh_from_db(fields=["kind", "state", "starts_on", "ends_on"])
    except (Child.DoesNotExist, Booking.DoesNotExist):
        raise Conflict("This booking is there no longer. Look at the child's bookings again.") from None
    return change_entries.booking_fields(booking)


def _store_archived(child: Child, on: date | None, verb: str, by: Actor, now: datetime) -> None:
    before = {"archived_on": child.archived_on}
    child.archived_on = on
    days = standing.periods([child.service_id], [child.pk])[child.pk]
    stands = status.standing(days, child.service.today(now), child.service.window, on)
    child.status = stands.status.value
    child.save(update_fields=["archived_on", "status"])
    _touched(child, now)
    change_entries.log_child(child, verb, before, {"archived_on": on}, by, now)


def _touched(child: Child, now: datetime) -> None:
    """Work the child's standing out anew, and say that the roster changed."""
    today = child.service.today(now)
    standing.refresh({child.service_id: (today, child.service.window)}, [child.pk])
    standing.increment_version(child.service, today, [child.pk])
    child.refresh_from_db()


def _check_name(details: Details) -> None:
    if not details.first_name.strip() and not details.last_name.strip():
        raise Invalid("A child needs a first name or a last name.", fields=("first_name", "last_name"))
    if odd := [name for name in TEXT_FIELDS if not is_plain(getattr(details, name))]:
        raise Invalid(UNSEEN, fields=odd)


def _check_room(service: Service, name: str, but: Room | None = None) -> None:
    taken = scope(Room, service).filter(name=name.strip()).first()
    if not name.strip() or (taken is not None and taken != but):
        raise Invalid(
            f"A room needs a name of its own, and “{name}” is empty or taken at {service.name}.",
            fields=("name",),
        )
    if not is_plain(name):
        raise Invalid(UNSEEN, fields=("name",))
    if ";" in name:
        raise Invalid(
            "A room's name cannot hold a “;”, which separates rooms in files. Leave it out.", fields=("name",)
        )


def _columns(details: Details) -> dict[str, Any]:
    return dict(zip(COLUMN_FIELDS, column_values(details), strict=True))


def _set_rooms(child: Child, names: frozenset[str], by: Actor, now: datetime) -> None:
    rooms = {room.name: room for room in scope(Room, child.service)}
    wanted = [rooms.get(name) or add_room(child.service, name, by=by, now=now) for name in sorted(names)]
    ChildRoom.objects.filter(child=child).exclude(room__in=wanted).delete()
    for room in wanted:
        ChildRoom.objects.get_or_create(child=child, room=room, defaults={"service_id": child.service_id})
