"""From everything that a plan depends on to the plan: a value with a fingerprint."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from parkway.domain import (
    ACTIONS,
    Child,
    Choice,
    Decision,
    EndNames,
    Facts,
    InactivePolicy,
    Limits,
    Profile,
    ProfileState,
    Step,
    Window,
)
from parkway.engine import matching, rules, safety, spaces
from parkway.engine.changes import NO_CHANGES, differences, plain
from parkway.engine.matching import RoomStep

NO_CHOICE = Choice()


class SettledTotals(NamedTuple):
    """How many children are settled, and how many profiles there are.

    A settled child neither waits nor is held: until something about the child, the profile or the setting
    changes, the next plan decides the same and writes nothing. Of the settled children, `kept` have a live
    profile and `left_out` have none. `live` counts the live profiles, `linked` the live profiles that are
    linked, `unlinked` the live and archived profiles that are not.
    """

    with_profile: int = 0
    left_out: int = 0
    live: int = 0
    linked: int = 0
    unlinked: int = 0


NO_OTHERS = SettledTotals()


@dataclass(frozen=True, slots=True)
class PlanInput:
    """Everything that the plan of one service on one day depends on.

    `children` as the source lists them; `profiles` by id, tombstones included; `links` from child id to
    profile id; `choices` by child id; `asked`, by child id, the facts of the children whom a person was
    asked about before; `others` counts the settled children, and their profiles, that were not read; `ends`
    are the names of the two ends, for sentences.
    """

    today: date
    inactive: InactivePolicy
    paid_children: int
    children: Sequence[Child]
    profiles: Mapping[str, Profile]
    links: Mapping[str, str]
    choices: Mapping[str, Choice] = field(default_factory=dict)
    asked: Mapping[str, Facts] = field(default_factory=dict)
    rooms: Sequence[RoomStep] = ()
    window: Window = field(default_factory=Window)
    limits: Limits = field(default_factory=Limits)
    others: SettledTotals = NO_OTHERS
    ends: EndNames = field(kw_only=True)

    def live_profiles(self) -> int:
        """How many profiles are live."""
        states = [profile.state for profile in self.profiles.values()]
        return states.count(ProfileState.LIVE) + self.others.live

    def live_linked(self) -> int:
        """How many profiles are live and linked."""
        linked = (self.profiles.get(profile_id) for profile_id in set(self.links.values()))
        live = sum(profile is not None and profile.state is ProfileState.LIVE for profile in linked)
        return live + self.others.linked


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would do: a decision for each child in the order of their ids, what that means for the
    spaces, and why the plan is held, if it is.
    """

    input: PlanInput
    decisions: Sequence[Decision]
    spaces: spaces.Spaces
    held: safety.Hold | None

    def counts(self) -> dict[Step, int]:
        """How many children each step concerns, 0 included; children that were not read are counted too."""
        counted = Counter([decision.step for decision in self.decisions])
        counted[Step.NO_CHANGE] += self.input.others.with_profile
        counted[Step.LEAVE_OUT] += self.input.others.left_out
        return {step: counted[step] for step in Step}

    def settled(self) -> SettledTotals | None:
        """What this plan leaves once it is carried out; None when it leaves a child waiting or held."""
        steps = self.counts()
        if steps[Step.WAIT] or steps[Step.NEEDS_REVIEW]:
            return None
        linked = {*self.input.links.values(), *(decision.profile_id for decision in self.actions())}
        unlinked = sum(
            profile.state is not ProfileState.DELETED and profile.profile_id not in linked
            for profile in self.input.profiles.values()
        )
        live_unlinked = self.spaces.live - self.input.live_linked() - steps[Step.LINK]
        left_out = steps[Step.ARCHIVE] + steps[Step.LEAVE_OUT]
        return SettledTotals(
            with_profile=sum(steps.values()) - left_out,
            left_out=left_out,
            live=self.spaces.live_after,
            linked=self.spaces.live_after - live_unlinked,
            unlinked=unlinked + self.input.others.unlinked,
        )

    def actions(self) -> Iterator[Decision]:
        """The decisions that write something."""
        return (decision for decision in self.decisions if decision.step in ACTIONS)

    @property
    def changes_nothing(self) -> bool:
        """Whether there is nothing to write: all that is left waits, is held, or is as it should be (B6)."""
        pending_rooms = any(room.pending for room in self.input.rooms)
        return not pending_rooms and next(self.actions(), None) is None

    def because(self, decision: Decision) -> str:
        """The reason of one of this plan's decisions, as a sentence for people."""
        return rules.because(decision, self.input.window, self.input.today, self.input.ends)

    @property
    def fingerprint(self) -> str:
        """What a person consents to, as 16 hexadecimal digits (B1): steps, the values they write, the setting
        and the paid children; neither sentences nor the day.
        """
        digest = hashlib.sha256()
        head = [self.input.inactive, self.input.paid_children]
        digest.update(json.dumps([*head, *map(list, self.input.rooms)]).encode())
        for decision in self.decisions:
            values = {name: to for name, (_, to) in decision.changes.items()}
            if decision.step is Step.CREATE and decision.child is not None:
                values = decision.child.details.by_name()
            line = [decision.child_id, decision.step, decision.profile_id, plain(values)]
            digest.update(json.dumps(line, sort_keys=True).encode())
        return digest.hexdigest()[:16]


