"""Pictures of the Account page as places in a square of 100 by 100: the bar of spaces, the line of the needs.

The words and numbers stand beside them as text, so that they read well at every width.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from parkway.sync.queries.space_forecast import Need


class BarPart(NamedTuple):
    """A part of the bar: its kind, how many children, where it begins and how wide it is."""

    kind: str
    number: int
    x: float
    width: float


def bar(paid: int, live: int, waiting: int) -> list[BarPart]:
    """The bar: live profiles the plan pays for, those over the plan (D6), free spaces, children who wait."""
    numbers = {
        "live": min(live, paid),
        "over": max(0, live - paid),
        "free": max(0, paid - live - waiting),
        "waits": waiting,
    }
    whole = sum(numbers.values()) or 1
    parts, x = [], 0.0
    for kind, number in numbers.items():
        width = 100 * number / whole
        if number:
            parts.append(BarPart(kind, number, round(x, 2), round(width, 2)))
        x += width
    return parts


class SpacesLine(NamedTuple):
    """The line of the needs as an SVG path, the area below it, and the height of the plan's limit."""

    path: str
    area: str
    limit: float


def line(needs: Sequence[Need], paid: int, days: int) -> SpacesLine:
    """Steps from day to day, drawn between the least and the most there is to show."""
    numbers = [need.number for need in needs]
    low, high = min(*numbers, paid), max(*numbers, paid)
    pad = max(1.0, (high - low) * 0.2)

    def y(number: float) -> float:
        return round(100 - 100 * (number - low + pad) / (high - low + 2 * pad), 2)

    first = needs[0].day
    steps = [f"M0 {y(needs[0].number)}"]
    steps += [f"H{round(100 * (n.day - first).days / days, 2)} V{y(n.number)}" for n in needs[1:]]
    path = " ".join([*steps, "H100"])
    return SpacesLine(path, f"{path} V100 H0 Z", y(paid))
