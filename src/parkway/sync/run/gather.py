"""Gather: everything a plan depends on, for many services in a handful of calls."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

from parkway.connectors.ports import Profiles, ProfilesAnswer, RosterAnswer, ServiceQuery
from parkway.domain import Facts, Profile, SourceSilent
from parkway.engine import matching
from parkway.engine.plan import PlanInput, SettledTotals
from parkway.engine.rules import PLEASE_CHECK
from parkway.sync.ends import connectors_for, names_of
from parkway.sync.models import Integration
from parkway.sync.run import state
from parkway.sync.run.state import CurrentEntry


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a run knows of one service. `silent` says why an end's answer must not be believed (D8)."""

    integration: Integration
    plan_input: PlanInput
    roster: RosterAnswer
    journal: Mapping[str, CurrentEntry]
    silent: str | None

    def with_settled(self, others: SettledTotals) -> Snapshot:
        """The same with the children who are left out as numbers."""
        return replace(self, plan_input=replace(self.plan_input, others=others))


def query_for(integration: Integration, now: datetime) -> ServiceQuery:
    """The question to both ends about a service."""
    service = integration.service
    return ServiceQuery(service.pk, service.today(now), service.window)


def gather(
    integrations: Sequence[Integration],
    now: datetime,
    since: Mapping[int, int | None] = MappingProxyType({}),
) -> dict[int, Snapshot]:
    """Return everything the plans of these services depend on, by service id.

    `since` has the version after which nothing but the roster changed, for services whose last run left every
    child settled: their rosters may answer with the children who changed (run.settled). Raises SourceSilent
    when an end fails.
    """
    if not integrations:
        return {}
    queries = [query_for(each, now)._replace(since=since.get(each.service_id)) for each in integrations]
    connectors = connectors_for(*integrations)
    return _snapshots(integrations, queries, connectors.roster.read(queries), connectors.profiles)


def gather_again(before: Mapping[int, Snapshot], now: datetime) -> dict[int, Snapshot]:
    """Return the snapshots of the same services once more, later in the same transaction, with the rosters as
    they were, and of the journal only the questions to people.
    """
    if not before:
        return {}
    integrations = [snapshot.integration for snapshot in before.values()]
    queries = [query_for(integration, now) for integration in integrations]
    rosters = {key: snapshot.roster for key, snapshot in before.items()}
    profiles = connectors_for(*integrations).profiles
    found = _snapshots(integrations, queries, rosters, profiles, questions_only=True)
    return {key: snapshot.with_settled(before[key].plan_input.others) for key, snapshot in found.items()}


def _snapshots(
    integrations: Sequence[Integration],
    queries: Sequence[ServiceQuery],
    rosters: Mapping[int, RosterAnswer],
    profiles_end: Profiles,
    questions_only: bool = False,
) -> dict[int, Snapshot]:
    """Return what belongs to the children of these rosters."""
    complete = [key for key, answer in rosters.items() if answer.complete]
    some = [
        (key, c.child_id) for key, answer in rosters.items() if not answer.complete for c in answer.children
    ]
    links = state.links(complete, some)
    whose = {key: None if answer.complete else links[key].values() for key, answer in rosters.items()}
    profiles = profiles_end.read([query._replace(only=whose[query.service_id]) for query in queries])
    room_links = state.room_links(complete)
    choices, journal = state.choices(complete, some), state.journal(complete, some, questions_only)
    found = {}
    for integration, query in zip(integrations, queries, strict=True):
        key = query.service_id
        answer, theirs = rosters[key], profiles[key]
        steps = matching.match_rooms(answer.rooms, theirs.rooms, room_links[key]) if answer.complete else ()
        plan_input = PlanInput(
            query.today,
            integration.policy,
            theirs.paid_children,
            answer.children,
            _renamed(theirs.profiles, steps) if answer.complete else _only(theirs.profiles, links[key]),
            links[key],
            choices[key],
            _asked(journal[key]),
            steps,
            query.window,
            integration.limits,
            ends=names_of(integration),
        )
        silent = _why_unbelievable(integration, answer, theirs, links[key]) if answer.complete else None
        found[key] = Snapshot(integration, plan_input, answer, journal[key], silent)
    return found


def _only(profiles: Mapping[str, Profile], links: Mapping[str, str]) -> Mapping[str, Profile]:
    """The linked ones of these profiles: an end may have answered with more than it was asked about."""
    return {profile_id: profiles[profile_id] for profile_id in links.values() if profile_id in profiles}


def _asked(journal: Mapping[str, CurrentEntry]) -> dict[str, Facts]:
    """What people were asked about before, from the journal: the question stands until they choose (D19)."""
    slug = PLEASE_CHECK.slug
    return {child_id: json.loads(now.facts) for child_id, now in journal.items() if now.rule == slug}


def _renamed(profiles: Mapping[str, Profile], steps: Sequence[matching.RoomStep]) -> Mapping[str, Profile]:
    """The profiles as they are once the rooms are renamed (D21)."""
    names = {step.renamed_from: step.name for step in steps if step.renamed_from}
    if not names:
        return profiles
    after = {}
    for profile_id, profile in profiles.items():
        rooms = frozenset(names.get(name, name) for name in profile.details.rooms)
        after[profile_id] = profile._replace(details=profile.details._replace(rooms=rooms))
    return after


def _why_unbelievable(
    integration: Integration, answer: RosterAnswer, theirs: ProfilesAnswer, links: Mapping[str, str]
) -> str | None:
    """Why an empty answer stops the run (D8); None when both ends may be believed."""
    ends = names_of(integration)
    if links and not answer.children:
        return (
            f"{ends.roster} answered with no children at all, although {len(links)} are linked to a profile. "
            f"Nothing was changed for {integration.service}. Check the roster, then sync again."
        )
    if links and not theirs.profiles:
        return (
            f"{ends.profiles} answered with no profiles at all, although {len(links)} are linked to a child. "
            f"Nothing was changed for {integration.service}. Check {ends.profiles}, then sync again."
        )
    return None


def gather_one(integration: Integration, now: datetime) -> Snapshot:
    """`gather` for one service. Raises SourceSilent also for an answer that must not be believed."""
    snapshot = gather([integration], now)[integration.service_id]
    if snapshot.silent:
        raise SourceSilent(snapshot.silent)
    return snapshot
