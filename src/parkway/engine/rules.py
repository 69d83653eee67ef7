"""THE HEART: who belongs in Storypark, and what follows.

`RULES` says who belongs, `STEPS` what follows, `OBSTACLES` what can stand in the way. Each row is a rule in
words: its slug is used in the journal, in the documentation, on the pages and in the tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from itertools import product
from typing import NamedTuple

from parkway.domain import (
    Child,
    Choice,
    ChoiceKind,
    Decision,
    Facts,
    InactivePolicy,
    ProfileState,
    Standing,
    Status,
    Step,
    Window,
)
from parkway.engine import wording
from parkway.engine.matching import Doubt


class Verdict(StrEnum):
    """What a rule says of a child."""

    BELONGS = "belongs in Storypark"
    DOES_NOT = "does not belong in Storypark"
    RESTS = "is left alone"
    ASK = "needs a person"


@dataclass(frozen=True, slots=True)
class Rule:
    """One row. None in a condition means "any"; the rows exclude each other, so that exactly one answers."""

    slug: str
    verdict: Verdict
    meaning: str  # for the documentation and the help page
    sentence: str  # with the facts filled in: the `because` of a decision
    listed: bool = True  # the source still lists the child
    choice: ChoiceKind | None = None  # a person's choice that counts here
    status: Status | None = None
    setting: InactivePolicy | None = None
    keep_until_active: bool | None = None  # a "keep until" day that has not passed

    def answers(self, case: Case) -> bool:
        """Whether this row answers a case."""
        return (
            self.listed == case.listed
            and self.choice == case.choice
            and self.status in (None, case.status)
            and self.setting in (None, case.setting)
            and self.keep_until_active in (None, case.keep_until_active)
        )


class Case(NamedTuple):
    """All that the rules look at for one child. `choice` is one that counts for a listed or missing child."""

    listed: bool
    choice: ChoiceKind | None
    status: Status | None
    setting: InactivePolicy
    keep_until_active: bool


RULES = (
    Rule(
        "missing-from-source",
        Verdict.ASK,
        "Manage no longer lists a child who has a live profile. Missing is not archived: "
        "the profile stays as it is until a person chooses.",
        "Manage no longer lists {name}{left_as_it_is}.",
        listed=False,
    ),
    Rule(
        "missing-kept",
        Verdict.RESTS,
        "Manage no longer lists the child, and a person chose to keep the profile as it is.",
        "Manage no longer lists {name}, and somebody chose to keep the profile as it is.",
        listed=False,
        choice=ChoiceKind.KEEP,
    ),
    Rule(
        "missing-let-go",
        Verdict.DOES_NOT,
        "Manage no longer lists the child, and a person chose to archive the profile.",
        "Manage no longer lists {name}, and somebody chose to archive the profile.",
        listed=False,
        choice=ChoiceKind.ARCHIVE,
    ),
    Rule(
        "dont-add",
        Verdict.RESTS,
        'A person chose "don\'t add": the child is not synced under either setting, '
        "and a profile that exists stays as it is.",
        "Somebody chose not to sync {name}, so Parkway leaves this child and any profile alone.",
        choice=ChoiceKind.DONT_ADD,
    ),
    Rule(
        "kept",
        Verdict.BELONGS,
        "A run wanted to archive many profiles at once, and a person rejected that: the child's profile "
        "stays live until somebody lets the rules decide again.",
        "A run would have archived {name}, and {kept_by} rejected that: the profile stays live until "
        "somebody lets the rules decide again.",
        choice=ChoiceKind.RETAINED,
    ),
    Rule(
        "archived",
        Verdict.DOES_NOT,
        "A child who is Archived in Manage has no live profile, whatever the bookings say.",
        "{name} was archived in Manage{archived_on}.",
        status=Status.ARCHIVED,
    ),
    Rule(
        "active",
        Verdict.BELONGS,
        "A child with a confirmed booking inside the active window has a live profile.",
        "{name} is Active in Manage{booked}.",
        status=Status.ACTIVE,
    ),
    Rule(
        "inactive-stays",
        Verdict.BELONGS,
        "The service keeps its Inactive children: they have a live profile.",
        "{not_booked}, and this service keeps Inactive children in Storypark.",
        status=Status.INACTIVE,
        setting=InactivePolicy.STAY,
    ),
    Rule(
        "keep-until",
        Verdict.BELONGS,
        "A person keeps one Inactive child's profile live through a day.",
        "{not_booked}, and somebody chose to keep the profile until {keep_until}.",
        status=Status.INACTIVE,
        setting=InactivePolicy.LEAVE,
        keep_until_active=True,
    ),
    Rule(
        "inactive-leaves",
        Verdict.DOES_NOT,
        "The service lets its Inactive children leave Storypark: their profiles are archived.",
        "{not_booked}, and this service lets Inactive children leave Storypark.",
        status=Status.INACTIVE,
        setting=InactivePolicy.LEAVE,
        keep_until_active=False,
    ),
)

STEPS = {
    # verdict            profile missing or deleted   live                     archived
    Verdict.BELONGS: {
        None: Step.CREATE,
        ProfileState.LIVE: Step.NO_CHANGE,
        ProfileState.ARCHIVED: Step.RESTORE,
    },
    Verdict.DOES_NOT: {
        None: Step.LEAVE_OUT,
        ProfileState.LIVE: Step.ARCHIVE,
        ProfileState.ARCHIVED: Step.LEAVE_OUT,
    },
    Verdict.RESTS: dict.fromkeys((None, ProfileState.LIVE, ProfileState.ARCHIVED), Step.LEAVE_OUT),
    Verdict.ASK: {
        None: Step.LEAVE_OUT,
        ProfileState.LIVE: Step.NEEDS_REVIEW,
        ProfileState.ARCHIVED: Step.LEAVE_OUT,
    },
}
"""What follows. Keep becomes update when a synced field differs; create becomes link or restore when exactly
one unlinked profile is certainly the child's (D19)."""


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What can stand between a child who belongs and a live profile."""

    slug: str
    step: Step
    meaning: str
    sentence: str


NO_SPACE = Obstacle(
    "no-space",
    Step.WAIT,
    "The plan's spaces are taken: the child waits in a fair queue and is tried again at every run.",
    "{name} belongs in Storypark and is {position} in line for a space: "
    "the plan pays for {paid_children}, and no space is free.",
)
PLEASE_CHECK = Obstacle(
    "please-check",
    Step.NEEDS_REVIEW,
    "A profile may be this child's, but not for certain: a person chooses.",
    "{doubt}. Please check, so that no child gets a second profile or somebody else's.",
)
OBSTACLES = (NO_SPACE, PLEASE_CHECK)

CHOICES_THAT_COUNT = {
    True: (ChoiceKind.DONT_ADD, ChoiceKind.RETAINED),
    False: (ChoiceKind.KEEP, ChoiceKind.ARCHIVE),
}


def every_case() -> list[Case]:
    """Each combination of conditions there is: for a listed child, and for one missing from the source."""
    settings, keep_until_active = tuple(InactivePolicy), (False, True)
    listed = product((True,), (None, *CHOICES_THAT_COUNT[True]), tuple(Status), settings, keep_until_active)
    missing = product((False,), (None, *CHOICES_THAT_COUNT[False]), (None,), settings, keep_until_active)
    return [Case(*case) for case in (*listed, *missing)]


_ANSWERS = {tuple(case): next(rule for rule in RULES if rule.answers(case)) for case in every_case()}
_USUAL = {
    setting: {status: _ANSWERS[True, None, status, setting, False] for status in Status}
    for setting in InactivePolicy
}


def without_a_choice(setting: InactivePolicy) -> Mapping[Status, Rule]:
    """The rules that answer for listed children of whom nobody chose anything, by status."""
    return _USUAL[setting]


def rule_for(
    child: Child | None,
    choice: ChoiceKind | None,
    setting: InactivePolicy,
    keep_until: date | None,
    today: date,
) -> Rule:
    """The one rule that answers for a child (D24); `child` None is a child missing from the source (D8)."""
    listed = child is not None
    status = child.standing.status if child is not None else None
    if choice is not None and choice not in CHOICES_THAT_COUNT[listed]:
        choice = None
    return _ANSWERS[listed, choice, status, setting, keep_until is not None and keep_until >= today]


BY_SLUG: dict[str, Rule | Obstacle] = {row.slug: row for row in (*RULES, *OBSTACLES)}

NEVER_BOOKED = Standing(Status.INACTIVE)
NO_FACTS: Facts = {}
NAME = "\0"  # stands for a name in a sentence made before the child is known
OF_STANDING = frozenset({"active", "inactive-stays", "inactive-leaves", "archived"})
"""The rules whose facts, and whose sentences but for the name, follow from a child's standing alone."""

