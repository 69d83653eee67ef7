"""Apply: the one place that carries out decisions, through the profiles port."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote

from parkway.connectors.ports import (
    NewProfile,
    ProfileChange,
    Profiles,
    ProfileWrites,
    RoomChange,
    WriteResult,
)
from parkway.db import bulk
from parkway.domain import ALL_FIELDS, Child, Decision, Details, Profile, Step
from parkway.engine.changes import details_after
from parkway.engine.outcome import carries_out
from parkway.engine.plan import Plan
from parkway.sync.ends import profiles_of_service
from parkway.sync.models import Choice, Integration, Link, RoomLink
from parkway.sync.run.gather import query_for
from parkway.tenancy.scope import scope

NOTHING_MADE = WriteResult({}, {})
PLAIN = re.compile(r"[\w.~-]+", re.ASCII).fullmatch  # what needs no quoting, as hardly any id does


def carry_out(
    plans: Mapping[int, Plan], runs: Mapping[int, int], profiles_end: Profiles, set_up: bool = False
) -> dict[int, WriteResult]:
    """Write what these plans decided for these runs, by service id: rooms, profiles, links; choices carried
    out are done. `set_up`: these are the runs that end set-up (B8).

    The ids of what was made, by service id.
    """
    writes = {
        key: profile_writes_of(key, plan, runs[key], set_up)
        for key, plan in plans.items()
        if not plan.changes_nothing
    }
    days = {key: plans[key].input.today for key in writes}
    made = dict.fromkeys(plans, NOTHING_MADE) | dict(profiles_end.write(writes, days) if writes else {})
    _link_rooms({key: plans[key] for key in writes}, made)
    _link(plans, made)
    _choices_done(plans)
    return made


def profile_writes_of(service_id: int, plan: Plan, run: int, set_up: bool = False) -> ProfileWrites:
    """What the profiles' end has to write."""
    creates, changes = [], []
    for decision in plan.actions():
        if decision.step is Step.CREATE and decision.child is not None:
            details, child_id = _supplied(decision.child), decision.child_id
            link = managed_link(service_id, child_id)
            creates.append(NewProfile(child_id, details, link, key=f"{run}.{child_id}"))
        elif decision.profile is not None:
            changes.append(_change(service_id, decision, decision.profile))
    rooms = [
        RoomChange(step.room_id, step.target_id, step.name)
        for step in plan.input.rooms
        if step.target_id is None or step.renamed_from
    ]
    return ProfileWrites(rooms, creates, changes, set_up)


def _supplied(child: Child) -> Details:
    """The details of a new profile: what the source supplies, and nothing for the rest (D20)."""
    if child.supplied == ALL_FIELDS and not child.details.more:
        return child.details
    return Details.of({name: child.details.value(name) for name in child.supplied})


def _change(service_id: int, decision: Decision, profile: Profile) -> ProfileChange:
    if decision.step is Step.ARCHIVE:
        return ProfileChange(profile.profile_id, archive=True)
    details = details_after(profile, decision.changes) if decision.changes else None
    archive = False if decision.step is Step.RESTORE else None
    managed = managed_link(service_id, decision.child_id) if decision.step is not Step.UPDATE else None
    return ProfileChange(profile.profile_id, details, archive, managed)


def managed_link(service_id: int, child_id: str) -> str:
    """Where a profile's child is found in Manage (R14); an id may hold any printable character."""
    return f"/manage/{service_id}/children/{child_id if PLAIN(child_id) else quote(child_id, safe='')}"


def mark_linked(integration: Integration, now: datetime) -> None:
    """Mark every linked profile of a service as managed in Manage (R14, D15)."""
    key = integration.service_id
    links = scope(Link, key).values_list("profile_id", "child_id")
    managed = {profile_id: managed_link(key, child_id) for profile_id, child_id in links}
    profiles_of_service(integration.service).mark(query_for(integration, now), managed)


def _link_rooms(plans: Mapping[int, Plan], made: Mapping[int, WriteResult]) -> None:
    links = [
        (key, step.room_id, step.target_id or made[key].rooms[step.room_id])
        for key, plan in plans.items()
        for step in plan.input.rooms
        if not step.linked
    ]
    bulk.delete(RoomLink, ["service_id", "room_id"], [link[:2] for link in links])
    bulk.insert(RoomLink, ["service_id", "room_id", "target_id"], links)


def _link(plans: Mapping[int, Plan], made: Mapping[int, WriteResult]) -> None:
    """Tie children to the profiles they were given. A link to a deleted profile gives way (D10)."""
    fresh, moved = [], []
    for key, plan in plans.items():
        links, profiles = plan.input.links, made[key].profiles
        for decision in plan.actions():
            child_id = decision.child_id
            profile_id = decision.profile_id or profiles.get(child_id)
            if profile_id is None or links.get(child_id) == profile_id:
                continue
            if child_id in links:
                moved.append((profile_id, key, child_id))
            else:
                fresh.append((key, child_id, profile_id))
    bulk.update(Link, ["profile_id"], ["service_id", "child_id"], moved)
    bulk.insert(Link, ["service_id", "child_id", "profile_id"], fresh)


def _choices_done(plans: Mapping[int, Plan]) -> None:
    """Forget the choices of a profile or a new one that were carried out (D23)."""
    done = [
        (key, decision.child_id)
        for key, plan in plans.items()
        if plan.input.choices
        for decision in plan.actions()
        if (choice := plan.input.choices.get(decision.child_id)) is not None and carries_out(decision, choice)
    ]
    keeping = [pair for pair in done if plans[pair[0]].input.choices[pair[1]].keep_until]
    found_by = ["service_id", "child_id"]
    bulk.update(Choice, ["kind", "profile_id"], found_by, [("", "", *pair) for pair in keeping])
    bulk.delete(Choice, found_by, [pair for pair in done if pair not in set(keeping)])
