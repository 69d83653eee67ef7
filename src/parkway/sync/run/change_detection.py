"""What changed since the last run of a service, and what a run leaves to be remembered (R15)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import Q

from parkway.connectors.ports import ServiceQuery
from parkway.db import bulk
from parkway.domain import Window
from parkway.engine.plan import Plan
from parkway.sync.ends import EndKeys, connectors_for, connectors_of
from parkway.sync.models import Integration, Notice, Run, Stage
from parkway.sync.run.gather import Snapshot, query_for
from parkway.tenancy.models import Service

EVERY = timedelta(hours=12)


CYCLE, GOLDEN = 12 * 60 * 60, 2_654_435_769  # seconds; the golden ratio's part of 2 ** 32


RETRY = timedelta(minutes=5)  # after the first failure; after each further one twice as long


NOT_ASKED = {"asked": "", "asked_by": "", "asked_person": None}


def next_turn(service_id: int, now: datetime) -> datetime:
    """The next turn of a service after `now`, at most 12 hours later (R15).

    Each service has its own place in the 12 hours, so that a fleet whose services were enabled, or caught
    up after an outage, at one moment is not due at one moment ever after.
    """
    wait = CYCLE - (int(now.timestamp()) - int(_share(service_id) * CYCLE)) % CYCLE
    turn: datetime = now.replace(microsecond=0) + timedelta(seconds=wait)
    return turn


def _share(number: int) -> float:
    """Numbers between 0 and 1 that lie evenly however many there are: multiples of the golden ratio."""
    return number % 2**31 * GOLDEN % 2**32 / 2**32


# `following` in seconds, as SQL for any number of services; takes `now` twice
PLACE = f"service_id %% {2**31} * {GOLDEN} %% {2**32} * {CYCLE} / {2**32}"


FOLLOWING = f"%s + {CYCLE} - (%s - {PLACE}) %% {CYCLE}"


def retry_at(integration: Integration, now: datetime) -> datetime:
    """When a run that broke or found an end silent is tried again: the more failures in a row, the later,
    and at the latest at the service's next turn. Services that failed at one moment come one by one.
    """
    longest = min(RETRY * (1 << min(integration.failures, 8)), EVERY)
    spread = 1 - _share(integration.pk + integration.failures) / 2
    return min(now + longest * spread, next_turn(integration.pk, now))


def changed(service_ids: Sequence[int], now: datetime) -> dict[int, int | None]:
    """Return the services to run, mapped to the version of the roster since which nothing but the roster
    changed; None means that everything has to be read.

    A service is to be run when something that its plan depends on changed since the last run, when a person
    asked for a run, or when this is not known. Only the roster counts after a run that left every child
    settled. This takes a few queries in the transaction at hand for any number of services, because most
    passes find most services as the last one left them.
    """
    found = _seen(service_ids, now)
    if not found:
        return {}
    queries = [seen.query for seen in found]
    connectors = connectors_of({seen.query.service_id: seen.ends for seen in found})
    rosters, profiles = connectors.roster.versions(queries), connectors.profiles.versions(queries)
    to_run: dict[int, int | None] = {}
    for seen in found:
        key = seen.query.service_id
        known = seen.same_here and profiles[key] is not None and seen.profiles == profiles[key]
        if not known or seen.roster is None or seen.roster != rosters[key]:
            to_run[key] = seen.roster if known and seen.settled else None
    return to_run


def mark_unchanged(unchanged: Sequence[int], now: datetime) -> None:
    """Note services that need no run as checked; each comes again at its next turn."""
    if not unchanged:
        return
    chosen, values = bulk.in_clause(unchanged)
    bulk.write(
        f"""UPDATE {bulk.table(Integration)} SET checked_at = %s, next_run_at = {bulk.instant(FOLLOWING)}
            WHERE asked = '' AND service_id {chosen}""",
        [bulk.as_instant(now), int(now.timestamp()), int(now.timestamp()), *values],
    )


class _Seen(NamedTuple):
    """What the last run saw of a service, and whether it left every child settled. `same_here`: nobody asked
    for a run, and nothing changed in the service, its integration or by time alone.
    """

    query: ServiceQuery
    ends: EndKeys
    roster: int | None
    profiles: int | None
    settled: bool
    same_here: bool


def _seen(service_ids: Sequence[int], now: datetime) -> list[_Seen]:
    zones: dict[str, date] = {}
    chosen, values = bulk.in_clause(service_ids)
    found, new = [], bulk.unchecked_tuple
    for key, zone, lookback, lookahead, *row in bulk.read(
        f"""SELECT i.service_id, s.time_zone, s.lookback_days, s.lookahead_days,
                   i.roster_end, i.roster_settings, i.profiles_end, i.profiles_settings,
                   i.seen_roster, i.seen_profiles,
                   i.settled IS NOT NULL,
                   i.asked = '' AND i.seen_version = i.version AND i.seen_service = s.version
                   AND (i.look_again_at IS NULL OR i.look_again_at > %s)
            FROM {bulk.table(Integration)} i JOIN {bulk.table(Service)} s ON s.id = i.service_id
            WHERE i.stage = %s AND i.service_id {chosen}""",
        [bulk.as_instant(now), Stage.ON.value, *values],
    ):
        today = zones.get(zone) or zones.setdefault(zone, now.astimezone(ZoneInfo(zone)).date())
        query = ServiceQuery(key, today, new(Window, (lookback, lookahead)))
        found.append(new(_Seen, (query, EndKeys(*row[:4]), *row[4:])))
    return found


def schedule_retry(integration: Integration, now: datetime) -> None:
    """Try again after a failure, reading everything."""
    Integration.objects.filter(pk=integration.pk).update(
        checked_at=now,
        next_run_at=retry_at(integration, now),
        failures=integration.failures + 1,
        seen_roster=None,
        **NOT_ASKED,
    )


def remember(planned: Mapping[int, tuple[Snapshot, Plan]], done: Mapping[int, Run], now: datetime) -> None:
    """Keep what these runs saw and left behind, so that an unchanged service need not be read.

    `done` are the runs whose plan was applied, by service: what the admins had to be told is settled, and
    what support had to be told where the run converged. One that did not is read again at the next turn.
    """
    if not planned:
        return
    integrations = [snapshot.integration for snapshot, _ in planned.values()]
    queries = [query_for(integration, now) for integration in integrations]
    connectors = connectors_for(*integrations)
    rosters, profiles = connectors.roster.versions(queries), connectors.profiles.versions(queries)
    values = []
    for key, (snapshot, plan) in planned.items():
        each = snapshot.integration
        unsure = snapshot.silent is not None or (key in done and not done[key].converged)
        again = _look_again(snapshot, plan)
        seen = (None if unsure else rosters[key], profiles[key], each.service.version, each.version)
        settled = plan.settled() if key in done and done[key].converged else None
        left = (bulk.as_instant(again), json.dumps(settled) if settled else None)
        at, failures = next_turn(key, now), 0
        if snapshot.silent is not None:
            at, failures = retry_at(each, now), each.failures + 1
        turn = (bulk.as_instant(now), bulk.as_instant(at), failures)
        values.append((*seen, *left, *turn, "", "", None, key))
    columns = ["seen_roster", "seen_profiles", "seen_service", "seen_version", "look_again_at", "settled"]
    asked = ["asked", "asked_by", "asked_person_id"]
    bulk.update(
        Integration, [*columns, "checked_at", "next_run_at", "failures", *asked], ["service_id"], values
    )
    converged = [key for key, run in done.items() if run.converged]
    over = Q(service_id__in=list(done), for_support=False) | Q(service_id__in=converged, for_support=True)
    Notice.objects.filter(over, settled_at=None).update(settled_at=now)


def _look_again(snapshot: Snapshot, plan: Plan) -> datetime | None:
    """The instant at which time alone matters beside the roster's own days: the queue moves from day to day,
    and a keep-until passes. Of the children who were not read, the instant known before still holds.
    """
    if not snapshot.roster.complete and not plan.spaces.waiting:
        return snapshot.integration.look_again_at
    service, today = snapshot.integration.service, plan.input.today
    ends = [choice.keep_until for choice in plan.input.choices.values() if choice.keep_until]
    passing = [day for day in ends if day >= today]
    if plan.spaces.waiting:
        passing.append(today)
    return service.end_of(min(passing)) if passing else None
