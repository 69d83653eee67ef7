"""Bookings to a timeline to the status of a day and the day of the next change (D1, D2, D3)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from parkway.domain import Booking, BookingState, Standing, Status, Window

FOREVER = date.max.toordinal() + 1_000_000  # later than any day, also after adding a window
LAST_DAY = date.max.toordinal()

Stretch = tuple[int, int]
"""First and last Active day as ordinals, both included; FOREVER or later means without end."""


def timeline(bookings: Iterable[Booking], window: Window) -> list[Stretch]:
    """The stretches of days on which bookings make a child Active, in order, never touching (D1, D2).

    A confirmed booking makes a child Active from `lookahead` days before its start to `lookback` days after
    its end, both included.
    """
    spans = sorted(
        (
            booking.starts_on.toordinal() - window.lookahead,
            FOREVER if booking.ends_on is None else booking.ends_on.toordinal() + window.lookback,
        )
        for booking in bookings
        if booking.state is BookingState.CONFIRMED
    )
    stretches: list[Stretch] = []
    for first, last in spans:
        if last < first:
            continue  # a source said that it ends long before it starts
        if stretches and first <= stretches[-1][1] + 1:
            stretches[-1] = (stretches[-1][0], max(last, stretches[-1][1]))
        else:
            stretches.append((first, last))
    return stretches


def changes_of_status(bookings: Iterable[Booking], window: Window) -> list[date]:
    """Every day on which the status changes by itself, in order (D2)."""
    edges = (edge for first, last in timeline(bookings, window) for edge in (first, last + 1))
    return [day for edge in edges if (day := _day(edge)) is not None]


def standing(
    bookings: Iterable[Booking], today: date, window: Window, archived_on: date | None = None
) -> Standing:
    """Where a child stands on `today`: status, day of the next change, and the bookings behind it.

    A child whom a person archived is Archived whatever the bookings say, and that does not change by itself
    (D3).
    """
    confirmed = [booking for booking in bookings if booking.state is BookingState.CONFIRMED]
    not_over = [b.starts_on for b in confirmed if b.ends_on is None or b.ends_on >= today]
    next_start = min(not_over, default=None)
    last_end = max((b.ends_on for b in confirmed if b.ends_on and b.ends_on < today), default=None)
    if archived_on is not None:
        return Standing(Status.ARCHIVED, None, None, None, next_start, last_end, archived_on)
    now = today.toordinal()
    for first, last in timeline(confirmed, window):
        if now < first:
            return Standing(Status.INACTIVE, _day(first), None, None, next_start, last_end)
        if now <= last:
            booked_from = _day(first + window.lookahead)
            booked_until = None if last >= FOREVER else _day(last - window.lookback)
            return Standing(Status.ACTIVE, _day(last + 1), booked_from, booked_until, next_start, last_end)
    return Standing(Status.INACTIVE, None, None, None, next_start, last_end)


def stale_on(bookings: Iterable[Booking], today: date, window: Window) -> date | None:
    """The first day after `today` on which `standing` would answer differently; None for never.

    That is the next change of the status, or the day after a booking ended (the queue for spaces looks at
    the bookings that are over, D5).
    """
    confirmed = [booking for booking in bookings if booking.state is BookingState.CONFIRMED]
    days = [day for day in changes_of_status(confirmed, window) if day > today]
    ended = (_day(b.ends_on.toordinal() + 1) for b in confirmed if b.ends_on and b.ends_on >= today)
    return min([*days, *(day for day in ended if day)], default=None)


def _day(ordinal: int) -> date | None:
    """The day of an ordinal; None when the calendar does not reach it."""
    return date.fromordinal(ordinal) if 1 <= ordinal <= LAST_DAY else None
