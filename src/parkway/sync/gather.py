"""Gather: everything a plan depends on, for many services in a handful of calls."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from parkway import rows
from parkway.connectors.manage_here import ManageHere
from parkway.connectors.ports import Ask, Profiles, ProfilesAnswer, Roster, RosterAnswer
from parkway.connectors.storypark_here import StoryparkHere
from parkway.engine import matching
from parkway.engine.plan import Situation
from parkway.engine.rules import PLEASE_CHECK
from parkway.sync.models import Choice, Entry, Integration, Link, RoomLink
from parkway.words import Choice as Wish
from parkway.words import ChoiceKind, Facts, Profile, SourceSilent


class Ends(NamedTuple):
    """The two ends of a sync."""

    roster: Roster
    profiles: Profiles


HERE = Ends(ManageHere(), StoryparkHere())


class Current(NamedTuple):
    """The current journal entry of a child, as far as the next decision is compared with it."""

    entry_id: int
    step: str
    rule: str
    facts: str


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a run knows of one service. `silent` says why an end's answer must not be believed (D8)."""

    integration: Integration
    situation: Situation
    roster: RosterAnswer
    journal: Mapping[str, Current]
    silent: str | None


def ask_of(integration: Integration, now: datetime) -> Ask:
    """The question to both ends about a service."""
    service = integration.service
    return Ask(service.pk, service.today(now), service.window)


def gather(
    integrations: Sequence[Integration],
    now: datetime,
    ends: Ends = HERE,
    roster: Mapping[int, RosterAnswer] | None = None,
) -> dict[int, Gathered]:
    """Everything the plans of these services depend on, by service id.

    A `roster` read earlier in the same transaction may be handed in. Raises SourceSilent when an end fails.
    """
    asks = [ask_of(integration, now) for integration in integrations]
    ids = [ask.service_id for ask in asks]
    if roster is None:
        roster = ends.roster.read(asks)
    profiles = ends.profiles.read(asks)
    links = _pairs(Link, "child_id", "profile_id", ids)
    room_links = _pairs(RoomLink, "room_id", "target_id", ids)
    choices, journal = _choices(ids), _journal(ids)
    found = {}
    for integration, ask in zip(integrations, asks, strict=True):
        key = ask.service_id
        answer, theirs = roster[key], profiles[key]
        steps = matching.match_rooms(answer.rooms, theirs.rooms, room_links[key])
        situation = Situation(
            ask.today,
            integration.policy,
            theirs.paid_children,
            answer.children,
            _renamed(theirs.profiles, steps),
            links[key],
            choices[key],
            _asked(journal[key]),
            steps,
            ask.window,
            integration.limits,
        )
        silent = _silent(integration, answer, theirs, links[key])
        found[key] = Gathered(integration, situation, answer, journal[key], silent)
    return found


def _pairs(
    model: type[Link] | type[RoomLink], key: str, value: str, ids: Sequence[int]
) -> dict[int, dict[str, str]]:
    found: dict[int, dict[str, str]] = {service_id: {} for service_id in ids}
    for service_id, one, other in rows.read(
        f"SELECT service_id, {key}, {value} FROM {rows.table(model)} "
        f"WHERE service_id IN ({rows.marks(len(ids))})",
        ids,
    ):
        found[service_id][one] = other
    return found


def _choices(ids: Sequence[int]) -> dict[int, dict[str, Wish]]:
    found: dict[int, dict[str, Wish]] = defaultdict(dict)
    columns = ("service_id", "child_id", "kind", "profile_id", "keep_until", "chosen_by")
    for service_id, child_id, kind, profile_id, keep_until, by in Choice.objects.filter(
        service_id__in=ids
    ).values_list(*columns):
        wish = Wish(ChoiceKind(kind) if kind else None, profile_id or None, keep_until, by)
        found[service_id][child_id] = wish
    return found


def _journal(ids: Sequence[int]) -> dict[int, dict[str, Current]]:
    found: dict[int, dict[str, Current]] = {service_id: {} for service_id in ids}
    for service_id, child_id, *entry in rows.read(
        f"SELECT service_id, child_id, id, step, rule, facts FROM {rows.table(Entry)} "
        f"WHERE current AND service_id IN ({rows.marks(len(ids))})",
        ids,
    ):
        found[service_id][child_id] = Current(*entry)
    return found


def _asked(journal: Mapping[str, Current]) -> dict[str, Facts]:
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


def _silent(
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


def gather_one(integration: Integration, now: datetime, ends: Ends = HERE) -> Gathered:
    """`gather` for one service. Raises SourceSilent also for an answer that must not be believed."""
    gathered = gather([integration], now, ends)[integration.service_id]
    if gathered.silent:
        raise SourceSilent(gathered.silent)
    return gathered
