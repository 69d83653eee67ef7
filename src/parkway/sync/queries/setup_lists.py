"""Set-up as people look at it: the two lists with proposals and choices, rooms, and what is new (R1, D23)."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from parkway import domain
from parkway.domain import FIELDS, Child, ChoiceKind, Conflict, Details, Profile, ProfileState, Room
from parkway.engine import matching, plan
from parkway.engine.folding import mentions
from parkway.engine.matching import Certainty, Proposal, RoomStep
from parkway.engine.plan import Plan, PlanInput, make_plan
from parkway.sync.ends import connectors_for
from parkway.sync.integrations import (
    integration_of,
)
from parkway.sync.models import Integration, Stage
from parkway.sync.queries import choices_made
from parkway.sync.queries.choices_made import ChoiceMade
from parkway.sync.run.gather import gather_one, query_for
from parkway.tenancy.models import Service


class SetUpGroup(StrEnum):
    """Where a child stands in the work of set-up: what is left to choose, by how sure the proposal is."""

    CHECK = "check"
    CERTAIN = "certain"
    NEW = "new"
    CHOSEN = "chosen"


GROUPS = {
    Certainty.CERTAIN: SetUpGroup.CERTAIN,
    Certainty.PLEASE_CHECK: SetUpGroup.CHECK,
    Certainty.NO_MATCH: SetUpGroup.NEW,
}
ORDER = {Certainty.PLEASE_CHECK: 0, Certainty.CERTAIN: 1, Certainty.NO_MATCH: 2}


class Alike(NamedTuple):
    """A profile that may be a child's, in what it is alike, and the other child it was chosen for."""

    profile: Profile
    likeness: str
    taker: Child | None


class SetUpRow(NamedTuple):
    """One child of the list, the profiles alike, and what stands chosen; `gone` is a choice of a profile that
    is no longer there."""

    child: Child
    certainty: Certainty
    alike: Sequence[Alike]
    made: ChoiceMade | None
    gone: bool

    @property
    def group(self) -> SetUpGroup:
        return SetUpGroup.CHOSEN if self.chosen else GROUPS[self.certainty]

    @property
    def chosen(self) -> bool:
        return self.made is not None and not self.gone

    @property
    def stamp(self) -> str:
        return self.made.stamp if self.made else ""

    @property
    def proposed(self) -> domain.Choice | None:
        """What is proposed without a look; nothing for "please check"."""
        if self.certainty is Certainty.CERTAIN:
            return domain.Choice(ChoiceKind.PROFILE, self.alike[0].profile.profile_id)
        return domain.Choice(ChoiceKind.NEW) if self.certainty is Certainty.NO_MATCH else None


@dataclass(frozen=True, slots=True)
class SetUpLists:
    """The two lists of set-up: the children with their proposals, and the profiles nobody is linked to."""

    rows: Sequence[SetUpRow]
    profiles: Mapping[str, Profile]
    takers: Mapping[str, Child]
    plan: Plan

    @property
    def by_child(self) -> dict[str, SetUpRow]:
        return {row.child.child_id: row for row in self.rows}

    @property
    def counts(self) -> dict[SetUpGroup, int]:
        """How many children are in each group."""
        counted = Counter(row.group for row in self.rows)
        return {group: counted[group] for group in SetUpGroup}

    @property
    def untouched(self) -> list[Profile]:
        """The profiles that nobody chose and that fit nobody for certain: they are not touched."""
        proposed = {
            row.proposed.profile_id for row in self.rows if not row.chosen and row.proposed is not None
        }
        left = [p for key, p in self.profiles.items() if key not in self.takers and key not in proposed]
        return sorted(left, key=lambda profile: _by_name(profile.details))

    def of(self, group: str = "", search: str = "") -> list[SetUpRow]:
        """The rows of a group, or all, whose child's names mention what is searched for."""
        found = [row for row in self.rows if not group or row.group == group]
        if not search.strip():
            return found
        return [row for row in found if mentions(_names(row.child.details, row.child.child_id), search)]

    def search_profiles(self, search: str) -> list[Profile]:
        """All unlinked profiles by name, or those whose names mention what is searched for."""
        found = [p for p in self.profiles.values() if mentions(_names(p.details, p.profile_id), search)]
        return sorted(found, key=lambda profile: _by_name(profile.details))


