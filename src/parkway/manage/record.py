"""One child's record as its page shows it: the details, the bookings, and what the status rests on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

from parkway.domain import BookingState, NotFound, Standing, Status, Window
from parkway.engine import wording
from parkway.manage import standing
from parkway.manage.models import Booking, Child
from parkway.tenancy.models import Service
from parkway.tenancy.scope import scope


class Record(NamedTuple):
    """A child with rooms and bookings, the newest booking first, and the status in a sentence."""

    child: Child
    rooms: Sequence[str]
    bookings: Sequence[Booking]
    rests_on: str

    @property
    def called(self) -> str:
        return self.child.details.called


def record(service: Service, child: int, today: date) -> Record:
    """The record of a child of a service by its primary key. Raises NotFound when the service has none."""
    standing.roll({service.pk: (today, service.window)})
    found = scope(Child, service).select_related("service").filter(pk=child).first()
    if found is None:
        raise NotFound("There is no such child at this service.")
    bookings = list(found.bookings.select_related("room").order_by("-starts_on", "-pk"))
    rooms = list(found.rooms.order_by("name").values_list("name", flat=True))
    return Record(found, rooms, bookings, rests_on(found.details.called, found.standing, service, today))


def find_booking(service: Service, child: int, booking: int) -> Booking:
    """A booking of a child of a service, with the child. Raises NotFound when there is none."""
    bookings = scope(Booking, service).select_related("child__service", "room")
    found = bookings.filter(pk=booking, child=child).first()
    if found is None:
        raise NotFound("There is no such booking at this service.")
    return found


def may_end(booking: Booking) -> bool:
    """Whether it makes sense to change the end of a booking: a cancelled one no longer counts."""
    return booking.state != BookingState.CANCELLED.value


def rests_on(name: str, now: Standing, service: Service, today: date) -> str:
    """The status, until when it lasts, and what it rests on, in a sentence or two for people."""
    match now.status:
        case Status.ARCHIVED:
            on = f" on {wording.day(now.archived_on, today)}" if now.archived_on else ""
            return f"Archived{on}. While a child is archived, bookings do not count."
        case Status.ACTIVE:
            return _active(name, now, service.window, today)
        case Status.INACTIVE:
            return _inactive(name, now, service.window, today)


def _active(name: str, now: Standing, window: Window, today: date) -> str:
    first, last, change = now.booked_from, now.booked_until, now.next_change
    if last is None or change is None:
        since = f" from {wording.day(first, today)} on" if first else ""
        text = f"Active with no end in sight: booked{since}, with no end date."
    else:
        until = wording.day(change - timedelta(days=1), today)
        ends = "ended" if last < today else "ends"
        text = (
            f"Active until {until}, because the last booking {ends} on {wording.day(last, today)}"
            f"{_and_stays(window.lookback)}."
        )
    if first and first > today:
        text += (
            f" Active already now, because the first booking starts on {wording.day(first, today)}, "
            f"which is within the next {wording.width(window.lookahead)}."
        )
    return text


def _and_stays(lookback: int) -> str:
    return f" and a child stays Active for {wording.width(lookback)} after that" if lookback else ""


def _inactive(name: str, now: Standing, window: Window, today: date) -> str:
    far = wording.far_bookings(now, window, today)
    text = f"Inactive, because {wording.of_far_bookings(name, far)}."
    if now.next_change:
        text += f" {name} becomes Active by itself on {wording.day(now.next_change, today)}."
    return text
