"""The forecast as people read it (B3): week by week, a line for each child with what the profile does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import NamedTuple

from parkway.domain import Decision, Step
from parkway.engine.forecast import Forecast, ForecastDay
from parkway.engine.wording import ordinal, written
from parkway.web.presenters.plans import name_of, whole_name

DOES = {
    Step.CREATE: "gets a new profile",
    Step.LINK: "is linked to the profile that is there",
    Step.RESTORE: "gets the same profile back",
    Step.UPDATE: "has details brought up to date",
    Step.NO_CHANGE: "keeps a live profile",
    Step.ARCHIVE: "has the profile archived",
    Step.LEAVE_OUT: "has no live profile, as before",
    Step.WAIT: "waits for a space",
    Step.NEEDS_REVIEW: "needs a person to look first",
}


class ForecastLine(NamedTuple):
    """One child on one day: the new status, when it changes, and what happens to the profile."""

    day: date
    child_id: str
    name: str
    status: str
    does: str


class Week(NamedTuple):
    """What happens in a week, Monday to Sunday, and how the spaces stand at its end."""

    title: str
    lines: Sequence[ForecastLine]
    live: int
    paid: int
    waiting: int

    @property
    def left(self) -> int:
        return max(0, self.paid - self.live)


def weeks(seen: Forecast, today: date) -> list[Week]:
    """The days of a forecast, gathered into weeks."""
    found = []
    for monday, days in groupby(seen.days, lambda day: day.day - timedelta(days=day.day.weekday())):
        of_week = list(days)
        spaces = of_week[-1].plan.spaces
        lines = [line for day in of_week for line in _lines(day)]
        title = _title(monday, today)
        found.append(Week(title, lines, spaces.live_after, spaces.paid_children, spaces.waiting))
    return found


def _lines(day: ForecastDay) -> Iterator[ForecastLine]:
    turned = {child.child_id: (child, status) for child, status in day.turned}
    decided = {decision.child_id: decision for decision in day.decisions}
    if turned.keys() - decided.keys():
        wanted = turned.keys() - decided.keys()
        decided |= {d.child_id: d for d in day.plan.decisions if d.child_id in wanted}
    for child_id, decision in decided.items():
        _, status = turned.get(child_id, (None, ""))
        yield ForecastLine(day.day, child_id, name_of(decision), str(status), _does(decision))
    for child_id, (child, status) in turned.items():
        if child_id not in decided:
            yield ForecastLine(
                day.day, child_id, whole_name(child.details), str(status), DOES[Step.LEAVE_OUT]
            )


def _does(decision: Decision) -> str:
    place = f", {ordinal(decision.position)} in line" if decision.position else ""
    return f"{DOES[decision.step]}{place}"


def _title(monday: date, today: date) -> str:
    sunday = monday + timedelta(days=6)
    if monday <= today <= sunday:
        return "This week"
    if monday <= today + timedelta(days=7) <= sunday:
        return "Next week"
    first = written(monday, "d" if monday.month == sunday.month else "d MMMM")
    return f"{first} to {written(sunday, 'd MMMM y')}"
