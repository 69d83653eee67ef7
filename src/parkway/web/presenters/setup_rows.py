"""How the rows of set-up are shown: what may be picked, what is picked, and why something was not saved."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.http import QueryDict

from parkway.domain import Child, Choice, ChoiceKind, Profile
from parkway.sync.commands.setup_choices import ChoiceProblem
from parkway.sync.queries.setup_lists import SetUpLists, SetUpRow
from parkway.web.templatetags.parkway import full_name

PROFILE = "profile:"
NEW, DONT_ADD = ChoiceKind.NEW.value, ChoiceKind.DONT_ADD.value


def key_of(child_id: str) -> str:
    """A child's id as a part of names and ids in a page, whatever signs it is made of."""
    return hashlib.sha256(child_id.encode()).hexdigest()[:12]


def value_of(choice: Choice | None) -> str:
    """A choice as a form writes it."""
    if choice is None or choice.kind is None:
        return ""
    return f"{PROFILE}{choice.profile_id}" if choice.kind is ChoiceKind.PROFILE else choice.kind.value


def choice_of(value: str) -> Choice | None:
    """What a form's value means; nothing for a value that set-up does not offer."""
    if value.startswith(PROFILE):
        return Choice(ChoiceKind.PROFILE, value.removeprefix(PROFILE))
    return Choice(ChoiceKind(value)) if value in (NEW, DONT_ADD) else None


def in_words(choice: Choice | None, profiles: Mapping[str, Profile]) -> str:
    """A choice as people say it."""
    if choice is None or choice.kind is None:
        return "take the choice back"
    if choice.kind is not ChoiceKind.PROFILE:
        return "create a new profile" if choice.kind is ChoiceKind.NEW else "don't add"
    profile = profiles.get(choice.profile_id or "")
    return f"the profile of {full_name(profile.details)}" if profile else "a profile that is gone"


@dataclass(frozen=True, slots=True)
class Option:
    """A profile that may be picked."""

    value: str
    profile: Profile
    likeness: str
    taker: Child | None


@dataclass(frozen=True, slots=True)
class SetUpLine:
    """One row as it is shown. `seen` is the stamp of what its reader sees, `saved` whether that stands."""

    row: SetUpRow
    key: str
    picked: str
    seen: str
    saved: bool
    options: Sequence[Option]
    problem: ChoiceProblem | None
    theirs: str

    @property
    def mark(self) -> str:
        """The picture between the two lists."""
        if self.problem is not None or not self.picked:
            return "check"
        if self.picked.startswith(PROFILE):
            return "linked" if self.saved else "proposed"
        return "new" if self.picked == NEW else "out"

    @property
    def name(self) -> str:
        return full_name(self.row.child.details)


def line(
    row: SetUpRow,
    lists: SetUpLists,
    typed: Mapping[str, str] | None = None,
    problem: ChoiceProblem | None = None,
) -> SetUpLine:
    """A row for the page; `typed` is what a person picked there that is not saved."""
    key = key_of(row.child.child_id)
    stands = value_of(row.made.choice) if row.made and row.chosen else ""
    picked = stands or value_of(row.proposed)
    seen = row.stamp
    if typed is not None and f"choice-{key}" in typed:
        picked = typed[f"choice-{key}"]
        # after a problem was told, the next try knows what stands now
        seen = row.stamp if problem else typed.get(f"seen-{key}", "")
    options = [Option(f"{PROFILE}{a.profile.profile_id}", *a) for a in row.alike]
    if picked.startswith(PROFILE) and picked not in {option.value for option in options}:
        profile = lists.profiles.get(picked.removeprefix(PROFILE))
        if profile is not None:
            options.append(Option(picked, profile, "Found by hand", None))
    theirs = in_words(problem.made.choice if problem.made else None, lists.profiles) if problem else ""
    saved = picked == stands != ""
    return SetUpLine(row, key, picked, seen, saved, options, problem, theirs)


def sent(form: QueryDict, rows: Iterable[SetUpRow]) -> tuple[dict[str, Choice], dict[str, str]]:
    """The choices of a form for these rows by child id, and the stamps of what its writer saw."""
    chosen, seen = {}, {}
    for row in rows:
        key = key_of(row.child.child_id)
        choice = choice_of(form.get(f"choice-{key}", ""))
        if choice is not None:
            chosen[row.child.child_id] = choice
            seen[row.child.child_id] = form.get(f"seen-{key}", "")
    return chosen, seen
