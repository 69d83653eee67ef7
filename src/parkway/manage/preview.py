"""Where a child would stand after a change that is not made yet: what the verbs will then store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from parkway import domain
from parkway.domain import BookingState, Standing
from parkway.engine import status
from parkway.manage.models import Booking, Child
from parkway.manage.standing import KINDS, STATES


class Preview(NamedTuple):
    """Where a child would stand today, and from the day on which that next changes by itself."""

    standing: Standing
    later: Standing | None


def as_is(child: Child, today: date) -> Preview:
    """When nothing is changed."""
    return _preview(child, today, _periods(child), child.archived_on)


def archived(child: Child, today: date) -> Preview:
    """When the child is archived today."""
    return _preview(child, today, _periods(child), today)


def unarchived(child: Child, today: date) -> Preview:
    """When the child is taken back: what the bookings say (D3)."""
    return _preview(child, today, _periods(child), None)


def booked(child: Child, today: date, period: domain.Booking) -> Preview:
    """When a booking is added."""
    return _preview(child, today, [*_periods(child), period], child.archived_on)


def cancelled(booking: Booking, today: date) -> Preview:
    """When a booking is cancelled."""
    return _with(booking, today, period(booking)._replace(state=BookingState.CANCELLED))


def confirmed(booking: Booking, today: date) -> Preview:
    """When an offered booking is confirmed."""
    return _with(booking, today, period(booking)._replace(state=BookingState.CONFIRMED))


def ending(booking: Booking, ends_on: date | None, today: date) -> Preview:
    """When a booking ends on another day, or has no end."""
    return _with(booking, today, period(booking)._replace(ends_on=ends_on))


def period(booking: Booking) -> domain.Booking:
    """A stored booking as a value."""
    return domain.Booking(KINDS[booking.kind], STATES[booking.state], booking.starts_on, booking.ends_on)


def _with(booking: Booking, today: date, changed: domain.Booking) -> Preview:
    child = booking.child
    return _preview(child, today, [*_periods(child, but=booking), changed], child.archived_on)


def _periods(child: Child, but: Booking | None = None) -> list[domain.Booking]:
    return [period(each) for each in child.bookings.all() if each != but]


def _preview(
    child: Child, today: date, periods: Sequence[domain.Booking], archived_on: date | None
) -> Preview:
    window = child.service.window
    standing = status.standing(periods, today, window, archived_on)
    change = standing.next_change
    return Preview(standing, status.standing(periods, change, window) if change else None)
