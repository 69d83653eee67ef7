"""What Manage's verbs write into the change log."""

from __future__ import annotations

from datetime import date, datetime

from parkway.manage.models import Booking, Child, Room
from parkway.tenancy import change_log
from parkway.tenancy.models import Subject
from parkway.tenancy.people import Actor

BOOKING = ("kind", "state", "starts_on", "ends_on", "weekdays")


def child_fields(child: Child) -> change_log.Fields:
    """What the change log knows of a child; without the status, which follows from the bookings."""
    rooms = list(child.rooms.values_list("name", flat=True))
    return {**child.details.by_name(), "rooms": rooms, "archived_on": child.archived_on}


def booking_fields(booking: Booking) -> change_log.Fields:
    """What the change log knows of a booking."""
    room = booking.room.name if booking.room else ""
    return {**{name: getattr(booking, name) for name in BOOKING}, "room": room}


def booking_part(kind: str, starts_on: date) -> str:
    """What the change log calls one booking of a child: its kind and first day, which are never changed."""
    return f"{kind} {starts_on.isoformat()}"


def log_child(
    child: Child, verb: str, before: change_log.Fields, after: change_log.Fields, by: Actor, now: datetime
) -> None:
    """What was changed in a child."""
    changes = change_log.differences(before, after)
    change_log.record(child.service, Subject.CHILD, child.reference, verb, changes, by, now)


def log_booking(booking: Booking, verb: str, before: change_log.Fields, by: Actor, now: datetime) -> None:
    """What was changed in a booking, which has its new fields already."""
    changes = change_log.differences(before, booking_fields(booking))
    child, part = booking.child, booking_part(booking.kind, booking.starts_on)
    change_log.record(child.service, Subject.BOOKING, child.reference, verb, changes, by, now, part)


def log_room(room: Room, verb: str, before: str, by: Actor, now: datetime) -> None:
    """Another name for a room, or its first one."""
    changes = change_log.differences({"name": before}, {"name": room.name})
    change_log.record(room.service, Subject.MANAGE_ROOM, str(room.pk), verb, changes, by, now)
