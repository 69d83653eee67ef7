"""What a change in Manage will do in Storypark, told before it is made.

A preview is the plan that would be made if this one child stood differently; nothing is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from parkway.domain import Decision, Profile, SourceSilent, Standing, Step
from parkway.engine import rules, wording
from parkway.engine.plan import NO_CHOICE, Plan, PlanInput, make_plan
from parkway.engine.spaces import Spaces
from parkway.sync.ends import connectors_for
from parkway.sync.models import MANAGE, Entry, Integration, Link, Stage
from parkway.sync.queries import explain
from parkway.sync.run.gather import gather_one, query_for
from parkway.tenancy.models import Service
from parkway.tenancy.scope import scope


@dataclass(frozen=True, slots=True)
class Impact:
    """What the next run will do for a child: `sentence` first, then what else follows from it.

    `step` is None when that cannot be told. `held` says why a person would have to look at the run first.
    """

    sentence: str
    step: Step | None = None
    more: Sequence[str] = ()
    spaces: Spaces | None = None
    held: str = ""


@dataclass(frozen=True, slots=True)
class InStorypark:
    """How a child stands in Storypark: the linked profile, why, and what the next run will do, and when.

    `next_run_at` None is as soon as possible.
    """

    profile: Profile | None
    entry: Entry | None
    next_run_at: datetime | None


def syncing(service: Service) -> Integration | None:
    """The integration of a service when it is on and its children are in Manage; else changes in Manage go
    nowhere.
    """
    found = Integration.objects.select_related("service")
    return found.filter(service=service, stage=Stage.ON, roster_end=MANAGE).first()


def in_storypark(integration: Integration, child_id: str, now: datetime) -> InStorypark:
    """How a child of an integrated service stands in Storypark."""
    service = integration.service
    link = scope(Link, service).filter(child_id=child_id).first()
    profile = None
    if link is not None:
        query = query_for(integration, now)._replace(only=[link.profile_id])
        answer = connectors_for(integration).profiles.read([query])[service.pk]
        profile = answer.profiles.get(link.profile_id)
    return InStorypark(profile, explain.why(service, child_id), when(integration, now))


def when(integration: Integration, now: datetime) -> datetime | None:
    """When the next run is; None for as soon as possible."""
    at = integration.next_run_at
    return at if at is not None and at > now else None


def impact_of(
    integration: Integration,
    child_id: str,
    standing: Standing,
    later: Standing | None,
    now: datetime,
) -> Impact:
    """What the next run will do for a child who then stands like this, and `later` from the day on which
    that changes by itself.
    """
    try:
        plan_input = gather_one(integration, now).plan_input
    except SourceSilent as silent:
        return Impact(str(silent))
    before, after = make_plan(plan_input), make_plan(_with(plan_input, child_id, standing))
    decision = _of(after, child_id)
    if decision is None:
        return Impact(f"{plan_input.ends.roster} does not list this child, so nothing can be told.")
    more = [*_later(after.input, decision, later), *_others(before, after, child_id)]
    held = after.held.reason if after.held else ""
    return Impact(_sentence(after, decision, _of(before, child_id)), decision.step, more, after.spaces, held)


def _with(plan_input: PlanInput, child_id: str, standing: Standing) -> PlanInput:
    children = [
        child._replace(standing=standing) if child.child_id == child_id else child
        for child in plan_input.children
    ]
    return replace(plan_input, children=children)


def _of(plan: Plan, child_id: str) -> Decision | None:
    return next((decision for decision in plan.decisions if decision.child_id == child_id), None)


SENTENCES = {
    Step.CREATE: "{name} gets a new profile at the next run, which takes a space.",
    Step.LINK: "At the next run {name} is linked to the profile with the same name and date of birth.",
    Step.RESTORE: "{whose} profile will be restored at the next run, the same profile with everything in it, "
    "and takes a space.",
    Step.UPDATE: "{whose} profile stays live, and is brought up to date at the next run.",
    Step.NO_CHANGE: "Nothing changes: {whose} profile stays live.",
    Step.ARCHIVE: "{whose} profile will be archived at the next run; everything in it is kept.",
}


def _sentence(plan: Plan, decision: Decision, before: Decision | None) -> str:
    name = decision.called
    if decision.step in SENTENCES:
        return SENTENCES[decision.step].format(name=name, whose=wording.possessive(name))
    if decision.step is Step.WAIT and decision.position is not None:
        pays = wording.count(plan.spaces.paid_children, "child", "children")
        return (
            f"{name} waits for a space, {wording.ordinal(decision.position)} in line: "
            f"the plan pays for {pays}, and no space is free."
        )
    if decision.step is Step.NEEDS_REVIEW or rules.BY_SLUG[decision.rule] in LEFT_ALONE:
        return plan.because(decision)
    if decision.profile is not None:
        return f"Nothing changes: {wording.possessive(name)} profile stays archived."
    if before is not None and before.step is Step.WAIT:
        return f"{name} no longer waits for a space."
    return f"{name} has no profile in {plan.input.ends.profiles}, and gets none."


LEFT_ALONE = tuple(rule for rule in rules.RULES if rule.verdict is rules.Verdict.LEFT_ALONE)


def _later(plan_input: PlanInput, decision: Decision, later: Standing | None) -> list[str]:
    """What follows on the day on which the status changes by itself, when that is another answer."""
    child = decision.child
    if child is None or later is None or child.standing.next_change is None:
        return []
    choice, day = plan_input.choices.get(child.child_id, NO_CHOICE), child.standing.next_change
    now, then = (
        rules.rule_for(each, choice.kind, plan_input.inactive, choice.keep_until, on).verdict
        for each, on in ((child, plan_input.today), (child._replace(standing=later), day))
    )
    if now is then:
        return []
    on, name = wording.day(day, plan_input.today), decision.called
    if then is rules.Verdict.DOES_NOT:
        return [f"On {on} {name} becomes {later.status}, and a run soon after that archives the profile."]
    return [
        f"On {on} {name} becomes {later.status}, and from then on has a live profile, when a space is free."
    ]


def _others(before: Plan, after: Plan, child_id: str) -> list[str]:
    """Who gets a space, and who loses a place, because of this child."""
    waited = {decision.child_id for decision in before.decisions if decision.step is Step.WAIT}
    comes = [d for d in after.actions() if d.child_id in waited - {child_id}]
    waits = [d for d in after.decisions if d.step is Step.WAIT and d.child_id not in waited | {child_id}]
    texts = [f"The space that becomes free goes to {d.called}, who waits for one." for d in comes]
    return texts + [f"{d.called} then waits for a space, behind this child." for d in waits]
