"""THE HEART: who belongs where the profiles are, and what follows.

`RULES` says who belongs, `STEPS` what follows, `OBSTACLES` what can stand in the way. Each row is a rule in
words: its slug is used in the journal, in the documentation, on the pages and in the tests.

A verdict and a meaning are about any two ends: {roster} and {profiles} stand for the names that people have
for them (`EndNames`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import product
from typing import NamedTuple

from parkway.domain import (
    Child,
    Choice,
    ChoiceKind,
    Decision,
    EndNames,
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
from parkway.engine.wording import StandingWords, words_for

NO_FACTS: Facts = {}


class Verdict(StrEnum):
    """What a rule says of a child."""

    BELONGS = "belongs in {profiles}"
    DOES_NOT = "does not belong in {profiles}"
    LEFT_ALONE = "is left alone"
    ASK = "needs a person"


Sentence = Callable[[str, Facts, StandingWords], str]
"""The reason of a decision, from the child's everyday name, the facts of the decision, and the words for
where the child stands. A small first letter is made a capital afterwards.
"""

LooksAt = Callable[[Standing, Choice], Facts]
"""The facts that a rule looks at, by name. While they stay the same, the decision is the same one (B2)."""


def nothing(_standing: Standing, _choice: Choice) -> Facts:
    """No fact besides the conditions of the rule."""
    return NO_FACTS


def current_bookings(standing: Standing, _choice: Choice) -> Facts:
    """The first and the last day of the bookings that make a child Active."""
    return {"booked_from": standing.booked_from, "booked_until": standing.booked_until}


def nearest_bookings(standing: Standing, _choice: Choice) -> Facts:
    """When the last booking ended, and when the next one starts."""
    return {"last_end": standing.last_end, "next_start": standing.next_start}


def nearest_bookings_and_keep_until(standing: Standing, choice: Choice) -> Facts:
    """The nearest bookings, and the day that a person chose."""
    return {**nearest_bookings(standing, choice), "keep_until": choice.keep_until}


def day_of_archiving(standing: Standing, _choice: Choice) -> Facts:
    """The day on which the child was archived."""
    return {"archived_on": standing.archived_on}


def who_kept(_standing: Standing, choice: Choice) -> Facts:
    """Who rejected the run that would have archived the profile."""
    return {"kept_by": choice.by}


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: who answers for which children, with what verdict, and why.

    The conditions come last. None in a condition means "any"; the rows exclude each other, so that exactly
    one answers.
    """

    slug: str
    verdict: Verdict
    meaning: str  # for the documentation and the help page
    sentence: Sentence
    looks_at: LooksAt = nothing
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
    """The conditions that hold for one child. `choice` is one of CHOICES_THAT_COUNT, or None."""

    listed: bool
    choice: ChoiceKind | None
    status: Status | None
    setting: InactivePolicy
    keep_until_active: bool


LEFT_AS_IT_IS = {
    None: "",
    ProfileState.LIVE: ". Parkway does not take a missing child for an archived one, "
    "and leaves the profile as it is until somebody chooses",
    ProfileState.ARCHIVED: ", and the archived profile is left in peace",
}
"""What becomes of the profile of a child whom the source no longer lists (D8)."""

