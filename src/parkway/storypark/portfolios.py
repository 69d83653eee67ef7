"""Many profiles at once: a service's portfolios taken over from somewhere else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime

from django.db import transaction

from parkway import domain
from parkway.db import bulk
from parkway.domain import COLUMN_FIELDS, Details, ProfileState, column_values
from parkway.storypark import verbs
from parkway.storypark.models import ArchivedBy, Profile, ProfileRoom, Room
from parkway.tenancy import change_log
from parkway.tenancy.change_log import LoggedChange
from parkway.tenancy.models import Service, Subject
from parkway.tenancy.people import Actor, Permission, require
from parkway.tenancy.scope import scope

STATE = ("state", "archived_on", "archived_by")
LIVE, ARCHIVED, DELETED = ProfileState.LIVE, ProfileState.ARCHIVED, ProfileState.DELETED


@transaction.atomic
def take_profiles(service: Service, profiles: Sequence[domain.Profile], *, by: Actor, now: datetime) -> None:
    """Take over profiles by their ids, with their states; spaces are not asked for, since they exist already.

    A profile that is known is brought up to date in the fields that are supplied. One that is deleted by now
    is deleted here, with its stories, which is for support. The change log gets an entry for each profile and
    room that is new or another. Raises Forbidden for whoever may not change profiles (D22).
    """
    require(Permission.CHANGE_PROFILES, by, service)
    verbs.lock_account(service)
    today = service.today(now)
    known = {profile.reference: profile for profile in scope(Profile, service)}
    was_in = _rooms_before(service)
    new = [profile for profile in profiles if profile.profile_id not in known]
    old = [profile for profile in profiles if profile.profile_id in known]
    _insert(service, new, today)
    there = [profile for profile in old if profile.state is not DELETED]
    amended = _update(service, there, known, today)
    for profile in old:
        stored = known[profile.profile_id]
        if profile.state is DELETED and stored.state != DELETED.value:
            verbs.delete_profile(stored, by=by, now=now)
    made = _place(service, [p for p in profiles if p.state is not DELETED and "rooms" in p.supplied])
    verbs.increment_version(service)
    changes = [
        *(
            LoggedChange(Subject.STORYPARK_ROOM, str(pk), "add_room", {"name": [None, name]})
            for name, pk in made
        ),
        *(_new_profile(profile, today) for profile in new),
        *_amended_profiles(there, amended, was_in),
    ]
    change_log.record_many(service, changes, by, now)


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


_Row = tuple[object, ...]
_LOGGED = (*COLUMN_FIELDS, "state", "archived_on")


def _update(
    service: Service, profiles: Sequence[domain.Profile], known: Mapping[str, Profile], today: date
) -> list[tuple[_Row, _Row]]:
    """Bring known profiles up to date; the columns of _LOGGED of each, before and after."""
    changed: list[_Row] = []
    found: list[tuple[_Row, _Row]] = []
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
        found.append(((*column_values(before), before.state, before.archived_on), (*details, *state[:2])))
    bulk.update(Profile, [*COLUMN_FIELDS, *STATE], ["service_id", "reference"], changed)
    return found


def _place(service: Service, profiles: Collection[domain.Profile]) -> list[tuple[str, int]]:
    """Put profiles into their rooms and no others; the names and ids of rooms that were missing and made."""
    wanted = frozenset[str]().union(*(profile.details.rooms for profile in profiles))
    there = set(scope(Room, service).values_list("name", flat=True))
    missing = sorted(wanted - there)
    bulk.insert(Room, ["service_id", "name"], [(service.pk, name) for name in missing])
    rooms = dict(scope(Room, service).values_list("name", "pk"))
    ids = dict(scope(Profile, service).values_list("reference", "pk"))
    bulk.delete(ProfileRoom, ["profile_id"], [(ids[profile.profile_id],) for profile in profiles])
    bulk.insert(
        ProfileRoom,
        ["service_id", "profile_id", "room_id"],
        [(service.pk, ids[p.profile_id], rooms[name]) for p in profiles for name in sorted(p.details.rooms)],
    )
    return [(name, rooms[name]) for name in missing]


# The change log ----------------------------------------------------------------------------------------


def _rooms_before(service: Service) -> dict[str, set[str]]:
    """The names of the rooms of each profile, by the profile's id."""
    found: dict[str, set[str]] = defaultdict(set)
    for profile_id, room in scope(ProfileRoom, service).values_list("profile__reference", "room__name"):
        found[profile_id].add(room)
    return found


def _new_profile(profile: domain.Profile, today: date) -> LoggedChange:
    """The entry of a new profile; one that is deleted already has no names."""
    state, archived_on, _ = _state(profile, today)
    details = {} if profile.state is DELETED else profile.details.by_name()
    after = {**details, "state": state, "archived_on": archived_on}
    changes = change_log.differences(change_log.NOTHING, after)
    return LoggedChange(Subject.PROFILE, profile.profile_id, "import_new", changes)


def _amended_profiles(
    profiles: Sequence[domain.Profile], amended: Sequence[tuple[_Row, _Row]], was_in: Mapping[str, set[str]]
) -> Iterator[LoggedChange]:
    for profile, (before, after) in zip(profiles, amended, strict=True):
        old, new = (dict[str, object](zip(_LOGGED, row, strict=True)) for row in (before, after))
        if "rooms" in profile.supplied:
            old["rooms"], new["rooms"] = was_in.get(profile.profile_id, ()), profile.details.rooms
        changes = change_log.differences(old, new)
        yield LoggedChange(Subject.PROFILE, profile.profile_id, "import", changes)
