"""The draft of set-up: choices kept while people work through the lists, and two people at once (D23).

A choice carries the stamp of what its writer saw. When somebody else chose for the child meanwhile, it is
not stored: the writer is told who chose what, and is asked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from django.db import transaction

from parkway import domain
from parkway.domain import Child, ChoiceKind, Conflict
from parkway.engine.matching import A_NEW_ROOM
from parkway.sync import integrations
from parkway.sync.commands import choices
from parkway.sync.ends import connectors_for, names_of
from parkway.sync.integrations import lock_integrations
from parkway.sync.models import RoomLink, Stage
from parkway.sync.outside import reading_first
from parkway.sync.queries import choices_made
from parkway.sync.queries.choices_made import ChoiceMade
from parkway.sync.queries.setup_lists import SetUpGroup, SetUpRow, rooms, setup_lists
from parkway.sync.run.gather import query_for
from parkway.tenancy.models import Service
from parkway.tenancy.people import Actor, require_change
from parkway.tenancy.scope import scope

NEW = "new room"
"""What a person chooses for a room of the roster who wants a new one for the profiles."""


class ChoiceObstacle(StrEnum):
    """Why a choice was not stored."""

    MEANWHILE = "meanwhile"  # somebody else chose since the page was read
    TAKEN = "taken"  # another child has this profile
    GONE = "gone"  # there is no such profile any more
    NOT_LISTED = "not-listed"  # the child is no longer available


class ChoiceProblem(NamedTuple):
    """A choice that was not stored: what stands instead, or the other child who has the profile."""

    trouble: ChoiceObstacle
    made: ChoiceMade | None = None
    other: Child | None = None


class SavedChoices(NamedTuple):
    """The ids of the children whose choices were stored, and the problems of the others by child id."""

    stored: Sequence[str]
    problems: Mapping[str, ChoiceProblem]


@reading_first
@transaction.atomic
def choose(
    service: Service,
    chosen: Mapping[str, domain.Choice],
    seen: Mapping[str, str],
    by: Actor,
    now: datetime,
    *,
    own_gives_way: bool = False,
) -> SavedChoices:
    """Store the choices that may be stored, and say of each other one why it was not.

    `seen` has the stamp of what the writer saw of each child. One's own choice of a moment ago gives way
    only when the writer says so. Raises Conflict unless the service is being set up, Forbidden unless `by`
    may change it.
    """
    _require_set_up(service, by)
    lists = setup_lists(service, now)
    rows, standing = lists.by_child, choices_made.choices_made(service)
    problems: dict[str, ChoiceProblem] = {}
    accepted: dict[str, domain.Choice] = {}
    for child_id, choice in chosen.items():
        before = standing.get(child_id)
        own = own_gives_way and before is not None and before.by == by.label
        if child_id not in rows:
            problems[child_id] = ChoiceProblem(ChoiceObstacle.NOT_LISTED)
        elif choice == domain.Choice(*before.choice[:2]) if before else choice.kind is None:
            continue  # that is how it stands
        elif (before.stamp if before else "") != seen.get(child_id, "") and not own:
            problems[child_id] = ChoiceProblem(ChoiceObstacle.MEANWHILE, made=before)
        elif choice.kind is ChoiceKind.PROFILE and choice.profile_id not in lists.profiles:
            problems[child_id] = ChoiceProblem(ChoiceObstacle.GONE)
        else:
            accepted[child_id] = choice
    problems |= _clashes(accepted, {key: each.choice for key, each in standing.items()}, rows)
    stored = {key: choice for key, choice in accepted.items() if key not in problems}
    choices.store(service, stored, by, now)
    return SavedChoices(list(stored), problems)


def _clashes(
    accepted: Mapping[str, domain.Choice], standing: Mapping[str, domain.Choice], rows: Mapping[str, SetUpRow]
) -> dict[str, ChoiceProblem]:
    """Two children cannot take one profile. Who is refused keeps what they have, which may clash again."""
    problems: dict[str, ChoiceProblem] = {}
    while True:
        going = {key: choice for key, choice in accepted.items() if key not in problems}
        holders: dict[str, list[str]] = {}
        for child_id, choice in {**standing, **going}.items():
            if choice.profile_id:
                holders.setdefault(choice.profile_id, []).append(child_id)
        again = {
            child_id: _taken(next(key for key in holders[choice.profile_id] if key != child_id), rows)
            for child_id, choice in going.items()
            if choice.profile_id and len(holders[choice.profile_id]) > 1
        }
        if not again:
            return problems
        problems |= again


def _taken(other: str, rows: Mapping[str, SetUpRow]) -> ChoiceProblem:
    return ChoiceProblem(ChoiceObstacle.TAKEN, other=rows[other].child if other in rows else None)


def _require_set_up(service: Service, by: Actor) -> None:
    integrations.integration_of(service)
    found = lock_integrations([service.pk])[0]
    require_change(by, service, found.educators_may_change)
    if found.stage != Stage.ENABLED:
        raise Conflict(f"{service.name} is set up already, so nothing was changed here.")


# Many at once --------------------------------------------------------------------------------------------


class Many(StrEnum):
    """What can be chosen for many children at once; never for one who was chosen for already."""

    CERTAIN = "certain"
    NEW = "new"
    DONT_ADD = "dont_add"


def concerned(rows: Iterable[SetUpRow], many: Many) -> dict[str, domain.Choice]:
    """Which of these children it concerns, and what would be chosen for each."""
    left = [row for row in rows if not row.chosen]
    if many is Many.DONT_ADD:
        return {row.child.child_id: domain.Choice(ChoiceKind.DONT_ADD) for row in left}
    wanted = SetUpGroup.CERTAIN if many is Many.CERTAIN else SetUpGroup.NEW
    return {row.child.child_id: row.proposed for row in left if row.group is wanted and row.proposed}


def digest(chosen: Mapping[str, domain.Choice]) -> str:
    """What a person saw when a button named a number: differs when other children are concerned."""
    lines = sorted(f"{key}/{choice.kind}/{choice.profile_id or ''}" for key, choice in chosen.items())
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


# Rooms ---------------------------------------------------------------------------------------------------


@reading_first
@transaction.atomic
def place_room(service: Service, room_id: str, target_id: str, by: Actor, now: datetime) -> None:
    """Say which room of the profiles' end a room of the roster is: one that is there, `NEW` for one that is
    made, "" for what is proposed by name.

    Raises Conflict when either is not there, or another room of the roster has that room already.
    """
    _require_set_up(service, by)
    integration = integrations.integration_of(service)
    names = names_of(integration)
    lists = setup_lists(service, now)
    steps = {step.room_id: step for step in rooms(lists)}
    links = scope(RoomLink, service)
    if room_id not in steps:
        raise Conflict(f"{names.roster} no longer has this room. Look at the rooms again.")
    links.filter(room_id=room_id).delete()
    if target_id == NEW:
        RoomLink.objects.create(service=service, room_id=room_id, target_id=A_NEW_ROOM)
    elif target_id:
        holder = links.filter(target_id=target_id).first()
        if holder is not None and holder.room_id in steps:
            name = steps[holder.room_id].name
            two = f"Two rooms of {names.roster} cannot be one in {names.profiles}."
            raise Conflict(f"“{name}” has this room already. {two}")
        profiles = connectors_for(integration).profiles
        there = profiles.read([query_for(integration, now)])[service.pk].rooms
        if target_id not in {room.room_id for room in there}:
            raise Conflict(f"{names.profiles} no longer has this room. Look at the rooms again.")
        links.filter(target_id=target_id).delete()
        RoomLink.objects.create(service=service, room_id=room_id, target_id=target_id)
    integrations.increment_version(service)
