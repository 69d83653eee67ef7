"""Bookings to a status and the day it changes (D1, D2, D3)."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parkway.domain import Booking, BookingKind, BookingState, Standing, Status, Window
from parkway.engine import status
from tests.engine.builders import (
    DEEP,
    QUICK,
    TODAY,
    WINDOW,
    a_booking,
    booking,
    booking_lists,
    day,
    days,
    windows,
)

# Before and after these days, nothing that the strategies make can still change.
EARLIEST, LATEST = -230, 350


def is_active(bookings: list[Booking], today: date, window: Window) -> bool:
    """The definition of the active window, word for word (D1)."""
    return any(
        one.state is BookingState.CONFIRMED
        and (one.starts_on - today).days <= window.lookahead
        and (one.ends_on is None or (today - one.ends_on).days <= window.lookback)
        for one in bookings
    )


def expected(bookings: list[Booking], today: date, window: Window) -> Status:
    return Status.ACTIVE if is_active(bookings, today, window) else Status.INACTIVE


def check_timeline(bookings: list[Booking], window: Window) -> None:
    """Status and next change of every day, backwards from a day after which nothing happens."""
    following, change = expected(bookings, day(LATEST + 1), window), None
    for offset in range(LATEST, EARLIEST, -1):
        today = day(offset)
        now = expected(bookings, today, window)
        if now is not following:
            change = day(offset + 1)
        stands = status.standing(bookings, today, window)
        assert (stands.status, stands.next_change) == (now, change), today
        following = now


@QUICK
@given(booking_lists, windows)
def test_the_timeline_is_the_definition_on_every_day(bookings, window):
    """D1, D2."""
    check_timeline(bookings, window)


@pytest.mark.deep
@DEEP
@given(st.lists(a_booking(), max_size=8), windows)
def test_the_timeline_is_the_definition_for_many_bookings(bookings, window):
    """D1, D2."""
    check_timeline(bookings, window)


@QUICK
@given(booking_lists, windows)
def test_the_changes_are_the_days_that_differ_from_the_day_before(bookings, window):
    """D2."""
    found = [
        today
        for today in map(day, range(EARLIEST, LATEST))
        if is_active(bookings, today, window) != is_active(bookings, today - timedelta(days=1), window)
    ]

    assert status.changes_of_status(bookings, window) == found


@pytest.mark.parametrize(
    ("starts", "ends", "answer"),
    [
        (56, None, Status.ACTIVE),
        (57, None, Status.INACTIVE),
        (56, 56, Status.ACTIVE),
        (57, 57, Status.INACTIVE),
        (-90, -56, Status.ACTIVE),
        (-90, -57, Status.INACTIVE),
        (-56, -56, Status.ACTIVE),
        (-57, -57, Status.INACTIVE),
        (0, 0, Status.ACTIVE),
        (-900, None, Status.ACTIVE),
        (-900, 900, Status.ACTIVE),
    ],
)
def test_the_bounds_of_the_window_are_included(starts, ends, answer):
    """D1."""
    assert status.standing([booking(starts, ends)], TODAY, WINDOW).status is answer


@pytest.mark.parametrize(
    ("window", "ended", "starting"),
    [(Window(42, 56), 42, 56), (Window(0, 0), 0, 0), (Window(7, 14), 7, 14)],
)
def test_both_widths_of_the_window_are_settings(window, ended, starting):
    """D1."""

    def of(starts: int, ends: int | None = None) -> Status:
        return status.standing([booking(starts, ends)], TODAY, window).status

    assert of(-100, -ended) is Status.ACTIVE
    assert of(-100, -ended - 1) is Status.INACTIVE
    assert of(starting) is Status.ACTIVE
    assert of(starting + 1) is Status.INACTIVE


@pytest.mark.parametrize("state", [BookingState.OFFERED, BookingState.CANCELLED])
def test_offered_and_cancelled_bookings_do_not_count(state):
    """D1."""
    bookings = [booking(-10, 10, state), booking(-90, -60, state)]

    assert status.standing(bookings, TODAY, WINDOW) == Standing(Status.INACTIVE)
    assert status.stale_on(bookings, TODAY, WINDOW) is None
    assert status.changes_of_status(bookings, WINDOW) == []


def test_casual_days_count_like_permanent_bookings():
    """D1."""
    casual = booking(56, 56, kind=BookingKind.CASUAL)

    assert status.standing([casual], TODAY, WINDOW).status is Status.ACTIVE


def test_a_gap_shorter_than_both_widths_changes_nothing():
    """D2."""
    bookings = [booking(-100, -40), booking(73, 80)]  # Active through day 16 and again from day 17

    stands = status.standing(bookings, TODAY, WINDOW)

    assert (stands.status, stands.next_change) == (Status.ACTIVE, day(137))
    assert (stands.booked_from, stands.booked_until) == (day(-100), day(80))


def test_one_day_between_two_stretches_is_inactive():
    """D2."""
    stands = status.standing([booking(-100, -40), booking(74, 80)], TODAY, WINDOW)

    assert stands.next_change == day(17)
    assert status.standing([booking(-100, -40), booking(74, 80)], day(17), WINDOW).next_change == day(18)


def test_a_booking_that_ends_long_before_it_starts_is_never_active():
    """D1."""
    backwards = [booking(100, -100), booking(200, 201)]

    assert status.changes_of_status(backwards, WINDOW) == [day(144), day(258)]
    assert status.standing(backwards, TODAY, WINDOW).next_change == day(144)


@QUICK
@given(booking_lists, windows, days)
def test_archived_overrides_bookings_and_does_not_change_by_itself(bookings, window, gone):
    """D3."""
    stands = status.standing(bookings, TODAY, window, archived_on=gone)
    unarchived = status.standing(bookings, TODAY, window)

    assert (stands.status, stands.next_change, stands.archived_on) == (Status.ARCHIVED, None, gone)
    assert unarchived.status is expected(bookings, TODAY, window)
    assert unarchived.archived_on is None
    assert (stands.next_start, stands.last_end) == (unarchived.next_start, unarchived.last_end)


@QUICK
@given(booking_lists, windows, st.integers(-200, 200))
def test_a_standing_holds_until_it_is_stale(bookings, window, offset):
    """D2."""
    now = status.standing(bookings, day(offset), window)
    stale = status.stale_on(bookings, day(offset), window)
    last = LATEST if stale is None else (stale - TODAY).days - 1

    assert stale is None or stale > day(offset)
    for later in range(offset, last + 1):
        assert status.standing(bookings, day(later), window) == now
    if stale is not None:
        assert status.standing(bookings, stale, window) != now


@pytest.mark.parametrize(
    ("bookings", "stale"),
    [
        ([], None),
        ([booking(-9)], None),
        ([booking(-9, 0)], 1),  # over tomorrow, and Active for long after
        ([booking(-9, -1)], 56),
        ([booking(-9, 5), booking(-9, 2)], 3),
        ([booking(-90, -57)], None),
        ([booking(57, 57)], 1),
        ([booking(56, 57)], 58),
    ],
)
def test_a_standing_is_stale_when_a_label_turns_or_a_booking_is_over(bookings, stale):
    """D2."""
    assert status.stale_on(bookings, TODAY, WINDOW) == (None if stale is None else day(stale))


@QUICK
@given(booking_lists, windows)
def test_the_bookings_behind_a_status_stay_while_the_child_stays_active(bookings, window):
    """B2."""
    before = None
    for offset in range(EARLIEST, LATEST):
        stands = status.standing(bookings, day(offset), window)
        if before is not None and stands.status is before.status is Status.ACTIVE:
            assert stands.booked_from == before.booked_from
            assert stands.booked_until == before.booked_until
        if stands.status is Status.INACTIVE:
            assert stands.booked_from is stands.booked_until is None
        before = stands


@QUICK
@given(booking_lists, windows)
def test_an_active_child_is_active_because_of_the_bookings_it_names(bookings, window):
    """B2."""
    stands = status.standing(bookings, TODAY, window)
    if stands.status is Status.ACTIVE:
        named = booking(stands.booked_from, stands.booked_until)
        confirmed = [b for b in bookings if b.state is BookingState.CONFIRMED]

        assert is_active([named], TODAY, window)
        assert stands.booked_from in {b.starts_on for b in confirmed}
        assert stands.booked_until in {b.ends_on for b in confirmed}


@QUICK
@given(booking_lists, windows)
def test_next_start_and_last_end_split_the_confirmed_bookings(bookings, window):
    """D5."""
    stands = status.standing(bookings, TODAY, window)
    confirmed = [b for b in bookings if b.state is BookingState.CONFIRMED]
    over = [b for b in confirmed if b.ends_on is not None and b.ends_on < TODAY]
    not_over = [b for b in confirmed if b not in over]

    assert stands.next_start == min((b.starts_on for b in not_over), default=None)
    assert stands.last_end == max((b.ends_on for b in over), default=None)


ENDS = [date.min, date.min + timedelta(days=1), date.max - timedelta(days=1), date.max]


PERIODS = [
    (first, last) for first in [*ENDS, TODAY] for last in [None, *ENDS, TODAY] if not last or first <= last
]


@pytest.mark.parametrize("today", [*ENDS, TODAY], ids=str)
@pytest.mark.parametrize(("starts_on", "ends_on"), PERIODS, ids=str)
def test_the_ends_of_the_calendar_are_days_like_any_other(starts_on, ends_on, today):
    """D2."""
    bookings = [booking(starts_on, ends_on)]

    stands = status.standing(bookings, today, WINDOW)

    assert stands.status is expected(bookings, today, WINDOW)
    if stands.status is Status.ACTIVE:
        assert (stands.booked_from, stands.booked_until) == (starts_on, ends_on)
    for change in (stands.next_change, status.stale_on(bookings, today, WINDOW)):
        assert change is None or change > today
    for change in status.changes_of_status(bookings, WINDOW):
        before = change - timedelta(days=1)
        assert expected(bookings, change, WINDOW) is not expected(bookings, before, WINDOW)


def test_a_booking_to_the_last_day_of_the_calendar_never_ends():
    """D2."""
    stands = status.standing([booking(-5, date.max)], date.max, WINDOW)

    assert (stands.status, stands.next_change) == (Status.ACTIVE, None)
    assert stands.booked_until == date.max
