"""What a plan leaves once it is carried out: to look ahead, and to prove that nothing is left to do."""

from __future__ import annotations

from dataclasses import replace

from parkway.domain import ACTIONS, OUTCOMES, Choice, ChoiceKind, Decision, Facts, Profile, ProfileState, Step
from parkway.engine import rules
from parkway.engine.changes import details_after
from parkway.engine.plan import NO_CHOICE, Plan, PlanInput, make_plan


def nothing_left(plan: Plan, now: PlanInput) -> bool:
    """Whether nothing is left to do after a plan was carried out; `now` is what is found then (B6).

    Where each child stands as the plan wanted, nothing is; else the plan is made again.
    """
    return _all_stand(plan, now) or make_plan(now).changes_nothing


def _all_stand(plan: Plan, now: PlanInput) -> bool:
    """Whether each child has a live profile with the child's own details, or no live one, as decided.

    False also where a child waits, is held or is missing: what is decided for such a child depends on others.
    """
    if any(room.pending for room in now.rooms):
        return False
    links, profiles = now.links, now.profiles
    for decision in plan.decisions:
        if decision.child is None:
            return False
        profile = profiles.get(links.get(decision.child_id, ""))
        match OUTCOMES[decision.step]:
            case "live" if profile is not None and profile.details == decision.child.details:
                stands = profile.state is ProfileState.LIVE
            case "out":
                stands = profile is None or profile.state is ProfileState.ARCHIVED
            case _:
                stands = False
        if not stands:
            return False
    return True


def after(plan: Plan) -> PlanInput:
    """What the next plan depends on once this one is carried out; for looking ahead.

    New profiles are called "new:<child id>". Rooms are taken to be as they shall be.
    """
    profiles, links = dict(plan.input.profiles), dict(plan.input.links)
    choices, asked = dict(plan.input.choices), dict[str, Facts]()
    for decision in plan.decisions:
        if decision.rule == rules.PLEASE_CHECK.slug:
            asked[decision.child_id] = decision.facts
        profile = _profile_after(decision)
        if profile is None or decision.step not in ACTIONS:
            continue
        profiles[profile.profile_id] = profile
        links[decision.child_id] = profile.profile_id
        choice = choices.get(decision.child_id, NO_CHOICE)
        if carries_out(decision, choice):  # the day to keep until stays
            choices[decision.child_id] = choice._replace(kind=None, profile_id=None)
    return replace(plan.input, profiles=profiles, links=links, choices=choices, asked=asked, rooms=())


def _profile_after(decision: Decision) -> Profile | None:
    """The profile concerned as a decision leaves it; None where there is none."""
    child, profile = decision.child, decision.profile
    if decision.step is Step.CREATE and child is not None:
        return Profile(f"new:{child.child_id}", ProfileState.LIVE, child.details)
    if profile is None:
        return None
    if decision.step is Step.ARCHIVE:
        return profile._replace(state=ProfileState.ARCHIVED)
    if decision.step in (Step.LINK, Step.RESTORE, Step.UPDATE):
        return Profile(
            profile.profile_id, ProfileState.LIVE, details_after(profile, decision.changes), profile.supplied
        )
    return profile


def carries_out(decision: Decision, choice: Choice) -> bool:
    """Whether a decision is what a person chose for the child: this profile, or a new one (D23)."""
    if choice.kind is ChoiceKind.NEW:
        return decision.step is Step.CREATE
    chosen = choice.kind is ChoiceKind.PROFILE and decision.profile_id == choice.profile_id
    return chosen and decision.step in ACTIONS
