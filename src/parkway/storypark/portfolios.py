"""Many profiles at once: a service's portfolios taken over from somewhere else."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date

from django.db import transaction

from parkway import domain
from parkway.db import bulk
from parkway.domain import COLUMN_FIELDS, Details, ProfileState, column_values
from parkway.storypark import verbs
from parkway.storypark.models import ArchivedBy, Profile, ProfileRoom, Room
from parkway.tenancy.models import Service
from parkway.tenancy.scope import scope

STATE = ("state", "archived_on", "archived_by")
LIVE, ARCHIVED, DELETED = ProfileState.LIVE, ProfileState.ARCHIVED, ProfileState.DELETED


@transaction.atomic
def take_profiles(service: Service, profiles: Sequence[domain.Profile], today: date) -> None:
    """Take over profiles by their ids, with their states; spaces are not asked for, since they exist already.

    A profile that is known is brought up to date in the fields that are supplied. One that is deleted by now
    is deleted here, with its stories.
    """
    verbs.lock_account(service)
    known = {profile.reference: profile for profile in scope(Profile, service)}
    new = [profile for profile in profiles if profile.profile_id not in known]
    old = [profile for profile in profiles if profile.profile_id in known]
    _insert(service, new, today)
    _update(service, [profile for profile in old if profile.state is not DELETED], known, today)
    for profile in old:
        stored = known[profile.profile_id]
        if profile.state is DELETED and stored.state != DELETED.value:
            verbs.delete_profile(stored)
    _place(service, [p for p in profiles if p.state is not DELETED and "rooms" in p.supplied])
    verbs.increment_version(service)


def _insert(service: Service, profiles: Sequence[domain.Profile], today: date) -> None:
    nothing = Details()
    values = [
        (
            service.pk,
            p.profile_id,
            *column_values(nothing if p.state is DELETED else p.details),
            *_state(p, today),
            "",
        )
        for p in profiles
    ]
    bulk.insert(Profile, ["service_id", "reference", *COLUMN_FIELDS, *STATE, "managed_link"], values)


def _state(profile: domain.Profile, today: date) -> tuple[str, date | None, str]:
    """What the columns of STATE hold for a profile whose past is not known here."""
    archived = profile.state is ARCHIVED
    return (
        profile.state.value,
        today if archived else None,
        ArchivedBy.IMPORT.value if archived else "",
    )


def _update(
    service: Service, profiles: Sequence[domain.Profile], known: Mapping[str, Profile], today: date
) -> None:
    changed = []
    for profile in profiles:
        before = known[profile.profile_id]
        details = [
            new if name in profile.supplied else old
            for name, new, old in zip(
                COLUMN_FIELDS, column_values(profile.details), column_values(before), strict=True
            )
        ]
        still_archived = profile.state is ARCHIVED and before.state == ARCHIVED.value
        state = (
            (before.state, before.archived_on, before.archived_by)
            if still_archived
            else _state(profile, today)
        )
        changed.append((*details, *state, service.pk, profile.profile_id))
    bulk.update(Profile, [*COLUMN_FIELDS, *STATE], ["service_id", "reference"], changed)


def _place(service: Service, profiles: Collection[domain.Profile]) -> None:
    """Put profiles into their rooms and no others, making rooms that are missing."""
    wanted = frozenset[str]().union(*(profile.details.rooms for profile in profiles))
    there = set(scope(Room, service).values_list("name", flat=True))
    bulk.insert(Room, ["service_id", "name"], [(service.pk, name) for name in sorted(wanted - there)])
    rooms = dict(scope(Room, service).values_list("name", "pk"))
    ids = dict(scope(Profile, service).values_list("reference", "pk"))
    bulk.delete(ProfileRoom, ["profile_id"], [(ids[profile.profile_id],) for profile in profiles])
    bulk.insert(
        ProfileRoom,
        ["service_id", "profile_id", "room_id"],
        [(service.pk, ids[p.profile_id], rooms[name]) for p in profiles for name in sorted(p.details.rooms)],
    )
