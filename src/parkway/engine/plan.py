"""From everything a plan depends on to a plan: a value with a fingerprint."""

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
    FIELDS,
    OUTCOMES,
    Changes,
    Child,
    Choice,
    ChoiceKind,
    Decision,
    Details,
    Facts,
    InactivePolicy,
    Limits,
    Profile,
    ProfileState,
    Step,
    Value,
    Window,
)
from parkway.engine import matching, rules, safety, spaces
from parkway.engine.matching import RoomStep

NO_CHOICE = Choice()
NO_CHANGES: Changes = {}


class SettledTotals(NamedTuple):
    """Children and profiles as numbers: those who are settled, and of whom nothing changed since.

    A child is settled who neither waits nor is held: until something about the child, the profile or the
    setting changes, the next plan decides the same and writes nothing. `kept` children have a live profile,
    the others are left out; `live` counts live profiles, `linked` those of them that are linked, `unlinked`
    live and archived profiles that are not.
    """

    kept: int = 0
    left_out: int = 0
    live: int = 0
    linked: int = 0
    unlinked: int = 0


NOBODY = SettledTotals()


@dataclass(frozen=True, slots=True)
class PlanInput:
    """Everything a plan depends on, for one service on one day.

    `children` as the source lists them; `profiles` by id, tombstones included; `links` from child id to
    profile id; `choices` by child id; `asked` the facts of children whom a person was asked about before;
    `rest` those whom all of these leave out.
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
    rest: SettledTotals = NOBODY

    def live_profiles(self) -> int:
        """How many profiles are live."""
        states = [profile.state for profile in self.profiles.values()]
        return states.count(ProfileState.LIVE) + self.rest.live

    def live_linked(self) -> int:
        """How many profiles are live and linked."""
        linked = (self.profiles.get(profile_id) for profile_id in set(self.links.values()))
        live = sum(profile is not None and profile.state is ProfileState.LIVE for profile in linked)
        return live + self.rest.linked


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would do: a decision for each child, by child id, and what it means for the spaces."""

    situation: PlanInput
    decisions: Sequence[Decision]
    spaces: spaces.Spaces
    held: safety.Hold | None

    def counts(self) -> dict[Step, int]:
        """How many children each step concerns; every step is there, also those at 0."""
        counted = Counter([decision.step for decision in self.decisions])
        counted[Step.NO_CHANGE] += self.situation.rest.kept
        counted[Step.LEAVE_OUT] += self.situation.rest.left_out
        return {step: counted[step] for step in Step}

    def settled(self) -> SettledTotals | None:
        """What this plan leaves once it is carried out, when it leaves every child settled."""
        steps = self.counts()
        if steps[Step.WAIT] or steps[Step.NEEDS_REVIEW]:
            return None
        situation, spaces_ = self.situation, self.spaces
        linked = {*situation.links.values(), *(d.profile_id for d in self.actions())}
        unlinked = sum(
            profile.state is not ProfileState.DELETED and profile.profile_id not in linked
            for profile in situation.profiles.values()
        )
        others = spaces_.live - situation.live_linked() - steps[Step.LINK]
        left_out = steps[Step.ARCHIVE] + steps[Step.LEAVE_OUT]
        return SettledTotals(
            kept=sum(steps.values()) - left_out,
            left_out=left_out,
            live=spaces_.live_after,
            linked=spaces_.live_after - others,
            unlinked=unlinked + situation.rest.unlinked,
        )

    def actions(self) -> Iterator[Decision]:
        """The decisions that write something."""
        return (decision for decision in self.decisions if decision.step in ACTIONS)

    @property
    def changes_nothing(self) -> bool:
        """Whether there is nothing to write: all that is left waits, is held, or is as it should be (B6)."""
        pending_rooms = any(room.pending for room in self.situation.rooms)
        return not pending_rooms and next(self.actions(), None) is None

    def because(self, decision: Decision) -> str:
        """The reason of one of this plan's decisions, as a sentence for people."""
        return rules.because(decision, self.situation.window, self.situation.today)

    @property
    def fingerprint(self) -> str:
        """What a person consents to, as 16 hexadecimal digits (B1): steps, the values they write, the setting
        and the paid children; neither sentences nor the day.
        """
        digest = hashlib.sha256()
        head = [self.situation.inactive, self.situation.paid_children]
        digest.update(json.dumps([*head, *map(list, self.situation.rooms)]).encode())
        for decision in self.decisions:
            values = {name: to for name, (_, to) in decision.changes.items()}
            if decision.step is Step.CREATE and decision.child is not None:
                values = decision.child.details._asdict()
            line = [decision.child_id, decision.step, decision.profile_id, plain(values)]
            digest.update(json.dumps(line, sort_keys=True).encode())
        return digest.hexdigest()[:16]