def make_plan(plan_input: PlanInput) -> Plan:
    """The plan for one service: who belongs (rules), whose profile is whose (matching), who gets a space."""
    setting, today = plan_input.inactive, plan_input.today
    profiles, links, choices = plan_input.profiles, plan_input.links, plan_input.choices
    usual = rules.without_a_choice(setting)
    decisions: dict[str, Decision] = {}
    seekers: list[tuple[Child, rules.Rule, Facts]] = []
    for child in plan_input.children:
        child_id = child.child_id
        choice = choices.get(child_id, NO_CHOICE)
        if choice is NO_CHOICE:
            rule = usual[child.standing.status]
        else:
            rule = rules.rule_for(child, choice.kind, setting, choice.keep_until, today)
        facts = rule.looks_at(child.standing, choice)
        profile_id = links.get(child_id)
        profile = profiles.get(profile_id) if profile_id is not None else None
        if profile_id is not None and profile is None and not _settled_by_a_person(rule, choice):
            decisions[child_id] = _profile_unknown(child, profile_id)
            continue
        if profile is not None and profile.state is ProfileState.DELETED:
            profile = None
        if profile is None and rule.verdict is rules.Verdict.BELONGS:
            seekers.append((child, rule, facts))
        else:
            decisions[child_id] = _settle(child, rule, facts, profile)
    if seekers:
        sought = [child for child, _, _ in seekers]
        found = matching.seek(sought, profiles, set(links.values()), choices, plan_input.asked)
        for child, rule, facts in seekers:
            child_id = child.child_id
            decisions[child_id] = _settle_seeker(child, rule, facts, found.get(child_id, matching.NOTHING))
    for child_id in links.keys() - {child.child_id for child in plan_input.children}:
        decisions[child_id] = _settle_missing(child_id, plan_input)
    return _give_spaces(plan_input, decisions)


def _settle(child: Child, rule: rules.Rule, facts: Facts, profile: Profile | None) -> Decision:
    """The decision for a child with this live or archived profile, or with none."""
    step = rules.STEPS[rule.verdict][profile.state if profile else None]
    changes = NO_CHANGES
    if profile is not None and step in (Step.NO_CHANGE, Step.RESTORE):
        changes = differences(child, profile)
        if step is Step.NO_CHANGE and changes:
            step = Step.UPDATE
    return Decision(child.child_id, child, profile, step, rule.slug, facts, changes)


def _settle_seeker(child: Child, rule: rules.Rule, facts: Facts, found: matching.Found) -> Decision:
    """The decision for a child who belongs and has no profile: create, link, restore or ask (D19)."""
    if found.doubt is not None:
        slug = rules.PLEASE_CHECK.slug
        return Decision(child.child_id, child, None, Step.NEEDS_REVIEW, slug, found.doubt, NO_CHANGES)
    decision = _settle(child, rule, facts, found.profile)
    return decision._replace(step=Step.LINK) if decision.step in (Step.NO_CHANGE, Step.UPDATE) else decision