RULES = (
    Rule(
        "missing-from-source",
        Verdict.ASK,
        "{roster} no longer lists a child who has a live profile. Missing is not archived: "
        "the profile stays as it is until a person chooses.",
        lambda name, facts, words: (
            f"{words.ends.roster} no longer lists {name}{LEFT_AS_IT_IS[words.profile]}."
        ),
        listed=False,
    ),
    Rule(
        "missing-kept",
        Verdict.LEFT_ALONE,
        "{roster} no longer lists the child, and a person chose to keep the profile as it is.",
        lambda name, facts, words: (
            f"{words.ends.roster} no longer lists {name}, and somebody chose to keep the profile as it is."
        ),
        listed=False,
        choice=ChoiceKind.KEEP,
    ),
    Rule(
        "missing-let-go",
        Verdict.DOES_NOT,
        "{roster} no longer lists the child, and a person chose to archive the profile.",
        lambda name, facts, words: (
            f"{words.ends.roster} no longer lists {name}, and somebody chose to archive the profile."
        ),
        listed=False,
        choice=ChoiceKind.ARCHIVE,
    ),
    Rule(
        "dont-add",
        Verdict.LEFT_ALONE,
        'A person chose "don\'t add": the child is not synced under either setting, '
        "and a profile that exists stays as it is.",
        lambda name, facts, words: (
            f"Somebody chose not to sync {name}, so Parkway leaves this child and any profile alone."
        ),
        choice=ChoiceKind.DONT_ADD,
    ),
    Rule(
        "kept",
        Verdict.BELONGS,
        "A run wanted to archive many profiles at once, and a person rejected that: the child's profile "
        "stays live until somebody lets the rules decide again.",
        lambda name, facts, words: (
            f"A run would have archived {name}, and {wording.kept_by(facts)} rejected that: "
            "the profile stays live until somebody lets the rules decide again."
        ),
        looks_at=who_kept,
        choice=ChoiceKind.RETAINED,
    ),
    Rule(
        "archived",
        Verdict.DOES_NOT,
        "A child who is Archived in {roster} has no live profile, whatever the bookings say.",
        lambda name, facts, words: f"{name} was archived in {words.ends.roster}{words.archived_on}.",
        looks_at=day_of_archiving,
        status=Status.ARCHIVED,
    ),
    Rule(
        "active",
        Verdict.BELONGS,
        "A child with a confirmed booking inside the active window has a live profile.",
        lambda name, facts, words: f"{name} is Active in {words.ends.roster}{words.booked}.",
        looks_at=current_bookings,
        status=Status.ACTIVE,
    ),
    Rule(
        "inactive-stays",
        Verdict.BELONGS,
        "The service keeps its Inactive children: they have a live profile.",
        lambda name, facts, words: (
            f"{words.not_booked(name)}, and this service keeps Inactive children in {words.ends.profiles}."
        ),
        looks_at=nearest_bookings,
        status=Status.INACTIVE,
        setting=InactivePolicy.STAY,
    ),
    Rule(
        "keep-until",
        Verdict.BELONGS,
        "A person keeps one Inactive child's profile live through a day.",
        lambda name, facts, words: (
            f"{words.not_booked(name)}, and somebody chose to keep the profile "
            f"until {words.keep_until(facts)}."
        ),
        looks_at=nearest_bookings_and_keep_until,
        status=Status.INACTIVE,
        setting=InactivePolicy.LEAVE,
        keep_until_active=True,
    ),
    Rule(
        "inactive-leaves",
        Verdict.DOES_NOT,
        "The service lets its Inactive children leave {profiles}: their profiles are archived.",
        lambda name, facts, words: (
            f"{words.not_booked(name)}, and this service lets Inactive children leave {words.ends.profiles}."
        ),
        looks_at=nearest_bookings,
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
    Verdict.LEFT_ALONE: dict.fromkeys((None, ProfileState.LIVE, ProfileState.ARCHIVED), Step.LEAVE_OUT),
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
    sentence: Sentence


DOUBTS: Mapping[Doubt, Sentence] = {
    Doubt.SEVERAL: lambda name, facts, words: (
        f"{name} has no profile yet, and {wording.alike(facts)} profiles carry the same name"
    ),
    Doubt.BIRTH_UNKNOWN: lambda name, facts, words: (
        f"{name} has no profile yet, and a profile with the same name exists, "
        "but a date of birth is missing to be sure"
    ),
    Doubt.BIRTH_DIFFERS: lambda name, facts, words: (
        f"{name} has no profile yet, and a profile with the same name exists, but with another date of birth"
    ),
    Doubt.OTHER_CHILD: lambda name, facts, words: (
        f"{name} has no profile yet, and one exists with the same name and date of birth, "
        "but another child has them too"
    ),
    Doubt.CHOICE_GONE: lambda name, facts, words: (
        f"The profile that somebody chose for {name} is deleted, belongs to another child "
        "or was chosen for another child too"
    ),
    Doubt.PROFILE_UNKNOWN: lambda name, facts, words: (
        f"{name} is linked to a profile that {words.ends.profiles} does not list"
    ),
}
"""Why a person has to check, as the beginning of a sentence."""


def doubt(name: str, facts: Facts, words: StandingWords) -> str:
    """Why a person has to check the child of this name, as the beginning of a sentence."""
    return DOUBTS[Doubt(str(facts["reason"]))](name, facts, words)


NO_SPACE = Obstacle(
    "no-space",
    Step.WAIT,
    "The plan's spaces are taken: the child waits in a fair queue and is tried again at every run.",
    lambda name, facts, words: (
        f"{name} belongs in {words.ends.profiles} and is {wording.place(facts)} in line for a space: "
        f"the plan pays for {wording.paid_children(facts)}, and no space is free."
    ),
)
PLEASE_CHECK = Obstacle(
    "please-check",
    Step.NEEDS_REVIEW,
    "A profile may be this child's, but not for certain: a person chooses.",
    lambda name, facts, words: (
        f"{doubt(name, facts, words)}. "
        "Please check, so that no child gets a second profile or somebody else's."
    ),
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


def facts_of(rule: Rule, child: Child | None, choice: Choice) -> Facts:
    """What a rule looked at for a child; nothing for a child missing from the source. While these stay the
    same, the decision is the same decision (B2).
    """
    return NO_FACTS if child is None else rule.looks_at(child.standing, choice)


def because(decision: Decision, window: Window, today: date, ends: EndNames) -> str:
    """The decision's reason as one sentence for an educator, with the facts filled in (B2).

    A missing child is called by the profile's name.
    """
    child, profile = decision.child, decision.profile
    if child is not None:
        name, words = child.details.called, words_for(child.standing, None, window, today, ends)
    elif profile is not None:
        name, words = profile.details.called, words_for(NEVER_BOOKED, profile.state, window, today, ends)
    else:
        name, words = "", words_for(NEVER_BOOKED, None, window, today, ends)
    text = BY_SLUG[decision.rule].sentence(name or "this child", decision.facts, words)
    return text if text[0].isupper() else text[0].upper() + text[1:]
