"""What the Account page asks of syncing: who waits for a space, and how many spaces will be needed (B7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from parkway.domain import Decision, InactivePolicy, Status, Step
from parkway.engine import forecast
from parkway.engine.plan import NO_CHOICE, Plan, belonging, make_plan
from parkway.sync.ends import connectors_for
from parkway.sync.integrations import integration_of
from parkway.sync.models import Integration
from parkway.sync.queries import explain
from parkway.sync.run.gather import gather_one, query_for
from parkway.tenancy.models import Service

WEEKS = 8


class Waiting(NamedTuple):
    """A child who waits for a space: the place in line, since when, and why the child belongs here."""

    decision: Decision
    since: datetime | None
    belongs: str


class Need(NamedTuple):
    """From a day on, so many spaces are needed for everybody who belongs and every other live profile."""

    day: date
    number: int


@dataclass(frozen=True, slots=True)
class SpaceForecast:
    """The spaces of a service today and in the coming weeks.

    `active` and `inactive` are the children who belong in Storypark under the setting. `to_check` of them
    take no space until a person chooses; `others` are the live profiles that take a space beside theirs;
    of `blind` nothing can be foreseen.
    """

    plan: Plan
    waiting: Sequence[Waiting]
    needs: Sequence[Need]
    runs_out_on: date | None
    active: int
    inactive: int
    others: int
    to_check: int
    blind: int
    until: date

    @property
    def keeps_inactive(self) -> bool:
        """Whether Inactive children belong because of the setting, not of a day to keep one until (B4)."""
        return self.plan.input.inactive is InactivePolicy.STAY

    @property
    def needed_now(self) -> int:
        return self.needs[0].number

    @property
    def most(self) -> Need:
        """The most that will be needed, and the first day of it."""
        return max(self.needs, key=lambda need: need.number)


def space_forecast(service: Service, now: datetime) -> SpaceForecast:
    """The spaces of a service whose integration is enabled, now and through the coming weeks."""
    integration: Integration = integration_of(service)
    plan_input = gather_one(integration, now).plan_input
    plan = make_plan(plan_input)
    seen = forecast.look_ahead(
        plan_input, connectors_for(integration).roster.bookings(query_for(integration, now)), WEEKS * 7
    )
    needs = {plan_input.today: needed(plan)} | {day.day: needed(day.plan) for day in seen.days}
    children = belonging(plan_input)
    statuses, ids = [c.standing.status for c in children], {c.child_id for c in children}
    to_check = sum(d.step is Step.NEEDS_REVIEW and d.child_id in ids for d in plan.decisions)
    return SpaceForecast(
        plan,
        queue(service, plan),
        [Need(day, number) for day, number in needs.items()],
        seen.out_of_spaces_on,
        statuses.count(Status.ACTIVE),
        statuses.count(Status.INACTIVE),
        needed(plan) - (len(children) - to_check),
        to_check,
        len(seen.blind),
        max(needs),
    )


def needed(plan: Plan) -> int:
    """How many spaces would leave nobody waiting."""
    return plan.spaces.live_after + plan.spaces.waiting


def queue(service: Service, plan: Plan) -> list[Waiting]:
    """Who waits for a space under a plan, first in line first, and since when (D5, B7)."""
    waits = sorted(
        (d for d in plan.decisions if d.position is not None), key=lambda decision: decision.position or 0
    )
    began = explain.since(service, Step.WAIT, [decision.child_id for decision in waits])
    return [Waiting(d, began.get(d.child_id), _belongs(d, plan)) for d in waits]


def _belongs(waits: Decision, plan: Plan) -> str:
    """The reason why a child who waits belongs in Storypark, which is also what the place in line goes by."""
    choice = plan.input.choices.get(waits.child_id, NO_CHOICE)
    facts = {"keep_until": choice.keep_until}
    return plan.because(waits._replace(rule=str(waits.facts["belongs_by"]), facts=facts))
