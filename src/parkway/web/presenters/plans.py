"""A plan as the pages show it: what it does in groups, counted, and what it means for the spaces (B1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from parkway.domain import Decision, Details, Step
from parkway.engine.plan import Plan
from parkway.engine.wording import count


class PlanLine(NamedTuple):
    """One child in a plan."""

    child_id: str
    called: str
    name: str
    because: str
    position: int | None


class PlanGroup(NamedTuple):
    """The children for whom a plan does the same."""

    step: Step
    title: str
    what: str
    lines: Sequence[PlanLine]


class ShownPlan(NamedTuple):
    """A plan for people. `fingerprint` is what confirming it carries."""

    groups: Sequence[PlanGroup]
    fingerprint: str
    paid_children: int
    live: int
    live_after: int
    waiting: int
    held: str

    @property
    def over_by(self) -> int:
        """How many live profiles there will be that the plan does not pay for (D6)."""
        return max(0, self.live_after - self.paid_children)

    @property
    def children(self) -> int:
        """How many children the plan speaks of."""
        return sum(len(group.lines) for group in self.groups)

    @property
    def changes(self) -> int:
        return sum(len(g.lines) for g in self.groups if g.step not in (Step.WAIT, Step.NEEDS_REVIEW))


TITLES = {
    Step.CREATE: ("will get a new profile", "New profiles, made from what {0.roster} knows."),
    Step.LINK: ("will be linked", "Profiles that are there already, tied to the child in {0.roster}."),
    Step.RESTORE: ("will be restored", "The same profile as before, with everything in it."),
    Step.UPDATE: ("will be updated", "Names, date of birth, gender or rooms changed in {0.roster}."),
    Step.ARCHIVE: ("will be archived", "Everything in the profile is kept, and comes back with the child."),
    Step.WAIT: ("will wait for a space", "In this order. Nobody is archived to make room."),
    Step.NEEDS_REVIEW: ("need a person", "Nothing happens to them until somebody has looked."),
}


def show(plan: Plan) -> ShownPlan:
    """A plan in groups, in the order in which people want to know."""
    groups = []
    for step, (does, what) in TITLES.items():
        found = [decision for decision in plan.decisions if decision.step is step]
        if found:
            found.sort(key=lambda d: (d.position or 0, name_of(d).casefold()))
            title = f"{count(len(found), 'child', 'children')} {_agreed(does, len(found))}"
            groups.append(
                PlanGroup(
                    step, title, what.format(plan.input.ends), [_line(plan, decision) for decision in found]
                )
            )
    spaces = plan.spaces
    return ShownPlan(
        groups,
        plan.fingerprint,
        spaces.paid_children,
        spaces.live,
        spaces.live_after,
        spaces.waiting,
        plan.held.reason if plan.held else "",
    )


VERBS = {Step.CREATE: "create", Step.LINK: "link", Step.RESTORE: "restore", Step.ARCHIVE: "archive"}


def button(plan: ShownPlan, otherwise: str, act: str = "") -> str:
    """What the button that confirms a plan says it does: "Restore 12 profiles and archive 3". With an act:
    "Change the window: archive 12 profiles and keep 3".
    """
    verbs = {**VERBS, Step.UPDATE: "update"} if act else VERBS
    found = [(verbs[group.step], len(group.lines)) for group in plan.groups if group.step in verbs]
    archived = dict(found).get("archive", 0)
    if act and archived and plan.live > archived:
        found.append(("keep", plan.live - archived))
    if not found:
        return otherwise
    (verb, number), *more = found
    first = f"{verb if act else verb.capitalize()} {count(number, 'profile')}"
    *others, last = [first, *(f"{verb} {number:,}" for verb, number in more)]
    does = f"{', '.join(others)} and {last}" if others else last
    return f"{act}: {does}" if act else does


def _agreed(does: str, number: int) -> str:
    return "needs a person" if does == "need a person" and number == 1 else does


def name_of(decision: Decision) -> str:
    """The whole name of the child of a decision; for a missing child the profile's."""
    source = decision.child or decision.profile
    return whole_name(source.details) if source else decision.child_id


def whole_name(details: Details) -> str:
    """First and last name."""
    return f"{details.first_name} {details.last_name}".strip() or details.called


def _line(plan: Plan, decision: Decision) -> PlanLine:
    called = decision.called or decision.child_id
    return PlanLine(decision.child_id, called, name_of(decision), plan.because(decision), decision.position)
