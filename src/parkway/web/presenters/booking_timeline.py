"""A child's bookings as a strip of the calendar: where everything lies in the picture, and the same in words.

Across, everything is in per cent, so that the picture fits a phone as well as a desktop with the same text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from parkway import domain
from parkway.domain import BookingState, Window
from parkway.engine import wording
from parkway.manage.models import Booking
from parkway.manage.preview import period

TOP, LANE, BAR = 32, 24, 16  # in CSS pixels
LANES = 6
LABELS = 7  # months named at most, so that they fit a phone
LAST_LABEL = 90  # per cent: further right a name would be cut off
THINNEST = 0.9  # per cent: a single day is still to be seen
STYLES = {
    BookingState.CONFIRMED: "booked",
    BookingState.OFFERED: "offered",
    BookingState.CANCELLED: "cancelled",
}


@dataclass(frozen=True, slots=True)
class BookingBar:
    """One booking in the picture."""

    style: str
    x: str
    width: str
    y: int
    height: int = BAR


@dataclass(frozen=True, slots=True)
class BookingTimeline:
    """The picture: months along the top, the active window, today, the day of the change, the bookings."""

    height: int
    months: Sequence[tuple[str, str]]
    lines: Sequence[str]
    window: tuple[str, str]
    today: str
    change: str | None
    bars: Sequence[BookingBar]
    beyond: int
    words: str


@dataclass(frozen=True, slots=True)
class _Span:
    """The days that the picture shows."""

    first: date
    last: date

    def at(self, day: date) -> float:
        """How far across a day begins, in per cent; days outside lie on the edge."""
        inside = min(max(day, self.first), self.last)
        return 100 * (inside - self.first).days / (self.last - self.first).days

    def x(self, day: date) -> str:
        return f"{self.at(day):.2f}%"

    def stretch(self, first: date, last: date | None) -> tuple[str, str]:
        """Where a stretch of days begins, and how wide it is."""
        start, end = self.at(first), self.at(last + timedelta(days=1)) if last and last < self.last else 100.0
        start = min(start, 100 - THINNEST)
        return f"{start:.2f}%", f"{max(end - start, THINNEST):.2f}%"


def booking_timeline(
    bookings: Iterable[Booking], today: date, window: Window, change: date | None
) -> BookingTimeline:
    """The strip of a child's bookings around today; `change` is the day of the next change of the status."""
    first = _plus(today, -window.lookback - 21)
    last = _plus(today, window.lookahead + 28)
    if change is not None and (change - today).days <= 2 * 366:
        last = max(last, _plus(change, 21))
    span = _Span(first, last)
    periods = [period(booking) for booking in bookings]
    shown = [each for each in periods if each.starts_on <= last and (each.ends_on or last) >= first]
    rows = _rows(shown)
    bars = [
        BookingBar(STYLES[each.state], *span.stretch(each.starts_on, each.ends_on), TOP + number * LANE)
        for number, row in enumerate(rows[:LANES])
        for each in row
    ]
    months = _months(span)
    return BookingTimeline(
        TOP + max(1, min(len(rows), LANES)) * LANE + 6,
        [(span.x(d), _month(d)) for d in months[:: -(-len(months) // LABELS)] if span.at(d) < LAST_LABEL],
        [span.x(day) for day in months],
        span.stretch(_plus(today, -window.lookback), _plus(today, window.lookahead)),
        f"{(span.at(today) + span.at(_plus(today, 1))) / 2:.2f}%",
        span.x(change) if change is not None and change <= last else None,
        bars,
        len(shown) - len(bars),
        _words(shown, today, window),
    )


def _plus(day: date, days: int) -> date:
    """A day some days away, as far as the calendar goes."""
    return date.fromordinal(min(max(day.toordinal() + days, 1), date.max.toordinal() - 1))


def _rows(periods: Sequence[domain.Booking]) -> list[list[domain.Booking]]:
    """Bookings side by side where they do not overlap, what counts first."""
    order = list(STYLES)
    rows: list[list[domain.Booking]] = []
    for each in sorted(periods, key=lambda p: (order.index(p.state), p.starts_on)):
        free = (
            row
            for row in rows
            if row[-1].ends_on is not None
            and row[-1].ends_on < each.starts_on
            and row[-1].state is each.state
        )
        row = next(free, None)
        if row is None:
            rows.append([each])
        else:
            row.append(each)
    return rows


def _months(span: _Span) -> list[date]:
    """The first days of the months shown."""
    found, day = [], span.first.replace(day=1)
    while (day := (day + timedelta(days=32)).replace(day=1)) < span.last:
        found.append(day)
    return found


def _month(day: date) -> str:
    return wording.written(day, "y" if day.month == 1 else "MMM")


def _words(periods: Sequence[domain.Booking], today: date, window: Window) -> str:
    """What the picture shows, for those who do not see it."""
    opens, closes = _plus(today, -window.lookback), _plus(today, window.lookahead)
    text = (
        f"The active window around today, {wording.day(today, today)}, goes from "
        f"{wording.day(opens, today)} to {wording.day(closes, today)}."
    )
    sentences = [
        f"{each.state.value.capitalize()} {_days(each, today)}."
        for each in sorted(periods, key=lambda p: p.starts_on)[:20]
    ]
    return " ".join([text, *sentences]) if sentences else f"{text} No booking is near it."


def _days(each: domain.Booking, today: date) -> str:
    if each.ends_on is None:
        return f"from {wording.day(each.starts_on, today)} with no end date"
    if each.ends_on == each.starts_on:
        return f"on {wording.day(each.starts_on, today)}"
    return f"from {wording.day(each.starts_on, today)} to {wording.day(each.ends_on, today)}"