def _names(details: Details, more: str) -> str:
    return " ".join([details.first_name, details.last_name, details.preferred_name, more])


def _by_name(details: Details) -> tuple[str, str]:
    return details.first_name.casefold(), details.last_name.casefold()


def stage(service: Service) -> Stage:
    """How far the service's integration is."""
    found = Integration.objects.filter(service=service).values_list("stage", flat=True).first()
    return Stage(found) if found else Stage.DISABLED


def setup_lists(service: Service, now: datetime) -> SetUpLists:
    """Both ends read anew, with proposals and choices: "please check" first, then certain, then nothing
    alike, each by name (set-up, steps 3 and 4)."""
    found = look_at_set_up(service, now)
    plan_input = found.plan.input
    linked = set(plan_input.links.values())
    profiles = {
        key: profile
        for key, profile in plan_input.profiles.items()
        if key not in linked and profile.state is not ProfileState.DELETED
    }
    standing = choices_made.choices_made(service)
    by_child = {each.child.child_id: each.child for each in found.listed}
    takers = {
        each.choice.profile_id: by_child[key]
        for key, each in standing.items()
        if key in by_child and each.choice.profile_id
    }
    roster = plan_input.ends.roster
    rows = [_row(each, standing.get(each.child.child_id), profiles, takers, roster) for each in found.listed]
    rows.sort(key=lambda row: (ORDER[row.certainty], *_by_name(row.child.details), row.child.child_id))
    return SetUpLists(rows, profiles, takers, found.plan)


def _row(
    listed: Listed,
    made: ChoiceMade | None,
    profiles: Mapping[str, Profile],
    takers: Mapping[str, Child],
    roster: str,
) -> SetUpRow:
    child, proposal = listed.child, listed.proposal
    alike = []
    for profile_id in proposal.profile_ids:
        profile, taker = profiles[profile_id], takers.get(profile_id)
        other = taker if taker and taker.child_id != child.child_id else None
        alike.append(Alike(profile, _likeness(child.details, profile.details, roster), other))
    gone = (
        made is not None and made.choice.kind is ChoiceKind.PROFILE and made.choice.profile_id not in profiles
    )
    return SetUpRow(child, proposal.certainty, alike, made, gone)


def _likeness(child: Details, profile: Details, roster: str) -> str:
    """In what a child of the roster of this name and a profile are alike, and in what they are not."""
    same_name = bool(matching.full_names(child) & matching.full_names(profile))
    born, theirs = child.date_of_birth, profile.date_of_birth
    if not same_name:
        return "Same date of birth, but the names are not all the same"
    if born is None and theirs is None:
        return "Same name, but neither has a date of birth"
    if theirs is None:
        return "Same name, but the profile has no date of birth"
    if born is None:
        return f"Same name, but {roster} has no date of birth"
    return "Same name and date of birth" if born == theirs else "Same name, but another date of birth"


# What is new in the roster -------------------------------------------------------------------------------


def snapshot(lists: SetUpLists) -> dict[str, str]:
    """The children listed as they are now, to tell later what is new; without their names."""
    return {
        row.child.child_id: hashlib.sha256(repr(_plain(row.child.details)).encode()).hexdigest()[:12]
        for row in lists.rows
    }


def _plain(details: Details) -> tuple[object, ...]:
    """Details in a form in which equal ones look equal."""
    values = {n: sorted(v) if isinstance(v, frozenset) else v for n, v in details.by_name().items()}
    return (*(values.pop(name) for name in FIELDS), *values.items())


class News(NamedTuple):
    """What changed in the roster since a snapshot: children who came, who changed, and how many went."""

    came: Sequence[Child]
    changed: Sequence[Child]
    went: int

    def __bool__(self) -> bool:
        return bool(self.came or self.changed or self.went)


