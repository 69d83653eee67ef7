"""The plan on later days (B3): who becomes Active or Inactive when, and what that does to the profiles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from parkway.domain import ACTIONS, Booking, Child, Decision, Status, Step
from parkway.engine import plan as plans
from parkway.engine import status
from parkway.engine.outcome import after


@dataclass(frozen=True, slots=True)
class ForecastDay:
    """One day on which something happens.

    `turned` are the children whose status changes by itself on that day, with the new status; `decisions`
    those that write to a profile, begin to wait or stop waiting.
    """

    day: date
    turned: Sequence[tuple[Child, Status]]
    plan: plans.Plan
    decisions: Sequence[Decision]


@dataclass(frozen=True, slots=True)
class Forecast:
    """The days to come on which something happens, in order, and the first day on which a child has to wait.

    `blind` names the children of whom nothing can be foreseen, because their source gives a bare status.
    """

    days: Sequence[ForecastDay]
    out_of_spaces_on: date | None
    blind: Sequence[str]


def look_ahead(start: plans.PlanInput, bookings: Mapping[str, Sequence[Booking]], days: int) -> Forecast:
    """What the plan will be from `start.today` through `days` days later, if nobody changes anything.

    `bookings` by child id. Every plan is taken to be applied, also one that would be held for a person.
    """
    until = start.today + timedelta(days=days)
    children = {child.child_id: child for child in start.children}
    foreseen = {
        child_id: booked
        for child_id, booked in bookings.items()
        if child_id in children and children[child_id].standing.status is not Status.ARCHIVED
    }
    stale = {i: status.stale_on(booked, start.today, start.window) for i, booked in foreseen.items()}
    plan_input, found, out_on, waited = start, [], None, frozenset[str]()
    for day in _days_to_look_at(start, foreseen.values(), until):
        turned = []
        for child_id in sorted(child_id for child_id, since in stale.items() if since and since <= day):
            before, booked = children[child_id], foreseen[child_id]
            now = before._replace(standing=status.standing(booked, day, start.window))
            children[child_id], stale[child_id] = now, status.stale_on(booked, day, start.window)
            if now.standing.status is not before.standing.status:
                turned.append((now, now.standing.status))
        plan = plans.make_plan(replace(plan_input, today=day, children=list(children.values())))
        waiting = frozenset(d.child_id for d in plan.decisions if d.step is Step.WAIT)
        moved = [d for d in plan.decisions if d.step in ACTIONS or d.child_id in waiting ^ waited]
        if turned or moved:
            found.append(ForecastDay(day, turned, plan, moved))
        if waiting and out_on is None:
            out_on = day
        plan_input, waited = after(plan), waiting
    blind = sorted(c.child_id for c in start.children if not c.standing.bookings_known)
    return Forecast(found, out_on, blind)


def _days_to_look_at(start: plans.PlanInput, booked: Iterable[Sequence[Booking]], until: date) -> list[date]:
    """Today, and the days on which a status changes by itself or a day to keep until is over."""
    turning = {day for bookings in booked for day in status.changes_of_status(bookings, start.window)}
    until_days = {choice.keep_until for choice in start.choices.values() if choice.keep_until}
    over = {day + timedelta(days=1) for day in until_days if day < until}
    return sorted({start.today, *(day for day in turning | over if start.today < day <= until)})
