"""Taking a service's children, bookings, profiles and links over from files, all or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import transaction

from parkway import domain
from parkway.connectors.csv_files import Files, ProfileRow
from parkway.connectors.ports import ServiceQuery, TakenBooking, TakesProfiles, TakesRoster
from parkway.db import bulk
from parkway.domain import SYNCED_FIELDS, Conflict, SourceSilent
from parkway.engine.plan import Plan
from parkway.sync import integrations
from parkway.sync.commands import choices
from parkway.sync.ends import connectors_of_services, names_of_service
from parkway.sync.integrations import lock_integrations
from parkway.sync.models import Integration, Link, Stage
from parkway.sync.queries.previews import plan_now
from parkway.sync.run import apply
from parkway.tenancy.models import Service
from parkway.tenancy.people import Actor
from parkway.tenancy.scope import scope


class ImportResult(NamedTuple):
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
    **{field.column: field.longest for field in SYNCED_FIELDS if field.longest},
    "room": domain.LONGEST["rooms"],
}
"""What the database has room for, by the columns of files."""


@transaction.atomic
def take_files(service: Service, files: Files, by: Actor, now: datetime) -> ImportResult:
    """Take over what files say of a service: nothing, when any of it cannot be.

    Children and profiles are found by their ids and brought up to date; the bookings of a child replace the
    ones before. A profile's link is taken over: that child was synced before. A column that the files lack
    is left alone, and what one clears is cleared (D20), but for links, which last. Raises Forbidden when `by`
    may not change what they change (children, profiles, somebody's choice; D22), Conflict when a link stands
    against one of theirs, or an end of the service takes nothing over.
    """
    lock_integrations([service.pk])
    roster, profiles = taking_ends(service, bool(files.profiles))
    bookings = {key: [TakenBooking(*row) for row in rows] for key, rows in files.bookings.items()}
    taken = roster.take_roster(service.pk, files.children, bookings, files.untold, by, now)
    if profiles is not None:
        profiles.take_profiles(service.pk, [row.profile for row in files.profiles], by, now)
    links = _take_links(service, files.profiles)
    syncing = Integration.objects.filter(service=service, stage=Stage.ON).first()
    if links and syncing is not None:
        apply.mark_linked(syncing, now)
    ids = [child.child_id for child in files.children]
    chosen = choices.take_over(service, ids, files.choices, files.untold, by, now)
    return ImportResult(taken.new, taken.known, taken.bookings, len(files.profiles), links, chosen)


def taking_ends(service: Service, with_profiles: bool) -> tuple[TakesRoster, TakesProfiles | None]:
    """The ends that take over what files say; the second only where that is asked. Raises Conflict when one
    of them cannot.
    """
    names, ends = names_of_service(service), connectors_of_services([service])
    if not isinstance(ends.roster, TakesRoster):
        raise Conflict(f"The children of {service.name} come from {names.roster}; import there.")
    if not with_profiles:
        return ends.roster, None
    if not isinstance(ends.profiles, TakesProfiles):
        raise Conflict(f"The profiles of {service.name} are in {names.profiles}; import there.")
    return ends.roster, ends.profiles


class StatusChange(NamedTuple):
    """A child whose status becomes another by what files say; `was` is empty for a new one."""

    name: str
    was: str
    status: str


class ImportPreview(NamedTuple):
    """What taking files over would do: in the roster, whose status becomes another, and the plan of the run
    after it. `plan` is None while syncing is not on, or when an end is `silent`.
    """

    adopted: ImportResult
    changes: Sequence[StatusChange]
    plan: Plan | None
    silent: str = ""


def preview_files(service: Service, files: Files, by: Actor, now: datetime) -> ImportPreview:
    """What taking files over would do: it is done, looked at, and taken back. Raises what doing it raises."""
    with transaction.atomic():
        taking_ends(service, bool(files.profiles))
        before = _statuses(service, now)
        adopted = take_files(service, files, by, now)
        after = _statuses(service, now)
        different = [
            StatusChange(name, before[key][1] if key in before else "", status)
            for key, (name, status) in after.items()
            if key not in before or before[key][1] != status
        ]
        plan, silent = None, ""
        if integrations.is_on(service):
            try:
                plan = plan_now(service, now)
            except SourceSilent as said:
                silent = str(said)
        transaction.set_rollback(True)
    return ImportPreview(adopted, different, plan, silent)


def _statuses(service: Service, now: datetime) -> dict[str, tuple[str, str]]:
    """The name and the status of every child, by id."""
    query = ServiceQuery(service.pk, service.today(now), service.window)
    children = connectors_of_services([service]).roster.read([query])[service.pk].children
    in_order = sorted(children, key=lambda child: (*child.details[:2], child.child_id))
    return {
        child.child_id: (" ".join(filter(None, child.details[:2])), child.standing.status.value)
        for child in in_order
    }


def _take_links(service: Service, profiles: Sequence[ProfileRow]) -> int:
    """Link children and profiles as the file says. Raises Conflict when either is linked otherwise."""
    linked = dict(scope(Link, service).values_list("child_id", "profile_id"))
    holders = {profile_id: child_id for child_id, profile_id in linked.items()}
    new = []
    for child_id, profile in profiles:
        if not child_id or linked.get(child_id) == profile.profile_id:
            continue
        if child_id in linked or profile.profile_id in holders:
            raise Conflict(
                f"The file links {child_id} to the profile {profile.profile_id}, but one of them is linked "
                "otherwise already. Nothing was taken over."
            )
        new.append((service.pk, child_id, profile.profile_id))
        linked[child_id], holders[profile.profile_id] = profile.profile_id, child_id
    bulk.insert(Link, ["service_id", "child_id", "profile_id"], new)
    return len(new)