LEFT_AS_IT_IS = {
    None: "",
    ProfileState.LIVE: ". Parkway does not take a missing child for an archived one, "
    "and leaves the profile as it is until somebody chooses",
    ProfileState.ARCHIVED: ", and the archived profile is left in peace",
}
"""What becomes of the profile of a child whom Manage no longer lists (D8)."""

DOUBTS = {
    Doubt.SEVERAL: "{name} has no profile yet, and {number} profiles carry the same name",
    Doubt.BIRTH_UNKNOWN: "{name} has no profile yet, and a profile with the same name exists, "
    "but a date of birth is missing to be sure",
    Doubt.BIRTH_DIFFERS: "{name} has no profile yet, and a profile with the same name exists, "
    "but with another date of birth",
    Doubt.OTHER_CHILD: "{name} has no profile yet, and one exists with the same name and date of birth, "
    "but another child has them too",
    Doubt.CHOICE_GONE: "The profile that somebody chose for {name} is deleted, belongs to another child "
    "or was chosen for another child too",
    Doubt.PROFILE_UNKNOWN: "{name} is linked to a profile that Storypark does not list",
}


def facts_of(rule: Rule, child: Child | None, choice: Choice) -> Facts:
    """What the rule looked at. While these stay the same, the decision is the same decision (B2)."""
    if child is None:
        return NO_FACTS
    standing = child.standing
    match rule.slug:
        case "active":
            return {"booked_from": standing.booked_from, "booked_until": standing.booked_until}
        case "inactive-stays" | "inactive-leaves" | "keep-until":
            nearest = {"last_end": standing.last_end, "next_start": standing.next_start}
            return {**nearest, "keep_until": choice.keep_until} if rule.slug == "keep-until" else nearest
        case "archived":
            return {"archived_on": standing.archived_on}
        case "kept":
            return {"kept_by": choice.by}
    return NO_FACTS


