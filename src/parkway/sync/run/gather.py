"""Gather: everything a plan depends on, for many services in a handful of calls."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

from parkway.connectors.ports import ProfilesAnswer, RosterAnswer, ServiceQuery
from parkway.domain import OUTCOMES, Facts, Profile, ProfileState, SourceSilent
from parkway.engine import matching
from parkway.engine.plan import PlanInput, SettledTotals
from parkway.engine.rules import PLEASE_CHECK, RULES
from parkway.sync.ends import HERE, Connectors
from parkway.sync.models import Integration
from parkway.sync.run import state
from parkway.sync.run.state import CurrentEntry

MISSING = frozenset(rule.slug for rule in RULES if not rule.listed)
"""The rules that answer for a child whom the roster does not list."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a run knows of one service. `silent` says why an end's answer must not be believed (D8)."""

    integration: Integration
    plan_input: PlanInput
    roster: RosterAnswer
    journal: Mapping[str, CurrentEntry]
    silent: str | None


def query_for(integration: Integration, now: datetime) -> ServiceQuery:
    """The question to both ends about a service."""
    service = integration.service
    return ServiceQuery(service.pk, service.today(now), service.window)


def gather(
    integrations: Sequence[Integration],
    now: datetime,
    ends: Connectors = HERE,
    since: Mapping[int, int | None] = MappingProxyType({}),
) -> dict[int, Snapshot]:
    """Everything the plans of these services depend on, by service id.

    Where nothing but the roster changed `since` a run that left every child settled, that is the children
    who changed, and the others as numbers. Raises SourceSilent when an end fails.
    """
    asks = [query_for(each, now)._replace(since=since.get(each.service_id)) for each in integrations]
    rosters = ends.roster.read(asks)
    found = _gather(integrations, asks, rosters, ends)
    wholes = []
    for key, gathered in found.items():
        if not gathered.roster.complete:
            others = _settled_totals(gathered)
            if others is None:
                wholes.append(gathered.integration)
            else:
                found[key] = _with_settled_totals(gathered, others)
    return found | gather(wholes, now, ends) if wholes else found


def gather_again(before: Mapping[int, Snapshot], now: datetime, ends: Connectors) -> dict[int, Snapshot]:
    """The same once more, later in the same transaction: the roster is as it was."""
    integrations = [gathered.integration for gathered in before.values()]
    asks = [query_for(integration, now) for integration in integrations]
    rosters = {key: gathered.roster for key, gathered in before.items()}
    found = _gather(integrations, asks, rosters, ends, questions_only=True)
    return {
        key: _with_settled_totals(gathered, before[key].plan_input.others) for key, gathered in found.items()
    }


def _gather(
    integrations: Sequence[Integration],
    asks: Sequence[ServiceQuery],
    rosters: Mapping[int, RosterAnswer],
    ends: Connectors,
    questions_only: bool = False,
) -> dict[int, Snapshot]:
    """What belongs to the children of these rosters; of the journal, if wished, only what a plan looks at."""
    wholes = [key for key, answer in rosters.items() if answer.complete]
    some = [
        (key, c.child_id) for key, answer in rosters.items() if not answer.complete for c in answer.children
    ]
    links = state.links(wholes, some)
    whose = {key: None if answer.complete else links[key].values() for key, answer in rosters.items()}
    profiles = ends.profiles.read([ask._replace(only=whose[ask.service_id]) for ask in asks])
    room_links = state.room_links(wholes)
    choices, journal = state.choices(wholes, some), state.journal(wholes, some, questions_only)
    found = {}
    for integration, ask in zip(integrations, asks, strict=True):
        key = ask.service_id
        answer, theirs = rosters[key], profiles[key]
        steps = matching.match_rooms(answer.rooms, theirs.rooms, room_links[key]) if answer.complete else ()
        plan_input = PlanInput(
            ask.today,
            integration.policy,
            theirs.paid_children,
            answer.children,
            _renamed(theirs.profiles, steps) if answer.complete else _only(theirs.profiles, links[key]),
            links[key],
            choices[key],
            _asked(journal[key]),
            steps,
            ask.window,
            integration.limits,
        )
        silent = _why_unbelievable(integration, answer, theirs, links[key]) if answer.complete else None
        found[key] = Snapshot(integration, plan_input, answer, journal[key], silent)
    return found


def _only(profiles: Mapping[str, Profile], links: Mapping[str, str]) -> Mapping[str, Profile]:
    """The linked ones of these profiles: an end may have answered with more than it was asked about."""
    return {profile_id: profiles[profile_id] for profile_id in links.values() if profile_id in profiles}


def _settled_totals(gathered: Snapshot) -> SettledTotals | None:
    """All whom the roster left out because they did not change, as numbers; None when numbers are not enough.

    That is when a child has no profile, and one that nobody is linked to might be the child's (D19, D23), or
    was not listed before.
    """
    plan_input, settled = gathered.plan_input, SettledTotals(*(gathered.integration.settled or ()))
    for child in plan_input.children:
        profile_id = plan_input.links.get(child.child_id)
        if profile_id is None and (settled.unlinked or child.child_id in plan_input.choices):
            return None
        if profile_id is not None and (
            profile_id not in plan_input.profiles
            or plan_input.profiles[profile_id].state is ProfileState.DELETED
        ):
            return None
    if any(entry.rule in MISSING for entry in gathered.journal.values()):
        return None
    outcomes = Counter(OUTCOMES[entry.step] for entry in gathered.journal.values())
    return SettledTotals(
        settled.kept - outcomes["live"],
        settled.left_out - outcomes["out"],
        settled.live - plan_input.live_linked(),
        settled.linked - plan_input.live_linked(),
        settled.unlinked,
    )


def _with_settled_totals(gathered: Snapshot, others: SettledTotals) -> Snapshot:
    return replace(gathered, plan_input=replace(gathered.plan_input, others=others))


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
    if links and not answer.children:
        return (
            f"Manage answered with no children at all, although {len(links)} are linked to a profile. "
            f"Nothing was changed for {integration.service}. Check the roster, then sync again."
        )
    if links and not theirs.profiles:
        return (
            f"Storypark answered with no profiles at all, although {len(links)} are linked to a child. "
            f"Nothing was changed for {integration.service}. Check Storypark, then sync again."
        )
    return None


def gather_one(integration: Integration, now: datetime, ends: Connectors = HERE) -> Snapshot:
    """`gather` for one service. Raises SourceSilent also for an answer that must not be believed."""
    gathered = gather([integration], now, ends)[integration.service_id]
    if gathered.silent:
        raise SourceSilent(gathered.silent)
    return gathered