def plain(values: Mapping[str, Value]) -> dict[str, str | list[str] | None]:
    """Values as JSON writes them: days as ISO text, rooms as a sorted list."""
    return {name: plain_value(value) for name, value in values.items()}


def plain_value(value: Value) -> str | list[str] | None:
    """One value as JSON writes it."""
    if isinstance(value, frozenset):
        return sorted(value)
    return value.isoformat() if isinstance(value, date) else value


def make_plan(situation: PlanInput) -> Plan:
    """The plan for one service: who belongs (rules), whose profile is whose (matching), who gets a space."""
    profiles, links, choices = situation.profiles, situation.links, situation.choices
    usual = rules.without_a_choice(situation.inactive)
    decisions: dict[str, Decision] = {}
    seekers: list[tuple[Child, rules.Rule, Facts]] = []
    for child in situation.children:
        child_id = child.child_id
        choice = choices.get(child_id, NO_CHOICE)
        if choice is NO_CHOICE:
            rule = usual[child.standing.status]
        else:
            rule = rules.rule_for(child, choice.kind, situation.inactive, choice.keep_until, situation.today)
        facts = rules.facts_of(rule, child, choice)
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
        found = matching.seek(sought, profiles, set(links.values()), choices, situation.asked)
        for child, rule, facts in seekers:
            child_id = child.child_id
            decisions[child_id] = _settle_seeker(child, rule, facts, found.get(child_id, matching.NOTHING))
    for child_id in links.keys() - {child.child_id for child in situation.children}:
        decisions[child_id] = _settle_missing(child_id, situation)
    return _weigh(situation, decisions)


def _settle(child: Child, rule: rules.Rule, facts: Facts, profile: Profile | None) -> Decision:
    """The step that follows for a child whose profile is known to be there or not."""
    step = rules.STEPS[rule.verdict][profile.state if profile else None]
    changes = NO_CHANGES
    if profile is not None and step in (Step.NO_CHANGE, Step.RESTORE):
        changes = differences(child, profile)
        if step is Step.NO_CHANGE and changes:
            step = Step.UPDATE
    return Decision(child.child_id, child, profile, step, rule.slug, facts, changes)


def _settle_seeker(child: Child, rule: rules.Rule, facts: Facts, found: matching.Found) -> Decision:
    """The step for a child who belongs and has no profile: create, link, restore or ask (D19)."""
    if found.doubt is not None:
        slug = rules.PLEASE_CHECK.slug
        return Decision(child.child_id, child, None, Step.NEEDS_REVIEW, slug, found.doubt, NO_CHANGES)
    decision = _settle(child, rule, facts, found.profile)
    return decision._replace(step=Step.LINK) if decision.step in (Step.NO_CHANGE, Step.UPDATE) else decision


def _settled_by_a_person(rule: rules.Rule, choice: Choice) -> bool:
    """Whether a person has said what to do for a child whose linked profile is unknown (D9, D23)."""
    if rule.verdict is rules.Verdict.BELONGS:
        return choice.kind in matching.ANSWERS
    return rule.verdict is rules.Verdict.RESTS


def _profile_unknown(child: Child, profile_id: str) -> Decision:
    """Absence from the answer of the profiles' end is unknown, never deleted (D10)."""
    facts: Facts = {"reason": matching.Doubt.PROFILE_UNKNOWN.value, "profiles": [profile_id]}
    return Decision(
        child.child_id, child, None, Step.NEEDS_REVIEW, rules.PLEASE_CHECK.slug, facts, NO_CHANGES
    )


def _settle_missing(child_id: str, situation: PlanInput) -> Decision:
    """The step for a linked profile whose child the source no longer lists (D8)."""
    choice = situation.choices.get(child_id, NO_CHOICE)
    profile = situation.profiles.get(situation.links[child_id])
    if profile is not None and profile.state is ProfileState.DELETED:
        profile = None
    rule = rules.rule_for(None, choice.kind, situation.inactive, None, situation.today)
    step = rules.STEPS[rule.verdict][profile.state if profile else None]
    return Decision(child_id, None, profile, step, rule.slug, {}, NO_CHANGES)


def unlisted(child_id: str) -> Decision:
    """The decision for a child who is neither listed nor linked any more: there is nothing to decide."""
    rule = rules.rule_for(None, None, InactivePolicy.LEAVE, None, date.min)
    step = rules.STEPS[rule.verdict][None]
    return Decision(child_id, None, None, step, rule.slug, {}, NO_CHANGES)


