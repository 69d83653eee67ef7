"""The forecast as a picture (B3): live profiles from day to day under the line of the paid children."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

from parkway.engine.forecast import Forecast
from parkway.engine.wording import written

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 760, 240, 40, 14, 28


class Tick(NamedTuple):
    """A mark on an axis: where, and what it says."""

    at: float
    text: str


class Chart(NamedTuple):
    """Points of the drawing, in its own units of WIDTH by HEIGHT."""

    line: str
    paid_y: float
    paid: int
    days: list[Tick]
    levels: list[Tick]
    out_x: float | None
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    base: int = HEIGHT - BOTTOM


def live_profiles(seen: Forecast, today: date, days: int) -> Chart | None:
    """The chart of a forecast; None when nothing happens that could be drawn."""
    if not seen.days:
        return None
    first = seen.days[0].plan.spaces
    known = [(today, first.live), *((day.day, day.plan.spaces.live_after) for day in seen.days)]
    paid = first.paid_children
    lives = [live for _, live in known]
    low, high = min(*lives, paid), max(*lives, paid)
    margin = max(2, (high - low) // 8)
    low, high = max(0, low - margin), high + margin

    def x(day: date) -> float:
        return round(LEFT + (WIDTH - LEFT) * (day - today).days / days, 1)

    def y(live: float) -> float:
        return round(TOP + (HEIGHT - TOP - BOTTOM) * (high - live) / (high - low), 1)

    steps = [f"M{x(today)} {y(known[0][1])}"]
    steps += [f"H{x(day)} V{y(live)}" for day, live in known[1:]]
    weeks = [today + timedelta(days=at) for at in range(0, days - 3, max(7, days // 8 // 7 * 7))]
    return Chart(
        " ".join([*steps, f"H{WIDTH}"]),
        y(paid),
        paid,
        [Tick(x(day), written(day, "d MMM")) for day in weeks],
        [Tick(y(level), str(level)) for level in sorted({low, (low + high) // 2, high})],
        x(seen.out_of_spaces_on) if seen.out_of_spaces_on else None,
    )
