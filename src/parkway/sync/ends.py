"""The two ends that services are synced between: which they are is data, and each question finds its end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Generic, NamedTuple, TypeVar

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
from parkway.domain import Booking, EndNames, EndUnusable, SourceSilent
from parkway.sync.models import MANAGE, STORYPARK, Integration, Stage
from parkway.sync.outside import OutsideRoster
from parkway.tenancy.models import Service
from parkway.tenancy.people import Actor

Port = TypeVar("Port")


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
    """The ends of these services. Raises EndUnusable when one of them is not installed, its settings do not
    fit, or profiles are kept outside our database.
    """
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
    """What people call the ends of a service. An end that is not installed is called by its slug."""
    return names_of_keys(keys_of(integration))


def names_of_service(service: Service) -> EndNames:
    """What people call the ends of a service, also when its integration was never enabled."""
    return names_of_keys(keys_of_service(service))


def names_of_keys(keys: EndKeys) -> EndNames:
    """What people call these ends."""
    return registry.names(keys.roster, keys.profiles)


def connectors_of(keys: Mapping[int, EndKeys]) -> Connectors:
    """The ends of services, by their ids. Where these have different ones, each question goes to the end of
    the service that it is about.
    """
    different = {key[:2] for key in keys.values()}
    roster: Roster
    if len(different) == 1:
        roster = _roster(*different.pop())
    else:
        roster = _Rosters({id_: _roster(*key[:2]) for id_, key in keys.items()})
    return Connectors(roster, profiles_of(keys))


def profiles_of(keys: Mapping[int, EndKeys]) -> Profiles:
    """The profiles' ends of services, as `connectors_of` has them: for what asks no roster."""
    different = {key[2:] for key in keys.values()}
    if len(different) == 1:
        return registry.connect_profiles(*different.pop())
    return _Profiles({id_: registry.connect_profiles(*key[2:]) for id_, key in keys.items()})


@lru_cache(maxsize=4096)
def _roster(slug: str, settings: str) -> Roster:
    """The roster; one that takes no part in our transaction is never asked inside it."""
    port = registry.connect_roster(slug, settings)
    return port if registry.find_roster(slug).in_transaction else OutsideRoster(port)


def apart(service_ids: Sequence[int]) -> list[int]:
    """Return the services that are not run together with others, because their roster is outside our
    database, or one of their ends cannot be used.
    """
    found = Integration.objects.filter(pk__in=service_ids)
    return sorted(each.pk for each in found if _is_apart(keys_of(each)))


def _is_apart(keys: EndKeys) -> bool:
    return bool(problem_with(keys)) or not registry.find_roster(keys.roster).in_transaction


def problem_with(keys: EndKeys) -> str:
    """Why these ends cannot be used, in sentences; empty when they can."""
    try:
        connectors_of({0: keys})
    except EndUnusable as unusable:
        return str(unusable)
    return ""


def unusable_ends() -> list[tuple[Service, str]]:
    """The services whose ends cannot be used although support enabled syncing, each with why."""
    which = ("roster_end", "roster_settings", "profiles_end", "profiles_settings")
    enabled = Integration.objects.exclude(stage=Stage.DISABLED)
    found: list[tuple[Service, str]] = []
    for values in enabled.order_by().values_list(*which).distinct():
        keys = EndKeys(*values)
        if problem := problem_with(keys):
            theirs = enabled.filter(**dict(zip(which, keys, strict=True))).select_related("service")
            found += [(each.service, problem) for each in theirs]
    return sorted(found, key=lambda each: each[0].slug)


OWN = EndKeys(MANAGE, "{}", STORYPARK, "{}")


def connectors_of_services(services: Iterable[Service]) -> Connectors:
    """The ends of services, also of those whose integration was never enabled: these have Parkway's own."""
    return connectors_of(_keys_of_services(services))


def accounts_of(services: Sequence[Service]) -> dict[int, AccountAnswer]:
    """The accounts of services, by id. One whose end is silent, or cannot be used, has nothing in it."""
    ids = [service.pk for service in services]
    try:
        return dict(profiles_of(_keys_of_services(services)).accounts(ids)) if ids else {}
    except SourceSilent:
        if len(ids) == 1:
            return {ids[0]: AccountAnswer(0, 0)}
    return {key: found for each in services for key, found in accounts_of([each]).items()}


def profiles_of_service(service: Service) -> Profiles:
    """The profiles' end of a service, also when its integration was never enabled."""
    return profiles_of({service.pk: keys_of_service(service)})


def keys_of_service(service: Service) -> EndKeys:
    """Which ends a service has, also when its integration was never enabled: Parkway's own."""
    return _keys_of_services([service])[service.pk]


def _keys_of_services(services: Iterable[Service]) -> dict[int, EndKeys]:
    keys = {service.pk: OWN for service in services}
    found = Integration.objects.filter(pk__in=keys)
    return keys | {each.pk: keys_of(each) for each in found}


class _Routed(Generic[Port]):
    """The ends of services that have different ones, by service id."""

    def __init__(self, ends: Mapping[int, Port]) -> None:
        self._ends = ends

    def _by_end(self, service_ids: Iterable[int]) -> Iterator[tuple[Port, set[int]]]:
        """Return each end once, with the services of these that have it."""
        grouped: defaultdict[int, set[int]] = defaultdict(set)
        for service_id in service_ids:
            grouped[id(self._ends[service_id])].add(service_id)
        for ids in grouped.values():
            yield self._ends[next(iter(ids))], ids

    def _queries_by_end(self, queries: Sequence[ServiceQuery]) -> Iterator[tuple[Port, list[ServiceQuery]]]:
        for end, ids in self._by_end(query.service_id for query in queries):
            yield end, [query for query in queries if query.service_id in ids]


class _Rosters(_Routed[Roster]):
    """The rosters of services that have different ones."""

    def versions(self, queries: Sequence[ServiceQuery]) -> Mapping[int, int | None]:
        found: dict[int, int | None] = {}
        for end, theirs in self._queries_by_end(queries):
            found |= end.versions(theirs)
        return found

    def read(self, queries: Sequence[ServiceQuery]) -> Mapping[int, RosterAnswer]:
        found: dict[int, RosterAnswer] = {}
        for end, theirs in self._queries_by_end(queries):
            found |= end.read(theirs)
        return found

    def bookings(self, query: ServiceQuery) -> Mapping[str, Sequence[Booking]]:
        return self._ends[query.service_id].bookings(query)


class _Profiles(_Routed[Profiles]):
    """The profiles' ends of services that have different ones."""

    def versions(self, queries: Sequence[ServiceQuery]) -> Mapping[int, int | None]:
        found: dict[int, int | None] = {}
        for end, theirs in self._queries_by_end(queries):
            found |= end.versions(theirs)
        return found

    def read(self, queries: Sequence[ServiceQuery]) -> Mapping[int, ProfilesAnswer]:
        found: dict[int, ProfilesAnswer] = {}
        for end, theirs in self._queries_by_end(queries):
            found |= end.read(theirs)
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