def differences(child: Child, profile: Profile) -> Changes:
    """The synced fields in which a profile differs from its child, as {field: (from, to)} (D11, D20).

    A field that the source does not supply is left alone; one that the profiles' end does not is unknown.
    """
    if child.details == profile.details:
        return NO_CHANGES
    return {
        name: (old, new)
        for name, old, new in zip(FIELDS, profile.details, child.details, strict=True)
        if old != new and name in child.supplied and name in profile.supplied
    }


def details_after(profile: Profile, changes: Changes) -> Details:
    """The profile's details once the changes are written."""
    values = profile.details._asdict()
    values.update({name: to for name, (_, to) in changes.items()})
    return Details(**values)


def _weigh(situation: PlanInput, decisions: dict[str, Decision]) -> Plan:
    """Give the spaces away (D4, D5) and see whether a person has to look first (D12)."""
    live = situation.live_profiles()
    archives = [decision.step for decision in decisions.values()].count(Step.ARCHIVE)
    claims = [d for d in decisions.values() if d.step in (Step.CREATE, Step.RESTORE)]
    free = spaces.free_spaces(situation.paid_children, live, archives)
    granted, waiting = spaces.allot(claims, free, situation.today)
    for position, claim in enumerate(waiting, start=1):
        decisions[claim.child_id] = _wait(claim, position, situation.paid_children)
    return Plan(
        situation,
        [decisions[child_id] for child_id in sorted(decisions)],
        spaces.Spaces(situation.paid_children, live, live - archives + len(granted), len(waiting)),
        safety.hold(archives, situation.live_linked(), situation.limits),
    )


def _wait(claim: Decision, position: int, paid_children: int) -> Decision:
    facts: Facts = {"position": position, "paid_children": paid_children, "belongs_by": claim.rule}
    return claim._replace(
        step=Step.WAIT, rule=rules.NO_SPACE.slug, facts=facts, changes=NO_CHANGES, position=position
    )


def nothing_left(plan: Plan, now: PlanInput) -> bool:
    """Whether nothing is left to do after a plan was carried out, in the situation found `now` (B6).

    Where each child stands as the plan wanted, that is certain at a glance; else the plan is made again.
    """
    return _all_stand(plan, now) or make_plan(now).changes_nothing


def _all_stand(plan: Plan, now: PlanInput) -> bool:
    """Whether each child has a live profile with the child's own details, or none that is live, as decided.

    Only of a plan that leaves nobody waiting, held or missing: what is decided for these hangs on others.
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
    """The situation as the plan leaves it, for looking ahead; new profiles are called "new:<child id>"."""
    situation = plan.situation
    profiles, links = dict(situation.profiles), dict(situation.links)
    asked: dict[str, Facts] = {}
    choices = dict(situation.choices)
    for decision in plan.decisions:
        profile, child = decision.profile, decision.child
        if decision.step is Step.CREATE and child is not None:
            profile = Profile(f"new:{child.child_id}", ProfileState.LIVE, child.details)
        elif decision.step is Step.ARCHIVE and profile is not None:
            profile = profile._replace(state=ProfileState.ARCHIVED)
        elif decision.step in (Step.LINK, Step.RESTORE, Step.UPDATE) and profile is not None:
            details = details_after(profile, decision.changes)
            profile = profile._replace(state=ProfileState.LIVE, details=details)
        elif decision.rule == rules.PLEASE_CHECK.slug:
            asked[decision.child_id] = decision.facts
        if decision.step in ACTIONS and profile is not None:
            profiles[profile.profile_id] = profile
            links[decision.child_id] = profile.profile_id
            choice = choices.get(decision.child_id, NO_CHOICE)
            if carries_out(decision, choice):  # the day to keep until stays
                choices[decision.child_id] = choice._replace(kind=None, profile_id=None)
    return PlanInput(
        situation.today,
        situation.inactive,
        situation.paid_children,
        situation.children,
        profiles,
        links,
        choices,
        asked,
        (),
        situation.window,
        situation.limits,
        situation.rest,
    )


def carries_out(decision: Decision, choice: Choice) -> bool:
    """Whether a decision is what a person chose for the child: this profile, or a new one (D23)."""
    if choice.kind is ChoiceKind.NEW:
        return decision.step is Step.CREATE
    chosen = choice.kind is ChoiceKind.PROFILE and decision.profile_id == choice.profile_id
    return chosen and decision.step in ACTIONS


def belonging(situation: PlanInput) -> list[Child]:
    """The children who belong in Storypark under the setting, by id."""
    found = []
    for child in situation.children:
        wish = situation.choices.get(child.child_id, NO_CHOICE)
        rule = rules.rule_for(child, wish.kind, situation.inactive, wish.keep_until, situation.today)
        if rule.verdict is rules.Verdict.BELONGS:
            found.append(child)
    return sorted(found, key=lambda child: child.child_id)
