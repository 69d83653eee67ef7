"""The calendar strip: everything lies inside the picture, and its words say the same."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from parkway.domain import BookingState, Window
from parkway.manage.models import Booking
from parkway.web.presenters.booking_timeline import LANES, booking_timeline

TODAY = date(2026, 11, 24)
DAYS = st.dates(date(1, 1, 1), date(9999, 12, 30))
NEAR = st.integers(-400, 400).map(lambda days: TODAY + timedelta(days=days))


@st.composite
def bookings(draw: st.DrawFn) -> Booking:
    starts_on = draw(DAYS | NEAR)
    ends_on = draw(st.none() | st.dates(starts_on, date(9999, 12, 31)))
    kind = "permanent" if ends_on is None else "casual"
    return Booking(starts_on=starts_on, ends_on=ends_on, kind=kind, state=draw(st.sampled_from(BookingState)))


@given(st.lists(bookings(), max_size=20), st.integers(0, 3650), st.integers(0, 3650), st.none() | DAYS | NEAR)
def test_everything_lies_inside(
    booked: list[Booking], lookback: int, lookahead: int, change: date | None
) -> None:
    seen = booking_timeline(booked, TODAY, Window(lookback, lookahead), change)
    places = [seen.today, *seen.lines, *([seen.change] if seen.change else [])]
    assert all(0 <= float(place.rstrip("%")) <= 100 for place in places)
    for x, width in [seen.window, *((bar.x, bar.width) for bar in seen.bars)]:
        assert 0 <= float(x.rstrip("%")) <= 100
        assert 0 < float(width.rstrip("%")) <= 100.01
        assert float(x.rstrip("%")) + float(width.rstrip("%")) <= 100.02
    assert all(bar.y + bar.height <= seen.height for bar in seen.bars)
    assert len({bar.y for bar in seen.bars}) <= LANES
    assert len(seen.months) <= 8


def test_its_words_tell_the_window_and_each_booking() -> None:
    open_ = Booking(starts_on=TODAY, ends_on=None, kind="permanent", state="confirmed")
    offered = Booking(starts_on=TODAY, ends_on=TODAY, kind="casual", state="offered")
    long_ago = Booking(starts_on=date(2020, 1, 1), ends_on=date(2020, 1, 2), kind="casual", state="confirmed")
    seen = booking_timeline([open_, offered, long_ago], TODAY, Window(), None)
    assert seen.words == (
        "The active window around today, 24 November, goes from 29 September to 19 January 2027. "
        "Confirmed from 24 November with no end date. Offered on 24 November."
    )
    assert [bar.style for bar in seen.bars] == ["booked", "offered"]
    assert "No booking is near it." in booking_timeline([], TODAY, Window(), None).words