def news(before: Mapping[str, str], lists: SetUpLists) -> News:
    """What is new since a snapshot."""
    after = snapshot(lists)
    children = [row.child for row in lists.rows]
    return News(
        [child for child in children if child.child_id not in before],
        [c for c in children if before.get(c.child_id, after[c.child_id]) != after[c.child_id]],
        len(before.keys() - after.keys()),
    )


# Rooms ---------------------------------------------------------------------------------------------------


def rooms(lists: SetUpLists) -> Sequence[RoomStep]:
    """What happens to each room of the roster (D21)."""
    return lists.plan.input.rooms


def free_rooms(service: Service, lists: SetUpLists, now: datetime) -> list[Room]:
    """The rooms of the profiles' end that no room of the roster takes, by name."""
    integration = integration_of(service)
    taken = {step.target_id for step in rooms(lists)}
    found = connectors_for(integration).profiles.read([query_for(integration, now)])[service.pk].rooms
    return sorted(
        (room for room in found if room.room_id not in taken), key=lambda room: room.name.casefold()
    )


class Listed(NamedTuple):
    """One child listed at set-up: the proposal, and what a person chose so far."""

    child: Child
    proposal: Proposal
    choice: domain.Choice | None


class SetUp(NamedTuple):
    """The children available at set-up, those without a choice yet, and the plan of the choices."""

    listed: Sequence[Listed]
    open: Sequence[Listed]
    plan: Plan


def look_at_set_up(service: Service, now: datetime) -> SetUp:
    """The children available, proposals and choices, and what starting would do (set-up, steps 3 to 5).

    Raises Conflict when the service is set up already.
    """
    return _set_up(gather_one(require_to_set_up(integration_of(service)), now).plan_input)


def without_a_choice(integration: Integration, now: datetime) -> list[Child]:
    """Return the children listed at set-up for whom nothing is chosen yet."""
    return [each.child for each in _set_up(gather_one(integration, now).plan_input).open]


def require_to_set_up(integration: Integration) -> Integration:
    if integration.stage != Stage.ENABLED:
        service = integration.service
        raise Conflict(
            f"{service.name} is set up already, and syncing is {integration.get_stage_display()}. "
            f"See `parkway status {service.slug}`."
        )
    return integration


def _set_up(plan_input: PlanInput) -> SetUp:
    """Listed is every child who belongs under the setting, or would but for "don't add" (R2, R3)."""
    without = {
        key: choice._replace(kind=None) if choice.kind is ChoiceKind.DONT_ADD else choice
        for key, choice in plan_input.choices.items()
    }
    belonging = plan.belonging(replace(plan_input, choices=without))
    linked = set(plan_input.links.values())
    unlinked = [profile for key, profile in plan_input.profiles.items() if key not in linked]
    seekers = [child for child in belonging if child.child_id not in plan_input.links]
    takers = {choice.profile_id: key for key, choice in plan_input.choices.items() if choice.profile_id}
    proposals = [_still_free(each, takers) for each in matching.propose(seekers, unlinked)]
    listed = [
        Listed(child, proposal, plan_input.choices.get(child.child_id))
        for child, proposal in zip(seekers, proposals, strict=True)
    ]
    there = {profile.profile_id for profile in unlinked if profile.state is not ProfileState.DELETED}
    undecided = [each for each in listed if not _decided(each.choice, there)]
    return SetUp(listed, undecided, make_plan(plan_input))


def _still_free(proposal: Proposal, takers: Mapping[str, str]) -> Proposal:
    """A match that somebody chose for another child meanwhile is not certain any more."""
    certain = proposal.certainty is Certainty.CERTAIN
    if certain and takers.get(proposal.profile_ids[0], proposal.child_id) != proposal.child_id:
        return proposal._replace(certainty=Certainty.PLEASE_CHECK)
    return proposal


def _decided(choice: domain.Choice | None, there: Collection[str]) -> bool:
    """Whether a person chose for a child, and a profile that was chosen is still there."""
    if choice is None or choice.kind is None:
        return False
    return choice.kind is not ChoiceKind.PROFILE or choice.profile_id in there