def because(decision: Decision, window: Window, today: date) -> str:
    """The decision's reason as one sentence for an educator, with the facts filled in."""
    name, child = decision.called or "this child", decision.child
    if child is not None and decision.rule in OF_STANDING:
        text = _sentence(decision.rule, child.standing, window, today)
        if name.endswith(wording.HISSING):
            text = text.replace(wording.possessive(NAME), wording.possessive(name))
        text = text.replace(NAME, name)
    else:
        standing = child.standing if child is not None else NEVER_BOOKED
        state = decision.profile.state if decision.profile else None
        filled = _Filled(name, standing, window, today, decision.facts, state)
        text = BY_SLUG[decision.rule].sentence.format_map(filled)
    return text[0].upper() + text[1:]


@lru_cache(maxsize=16_384)
def _sentence(rule: str, standing: Standing, window: Window, today: date) -> str:
    """The sentence of a rule that looks at nothing but a standing, with NAME where the child's name belongs:
    many children of a service stand alike.
    """
    return BY_SLUG[rule].sentence.format_map(_Filled(NAME, standing, window, today))


class _Filled(dict[str, str]):
    """The facts of one decision in words, each made only when the sentence asks for it."""

    def __init__(
        self,
        name: str,
        standing: Standing,
        window: Window,
        today: date,
        facts: Facts = NO_FACTS,
        profile: ProfileState | None = None,
    ) -> None:
        super().__init__(name=name, left_as_it_is=LEFT_AS_IT_IS[profile])
        self._given = (name, standing, window, today, facts)

    def __missing__(self, key: str) -> str:
        name, standing, window, today, facts = self._given
        value = facts.get(key)
        match key:
            case "booked":
                text = wording.booked(standing, window, today)
            case "not_booked":
                text = wording.not_booked(name, standing, window, today)
            case "archived_on":
                on = standing.archived_on
                text = f" on {wording.day(on, today)}" if on else ""
            case "keep_until" if isinstance(value, date):
                text = wording.day(value, today)
            case "kept_by":
                text = str(value or "somebody")
            case "position" if isinstance(value, int):
                text = wording.ordinal(value)
            case "paid_children" if isinstance(value, int):
                text = wording.count(value, "child", "children")
            case "doubt":
                profiles = facts.get("profiles")
                number = len(profiles) if isinstance(profiles, list) else 0
                text = DOUBTS[Doubt(str(facts["reason"]))].format(name=name, number=number)
            case _:
                raise KeyError(key)
        return text
