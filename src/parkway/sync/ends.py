"""The two ends that services are synced between: which they are is data, and each question finds its end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

from parkway.connectors import registry
from parkway.connectors.ports import (
    AccountAnswer,
    Profiles,
    ProfilesAnswer,
    ProfileWrites,
    Roster,
    RosterAnswer,
    ServiceQuery,
    WriteResult,
)
from parkway.domain import Booking, EndNames
from parkway.sync.models import MANAGE, STORYPARK, Integration
from parkway.tenancy.models import Service
from parkway.tenancy.people import Actor


class Connectors(NamedTuple):
    """The two ends of a sync."""

    roster: Roster
    profiles: Profiles


class EndKeys(NamedTuple):
    """Which ends a service has: slugs of the registry, and their settings as JSON text."""

    roster: str
    roster_settings: str
    profiles: str
    profiles_settings: str


def connectors_for(*integrations: Integration) -> Connectors:
    """The ends of these services. Raises NotFound when one of them is not installed."""
    return connectors_of({each.service_id: keys_of(each) for each in integrations})


def keys_of(integration: Integration) -> EndKeys:
    """Which ends a service has."""
    return EndKeys(
        integration.roster_end,
        integration.roster_settings,
        integration.profiles_end,
        integration.profiles_settings,
    )


def names_of(integration: Integration) -> EndNames:
    """What people call the ends of a service. Raises NotFound when one of them is not installed."""
    return registry.names(integration.roster_end, integration.profiles_end)


def connectors_of(keys: Mapping[int, EndKeys]) -> Connectors:
    """The ends of services, by their ids. Where these have different ones, each question goes to the end of
    the service that it is about.
    """
    different = set(keys.values())
    if len(different) == 1:
        [only] = different
        return Connectors(registry.connect_roster(*only[:2]), registry.connect_profiles(*only[2:]))
    return Connectors(
        _Rosters({id_: registry.connect_roster(*key[:2]) for id_, key in keys.items()}),
        _Profiles({id_: registry.connect_profiles(*key[2:]) for id_, key in keys.items()}),
    )


OWN = EndKeys(MANAGE, "{}", STORYPARK, "{}")


def connectors_of_services(services: Iterable[Service]) -> Connectors:
    """The ends of services, also of those whose integration was never enabled: these have Parkway's own."""
    keys = {service.pk: OWN for service in services}
    found = Integration.objects.filter(pk__in=keys)
    return connectors_of(keys | {each.pk: keys_of(each) for each in found})


class _Rosters:
    """The rosters of services that have different ones."""

    def __init__(self, ends: Mapping[int, Roster]) -> None:
        self._ends = ends

    def versions(self, queries: Sequence[ServiceQuery]) -> Mapping[int, int | None]:
        found: dict[int, int | None] = {}
        for end, theirs in self._by_end(queries):
            found |= end.versions(theirs)
        return found

    def read(self, queries: Sequence[ServiceQuery]) -> Mapping[int, RosterAnswer]:
        found: dict[int, RosterAnswer] = {}
        for end, theirs in self._by_end(queries):
            found |= end.read(theirs)
        return found

    def bookings(self, query: ServiceQuery) -> Mapping[str, Sequence[Booking]]:
        return self._ends[query.service_id].bookings(query)

    def _by_end(self, queries: Sequence[ServiceQuery]) -> Iterator[tuple[Roster, list[ServiceQuery]]]:
        grouped: defaultdict[int, list[ServiceQuery]] = defaultdict(list)
        for query in queries:
            grouped[id(self._ends[query.service_id])].append(query)
        for theirs in grouped.values():
            yield self._ends[theirs[0].service_id], theirs


class _Profiles:
    """The profiles' ends of services that have different ones."""

    def __init__(self, ends: Mapping[int, Profiles]) -> None:
        self._ends = ends

    def versions(self, queries: Sequence[ServiceQuery]) -> Mapping[int, int | None]:
        found: dict[int, int | None] = {}
        for end, ids in self._by_end([query.service_id for query in queries]):
            found |= end.versions([query for query in queries if query.service_id in ids])
        return found

    def read(self, queries: Sequence[ServiceQuery]) -> Mapping[int, ProfilesAnswer]:
        found: dict[int, ProfilesAnswer] = {}
        for end, ids in self._by_end([query.service_id for query in queries]):
            found |= end.read([query for query in queries if query.service_id in ids])
        return found

    def write(
        self, writes: Mapping[int, ProfileWrites], today: Mapping[int, date]
    ) -> Mapping[int, WriteResult]:
        found: dict[int, WriteResult] = {}
        for end, ids in self._by_end(list(writes)):
            found |= end.write({key: writes[key] for key in ids}, {key: today[key] for key in ids})
        return found

    def accounts(self, service_ids: Sequence[int]) -> Mapping[int, AccountAnswer]:
        found: dict[int, AccountAnswer] = {}
        for end, ids in self._by_end(service_ids):
            found |= end.accounts(list(ids))
        return found

    def set_paid_children(self, service_id: int, number: int, by: Actor, now: datetime) -> None:
        self._ends[service_id].set_paid_children(service_id, number, by, now)

    def mark(self, query: ServiceQuery, managed_links: Mapping[str, str]) -> None:
        self._ends[query.service_id].mark(query, managed_links)

    def release(self, query: ServiceQuery) -> None:
        self._ends[query.service_id].release(query)

    def _by_end(self, service_ids: Sequence[int]) -> Iterator[tuple[Profiles, set[int]]]:
        grouped: defaultdict[int, set[int]] = defaultdict(set)
        for service_id in service_ids:
            grouped[id(self._ends[service_id])].add(service_id)
        for ids in grouped.values():
            yield self._ends[next(iter(ids))], ids