def _settled_by_a_person(rule: rules.Rule, choice: Choice) -> bool:
    """Whether a person chose what to do for a child whose linked profile its end does not list (D9, D23)."""
    if rule.verdict is rules.Verdict.BELONGS:
        return choice.kind in matching.ANSWERS
    return rule.verdict is rules.Verdict.LEFT_ALONE


def _profile_unknown(child: Child, profile_id: str) -> Decision:
    """The decision to ask a person, for a child whose linked profile its end does not list: an absent profile
    is unknown, never deleted (D10).
    """
    facts: Facts = {"reason": matching.Doubt.PROFILE_UNKNOWN.value, "profiles": [profile_id]}
    return Decision(
        child.child_id, child, None, Step.NEEDS_REVIEW, rules.PLEASE_CHECK.slug, facts, NO_CHANGES
    )


def _settle_missing(child_id: str, plan_input: PlanInput) -> Decision:
    """The decision for a linked profile whose child the source no longer lists (D8)."""
    choice = plan_input.choices.get(child_id, NO_CHOICE)
    profile = plan_input.profiles.get(plan_input.links[child_id])
    if profile is not None and profile.state is ProfileState.DELETED:
        profile = None
    rule = rules.rule_for(None, choice.kind, plan_input.inactive, None, plan_input.today)
    step = rules.STEPS[rule.verdict][profile.state if profile else None]
    return Decision(child_id, None, profile, step, rule.slug, {}, NO_CHANGES)


def unlisted(child_id: str) -> Decision:
    """The decision for a child who is neither listed nor linked any more: there is nothing to decide."""
    rule = rules.rule_for(None, None, InactivePolicy.LEAVE, None, date.min)
    step = rules.STEPS[rule.verdict][None]
    return Decision(child_id, None, None, step, rule.slug, {}, NO_CHANGES)


def _give_spaces(plan_input: PlanInput, decisions: dict[str, Decision]) -> Plan:
    """The plan with these decisions by child id, but for those who have to wait for a space (D4, D5); held
    when a person has to look first (D12).
    """
    live = plan_input.live_profiles()
    archives = [decision.step for decision in decisions.values()].count(Step.ARCHIVE)
    claims = [d for d in decisions.values() if d.step in (Step.CREATE, Step.RESTORE)]
    free = spaces.free_spaces(plan_input.paid_children, live, archives)
    granted, waiting = spaces.allot(claims, free, plan_input.today)
    for position, claim in enumerate(waiting, start=1):
        decisions[claim.child_id] = _wait(claim, position, plan_input.paid_children)
    return Plan(
        plan_input,
        [decisions[child_id] for child_id in sorted(decisions)],
        spaces.Spaces(plan_input.paid_children, live, live - archives + len(granted), len(waiting)),
        safety.hold(archives, plan_input.live_linked(), plan_input.limits),
    )


def _wait(claim: Decision, position: int, paid_children: int) -> Decision:
    """The decision for a child who waits in place of `claim`, at this place in line, from 1."""
    facts: Facts = {"position": position, "paid_children": paid_children, "belongs_by": claim.rule}
    return claim._replace(
        step=Step.WAIT, rule=rules.NO_SPACE.slug, facts=facts, changes=NO_CHANGES, position=position
    )


def belonging(plan_input: PlanInput) -> list[Child]:
    """The children who belong under the setting, in the order of their ids."""
    found = []
    for child in plan_input.children:
        choice = plan_input.choices.get(child.child_id, NO_CHOICE)
        rule = rules.rule_for(child, choice.kind, plan_input.inactive, choice.keep_until, plan_input.today)
        if rule.verdict is rules.Verdict.BELONGS:
            found.append(child)
    return sorted(found, key=lambda child: child.child_id)
