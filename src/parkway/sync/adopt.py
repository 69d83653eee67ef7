"""Taking a service's children, bookings, profiles and links over from files, all or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import transaction

from parkway import rows
from parkway.connectors.csv_files import Files, ProfileRow
from parkway.manage.roster import Booked, take_roster
from parkway.storypark.portfolios import take_profiles
from parkway.sync import apply, choices
from parkway.sync.gather import HERE
from parkway.sync.models import Integration, Link, Stage
from parkway.sync.run import lock
from parkway.tenancy.models import Service
from parkway.tenancy.people import Actor
from parkway.tenancy.scope import scope
from parkway.words import Refused


class Adopted(NamedTuple):
    """How many were taken over: children new and known before, bookings, profiles, new links, new choices."""

    new_children: int
    known_children: int
    bookings: int
    profiles: int
    links: int
    choices: int


LONGEST = {
    "child_id": 64,
    "profile_id": 64,
    "first_name": 100,
    "last_name": 100,
    "preferred_name": 100,
    "gender": 40,
    "rooms": 100,
    "room": 100,
}
"""What the database has room for."""


@transaction.atomic
def take_files(service: Service, files: Files, by: Actor, now: datetime) -> Adopted:
    """Take over what files say of a service: nothing, when any of it cannot be.

    Children and profiles are found by their ids and brought up to date; the bookings of a child replace the
    ones before. A profile's link is taken over: that child was synced before. A column that the files lack
    is left alone, and what one clears is cleared (D20), but for links, which last. Raises Refused when they
    change somebody's choice and `by` may not (D22).
    """
    lock([service.pk])
    today = service.today(now)
    bookings = {
        child_id: [Booked(row.booking, row.weekdays, row.room) for row in rows]
        for child_id, rows in files.bookings.items()
    }
    taken = take_roster(service, files.children, bookings, today, files.untold)
    if files.profiles:
        take_profiles(service, [row.profile for row in files.profiles], today)
    links = _take_links(service, files.profiles)
    integration = Integration.objects.filter(service=service, stage=Stage.ON).first()
    if links and integration is not None:
        apply.mark_linked(integration, now, HERE)
    ids = [child.child_id for child in files.children]
    wishes = choices.take(service, ids, files.choices, files.untold, by, now)
    return Adopted(taken.new, taken.known, taken.bookings, len(files.profiles), links, wishes)


def _take_links(service: Service, profiles: Sequence[ProfileRow]) -> int:
    """Link children and profiles as the file says. Raises Refused when either is linked otherwise already."""
    linked = dict(scope(Link, service).values_list("child_id", "profile_id"))
    holders = {profile_id: child_id for child_id, profile_id in linked.items()}
    new = []
    for child_id, profile in profiles:
        if not child_id or linked.get(child_id) == profile.profile_id:
            continue
        if child_id in linked or profile.profile_id in holders:
            raise Refused(
                f"The file links {child_id} to the profile {profile.profile_id}, but one of them is linked "
                "otherwise already. Nothing was taken over."
            )
        new.append((service.pk, child_id, profile.profile_id))
        linked[child_id], holders[profile.profile_id] = profile.profile_id, child_id
    rows.insert(Link, ["service_id", "child_id", "profile_id"], new)
    return len(new)
